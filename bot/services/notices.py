"""Direct messages to reviewers about their rows: stored when a plan comes to rest, and sent by a tick."""

import logging
from datetime import timedelta
from urllib.parse import quote, urlencode

from bot.domain.model import Plan, PlanState
from bot.domain.notice import Notice, notice_counts, rows_left
from bot.domain.preferences import Preference
from bot.domain.working_hours import next_delivery
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.messages.blocks import Message
from bot.messages.notice import MAX_ROW_LINKS, notice_message
from bot.services.ports.people import Messenger, NoticeBook, NoticeQueue, PreferenceBook
from bot.services.ports.plans import BatchBook, StoredPlans
from bot.services.ports.work import Clock, Lease
from bot.settings import BraintrustSettings, Settings

log = logging.getLogger(__name__)

LATE = timedelta(hours=1)
"""A notice that was missed by more than this is due anew: the person may not work any more."""
AGAIN_SECONDS = 30.0  # after a fault that passes; then twice as long each time
REPAIR_SECONDS = 300.0  # the same after one that only the operator ends
LONGEST_SECONDS = 900.0
MOST_ATTEMPTS = 100  # a day, where Slack is away


class NoticeArranger:
    """Stores what the reviewers of a plan are to be told.  It is sent once the plan rests."""

    def __init__(self, *, notices: NoticeBook, batches: BatchBook, undone: BatchBook) -> None:
        self._notices = notices
        self._batches = batches
        self._undone = undone

    def arrange(self, lease: Lease, plan: Plan) -> None:
        """Count what is stored of the plan's rows, before its last step; raises `LeaseLostError`."""
        counts = notice_counts(plan, self._batches.of(plan.id), self._undone.of(plan.id))
        self._notices.arrange(lease, counts)


class NoticeDrafts:
    """What notices say, as things are now, and whether somebody wants to be told."""

    def __init__(
        self,
        *,
        plans: StoredPlans,
        batches: BatchBook,
        undone: BatchBook,
        preferences: PreferenceBook,
        settings: Settings,
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._undone = undone
        self._preferences = preferences
        self._is_on = settings.notify_reviewers
        self._links = Links(settings.braintrust)

    def plan_of(self, notice: Notice) -> Plan | None:
        """The plan that a notice is about; None where it is forgotten."""
        return self._plans.get(notice.plan_id)

    def is_wanted(self, notice: Notice, plan: Plan) -> bool:
        """Whether there is something to tell, to somebody who wants to hear it."""
        user = notice.count.slack_user
        muted = self._preferences.of([user]).get(user, Preference()).muted
        return self._is_on and not muted and notice.count.left > 0 and plan.state is not PlanState.UNDONE

    def message(self, notice: Notice, plan: Plan) -> Message:
        """What the notice says."""
        rows = rows_left(self._batches.of(plan.id), self._undone.of(plan.id), notice.count.reviewer_id)
        urls = [self._links.row(plan.request.project_id, row_id) for row_id in rows[:MAX_ROW_LINKS]]
        links = [url for url in urls if url is not None]
        return notice_message(plan, notice.count, review_url=self._links.review, row_urls=links)


class NoticeSender:
    """Sends and edits the direct messages, one at a time."""

    def __init__(self, *, notices: NoticeQueue, drafts: NoticeDrafts, messenger: Messenger, clock: Clock) -> None:
        self._notices = notices
        self._drafts = drafts
        self._messenger = messenger
        self._clock = clock

    def step(self) -> bool:
        """Deal with one notice; False when there is none for now, or Slack is not there for any."""
        notice = self._notices.claim(now=self._clock())
        if notice is None:
            return False
        if notice.attempt > MOST_ATTEMPTS:
            self._give_up(notice)
            return True
        try:
            self._deal_with(notice)
        except SlackUnavailableError:
            self._try_again(notice, first=AGAIN_SECONDS)
            return False
        return True

    def _try_again(self, notice: Notice, *, first: float) -> None:
        """After a pause that doubles with each attempt."""
        doubled = first * 2.0 ** min(notice.attempt - 1, 10)
        self._notices.try_again(notice, in_seconds=min(doubled, LONGEST_SECONDS))

    def _give_up(self, notice: Notice) -> None:
        """Whatever stands in the way, also what nobody foresaw: the plan's report names who was not told."""
        log.error("a notice was given up", extra={"plan": notice.plan_id, "user": notice.count.slack_user})
        if notice.ts is None:
            self._notices.fail(notice)
        else:
            self._notices.sent(notice)

    def _deal_with(self, notice: Notice) -> None:
        plan = self._drafts.plan_of(notice)
        if plan is None:
            return  # it is forgotten, and the notice with it
        if notice.ts is not None:
            self._edit(notice, plan, notice.ts)
        elif self._drafts.is_wanted(notice, plan):
            self._send_in_time(notice, plan)
        else:
            self._notices.drop(notice)

    def _send_in_time(self, notice: Notice, plan: Plan) -> None:
        now = self._clock()
        just_due = notice.due_at is not None and now - notice.due_at < LATE
        until = now if just_due else next_delivery(now, self._messenger.time_zone(notice.count.slack_user))
        if until > now:
            self._notices.put_off(notice, until=until)
        else:
            self._send(notice, plan)

    def _send(self, notice: Notice, plan: Plan) -> None:
        try:
            channel = self._messenger.open_directly(notice.count.slack_user)
            if self._notices.opened(notice, channel):
                self._notices.sent(notice, ts=self._messenger.post(channel, self._drafts.message(notice, plan)))
                log.info("a reviewer was told", extra={"plan": plan.id, "user": notice.count.slack_user})
        except SlackRejectedError as error:
            self._refused(notice, error)

    def _refused(self, notice: Notice, error: SlackRejectedError) -> None:
        about = {"plan": notice.plan_id, "user": notice.count.slack_user, "code": error.code}
        log.warning("a reviewer could not be told", extra=about)
        if error.is_for_the_operator:
            self._try_again(notice, first=REPAIR_SECONDS)
        else:
            self._notices.fail(notice)

    def _edit(self, notice: Notice, plan: Plan, ts: str) -> None:
        try:
            self._messenger.update(notice.channel or "", ts, self._drafts.message(notice, plan))
        except SlackRejectedError as error:
            log.warning("a notice could not be edited", extra={"plan": plan.id, "code": error.code})
        self._notices.sent(notice)


class Links:
    """Where people find things in Braintrust."""

    def __init__(self, settings: BraintrustSettings) -> None:
        organisation = quote(settings.org_name, safe="")
        self._app = f"{settings.app_url}/app"
        self._organisation = organisation
        self.review = f"{self._app}/{organisation or '~'}/review"  # ~ is the organisation that the viewer is in

    def row(self, project_id: str, row_id: str) -> str | None:
        """The permalink of a row of a project's logs; None where the organisation's name is not known.

        The form is the one that `Span.link()` of Braintrust's SDKs makes: by ids, so no name of a project is needed.
        """
        if not self._organisation:
            return None
        where = urlencode({"object_type": "project_logs", "object_id": project_id, "id": row_id})
        return f"{self._app}/{self._organisation}/object?{where}"
