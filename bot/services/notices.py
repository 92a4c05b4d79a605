"""Direct messages to reviewers about their rows: stored when a plan comes to rest, and sent by a tick."""

import logging
from datetime import timedelta
from urllib.parse import quote, urlencode

from bot.domain.notice import Notice, notice_counts, rows_left
from bot.domain.plan import Plan, PlanState
from bot.domain.preferences import Preference
from bot.domain.working_hours import next_delivery
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.messages.blocks import Message
from bot.messages.notice import MAX_ROW_LINKS, notice_message
from bot.services.ports.people import Messenger, NoticeQueue, PreferenceBook
from bot.services.ports.plans import PlanBooks
from bot.services.ports.work import Clock, Lease
from bot.settings import BraintrustSettings, Settings

log = logging.getLogger(__name__)

LATE = timedelta(hours=1)
"""A notice that was missed by more than this is due anew: the person may not work any more."""
AGAIN_SECONDS = 30.0  # after a fault that passes; then twice as long each time
REPAIR_SECONDS = 300.0  # the same after one that only the operator ends
LONGEST_SECONDS = 900.0
MOST_ATTEMPTS = 100  # a day, where Slack is away


class NoticeSender:
    """Sends and edits the direct messages, one at a time."""

    def __init__(
        self,
        books: PlanBooks,
        *,
        queue: NoticeQueue,
        preferences: PreferenceBook,
        messenger: Messenger,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._books = books
        self._queue = queue
        self._preferences = preferences
        self._messenger = messenger
        self._settings = settings
        self._clock = clock

    def step(self) -> bool:
        """Deal with one notice; False when there is none for now, or Slack is not there for any."""
        notice = self._queue.claim(now=self._clock())
        if notice is None:
            return False
        if notice.attempt > MOST_ATTEMPTS:  # whatever stands in the way, also what nobody foresaw
            log.error("a notice was given up", extra={"plan": notice.plan_id, "user": notice.count.slack_user})
            if notice.ts is None:
                self._queue.fail(notice)  # the plan's report names who was not told
            else:
                self._queue.sent(notice)
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
        self._queue.try_again(notice, in_seconds=min(doubled, LONGEST_SECONDS))

    def _deal_with(self, notice: Notice) -> None:
        plan = self._books.plans.get(notice.plan_id)
        if plan is None:
            return  # it is forgotten, and the notice with it
        if notice.ts is not None:
            try:
                self._messenger.update(notice.channel or "", notice.ts, self._message(notice, plan))
            except SlackRejectedError as error:
                log.warning("a notice could not be edited", extra={"plan": plan.id, "code": error.code})
            self._queue.sent(notice)
            return
        if not self._is_wanted(notice, plan):
            self._queue.drop(notice)
            return
        now = self._clock()
        just_due = notice.due_at is not None and now - notice.due_at < LATE
        until = now if just_due else next_delivery(now, self._messenger.time_zone(notice.count.slack_user))
        if until > now:
            self._queue.put_off(notice, until=until)
        else:
            self._send(notice, plan)

    def _is_wanted(self, notice: Notice, plan: Plan) -> bool:
        """Whether there is something to tell, to somebody who wants to hear it."""
        user, is_on = notice.count.slack_user, self._settings.notify_reviewers
        muted = self._preferences.of([user]).get(user, Preference()).muted
        return is_on and not muted and notice.count.left > 0 and plan.state is not PlanState.UNDONE

    def _send(self, notice: Notice, plan: Plan) -> None:
        about = {"plan": plan.id, "user": notice.count.slack_user}
        try:
            channel = self._messenger.open_directly(notice.count.slack_user)
            if self._queue.opened(notice, channel):
                self._queue.sent(notice, ts=self._messenger.post(channel, self._message(notice, plan)))
                log.info("a reviewer was told", extra=about)
        except SlackRejectedError as error:
            log.warning("a reviewer could not be told", extra={**about, "code": error.code})
            if error.is_for_the_operator:
                self._try_again(notice, first=REPAIR_SECONDS)
            else:
                self._queue.fail(notice)

    def _message(self, notice: Notice, plan: Plan) -> Message:
        rows = rows_left(self._books.batches.of(plan.id), self._books.undone.of(plan.id), notice.count.reviewer_id)
        settings = self._settings.braintrust
        links = [row_url(settings, plan.request.project_id, row_id) for row_id in rows[:MAX_ROW_LINKS]]
        known = [url for url in links if url is not None]
        return notice_message(plan, notice.count, review_url=review_url(settings), row_urls=known)


def arrange_notices(books: PlanBooks, lease: Lease, plan: Plan) -> None:
    """Store what the reviewers of a plan are to be told, before its last step; it is sent once the plan rests.

    Raises `LeaseLostError`.
    """
    counts = notice_counts(plan, books.batches.of(plan.id), books.undone.of(plan.id))
    books.notices.arrange(lease, counts)


def review_url(settings: BraintrustSettings) -> str:
    """Where people review in Braintrust; `~` is the organisation that the viewer is in."""
    return f"{settings.app_url}/app/{quote(settings.org_name, safe='') or '~'}/review"


def row_url(settings: BraintrustSettings, project_id: str, row_id: str) -> str | None:
    """The permalink of a row of a project's logs; None where the organisation's name is not known.

    The form is the one that `Span.link()` of Braintrust's SDKs makes: by ids, so no name of a project is needed.
    """
    if not settings.org_name:
        return None
    where = urlencode({"object_type": "project_logs", "object_id": project_id, "id": row_id})
    return f"{settings.app_url}/app/{quote(settings.org_name, safe='')}/object?{where}"
