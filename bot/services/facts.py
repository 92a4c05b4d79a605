"""The facts that a plan's surfaces show beside the plan: its counts, its files, and where things are."""

from bot.domain.model import REPORTED, Plan, PlanState
from bot.domain.report import planned_pairs, report_of, written_pairs
from bot.domain.surfaces import Surface
from bot.domain.undo import counted_undo
from bot.messages.approval import awaited
from bot.messages.attachments import assignments_file
from bot.messages.report import NOT_UNDONE
from bot.messages.surfaces import Facts
from bot.services.notifying import Links
from bot.services.people_ports import Notices
from bot.services.ports import Batches, Plans
from bot.settings import Settings


class PlanFacts:
    """Reads them from the store, as far as the state of a plan needs them."""

    def __init__(
        self, *, plans: Plans, batches: Batches, undone: Batches, notices: Notices, settings: Settings
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._undone = undone
        self._notices = notices
        self._review_url = Links(settings.braintrust).review
        self._policy = settings.policy

    def of(self, plan: Plan) -> Facts:
        """What is shown beside the plan as it stands."""
        newer = self._plans.get(plan.superseded_by) if plan.superseded_by else None
        is_counted = plan.decided_at is not None and plan.state in REPORTED
        failed = self._notices.failed(plan.id) if is_counted else frozenset()
        was_undone = is_counted or plan.state is PlanState.UNDONE
        return Facts(
            self._review_url,
            self._policy.undo_hours > 0,
            report=report_of(plan, self._batches.of(plan.id)) if is_counted else None,
            undo=counted_undo(self._undone.of(plan.id)) if was_undone else NOT_UNDONE,
            untold=tuple(share.reviewer.name for share in plan.shares if share.reviewer.id in failed),
            successor_url=newer.message_url if newer else None,
            approval=awaited(plan, self._policy),
        )

    def file(self, plan: Plan, surface: Surface) -> bytes:
        """The content of the plan's file, or of its result's."""
        pairs_of = planned_pairs if surface is Surface.PLAN_FILE else written_pairs
        return assignments_file(plan, pairs_of(self._batches.of(plan.id)), self._plans.reasons(plan.id))
