"""The form of a queue: opened at once, tried against Braintrust, saved under the version that was edited."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, replace

from bot.domain.queue import QueueConflictError, new_queue
from bot.errors import BotError, OutcomeUnknownError, QueueError, SlackError
from bot.messages.answers import sentence
from bot.messages.queue_form import Draft, View, closing_view, queue_form, waiting_view
from bot.messages.queues import conflict_sentence, found_sentence
from bot.services.permissions import Permissions
from bot.services.ports.slack import PrivateAnswers, ReplyTo, Views
from bot.services.queues import QueueKeeper
from bot.services.threads import in_background

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long the person waits for the form to say what is wrong; Slack waits for 3 s."""
OPENING = "One moment …"
UNFORESEEN = "Something went wrong that nobody foresaw, so nothing was saved. The bot's log has the details."
TRYING = "The queue is tried in Braintrust …"
NOT_OPENED = sentence("The form could not be opened, because Slack or the bot was too slow. Please try again.")
NOT_KNOWN = "The bot's database does not say whether this was saved. Look at the list of queues, or save again."


@dataclass(frozen=True, slots=True)
class Submission:
    """What becomes of a form that was submitted: problems beside the fields, or another view in its place."""

    problems: dict[str, str]
    view: View | None = None
    go_on: Callable[[], None] = lambda: None
    """To be called once the person has this: sooner, what is shown then would be overwritten."""


class QueueForms:
    """Opens and takes the form of a queue."""

    def __init__(
        self,
        keeper: QueueKeeper,
        *,
        views: Views,
        permissions: Permissions,
        answers: PrivateAnswers,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._keeper = keeper
        self._views = views
        self._permissions = permissions
        self._answers = answers
        self._answer_seconds = answer_seconds

    def open(self, trigger_id: str, user: str, *, name: str | None, to: ReplyTo | None) -> None:
        """Open the form of the queue `name`, or of a new one, soon; what it holds depends on who the person is.

        Where it cannot be opened, they are told so.
        """

        def carry_out() -> None:
            try:
                view_id = self._views.open_view(trigger_id, waiting_view(OPENING))
            except SlackError as error:  # the press is too old, or Slack is away: there is nothing to show it on
                log.warning("a form could not be opened", extra={"user": user, "error": str(error)})
                if to is not None:
                    self._answers.send(to, NOT_OPENED)
                return
            first = self._first(user, name)
            self._answers.run(lambda: self._views.update_view(view_id, first))

        self._answers.run(carry_out)

    def submit(self, view_id: str, user: str, draft: Draft) -> Submission:
        """Try a queue and save it; within `answer_seconds`, or the view says the rest once it is known."""
        try:
            new_queue(draft.name, draft.texts, version=draft.version)
        except QueueError as error:
            return Submission(dict(error.problems))
        outcome = in_background(lambda: self._outcome(user, draft), name="queue")

        def show(done: "Future[Submission]") -> None:
            """Put what became of it in the place of the view that waits."""
            told = _told(done, draft)
            view = told.view or queue_form(draft, problems=told.problems)
            self._answers.run(lambda: self._views.update_view(view_id, view))

        try:
            outcome.exception(timeout=self._answer_seconds)
        except NotYetError:
            return Submission({}, waiting_view(TRYING), lambda: outcome.add_done_callback(show))
        return _told(outcome, draft)

    def _first(self, user: str, name: str | None) -> View:
        try:
            self._permissions.require_admin(user)
            return queue_form(Draft({}) if name is None else Draft.of(self._keeper.named(name)))
        except BotError as error:
            return closing_view(str(error))

    def _outcome(self, user: str, draft: Draft) -> Submission:
        try:
            self._permissions.require_admin(user)
            trial = self._keeper.tried(draft.name, draft.texts, version=draft.version)
            self._keeper.save(trial.queue, who=user)
        except QueueError as error:
            return Submission(dict(error.problems))
        except QueueConflictError as error:
            current = replace(draft, version=error.now.version if error.now else 0)
            return Submission({}, queue_form(current, note=conflict_sentence(error.now, draft.texts)))
        except OutcomeUnknownError:
            return Submission({}, queue_form(draft, note=NOT_KNOWN))
        except BotError as error:
            return Submission({}, queue_form(draft, note=f"Nothing was saved. {error}"))
        found = found_sentence(trial.queue.name, trial.matching, trial.unassigned)
        return Submission({}, closing_view(f"Saved. {found}"))


def _told(done: "Future[Submission]", draft: Draft) -> Submission:
    """What became of a submission, also where nobody foresaw it."""
    if (fault := done.exception()) is None:
        return done.result()
    log.error("a queue could not be tried", exc_info=fault)
    return Submission({}, queue_form(draft, note=UNFORESEEN))
