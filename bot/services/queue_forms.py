"""The form of a queue: opened at once, tried against Braintrust, saved under the version that was edited."""

import logging
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, replace

from bot.domain.queue import QueueConflictError, new_queue
from bot.errors import BotError, QueueError, SlackError
from bot.messages.queue_form import Draft, View, closing_view, queue_form, waiting_view
from bot.messages.queues import conflict_sentence, found_sentence
from bot.services.permissions import Permissions
from bot.services.ports.slack import PrivateAnswers, Views
from bot.services.queues import QueueKeeper
from bot.services.threads import in_background

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long the person waits for the form to say what is wrong; Slack waits for 3 s."""
OPENING = "One moment …"
UNFORESEEN = "Something went wrong that nobody foresaw, so nothing was saved. The bot's log has the details."
TRYING = "The queue is tried in Braintrust …"


@dataclass(frozen=True, slots=True)
class Submission:
    """What becomes of a form that was submitted: problems beside the fields, or another view in its place."""

    problems: dict[str, str]
    view: View | None = None


class QueueForms:
    """Opens and takes the form of a queue."""

    def __init__(
        self,
        keeper: QueueKeeper,
        *,
        views: Views,
        permissions: Permissions,
        answers: PrivateAnswers,
    ) -> None:
        self._keeper = keeper
        self._views = views
        self._permissions = permissions
        self._answers = answers

    def open(self, trigger_id: str, user: str, *, name: str | None) -> None:
        """Open the form of the queue `name`, or of a new one, soon; what it holds depends on who the person is."""

        def carry_out() -> None:
            try:
                view_id = self._views.open_view(trigger_id, waiting_view(OPENING))
            except SlackError as error:  # the press is too old, or Slack is away: there is nothing to show it on
                log.warning("a form could not be opened", extra={"user": user, "error": str(error)})
                return
            self._views.update_view(view_id, self._first(user, name))

        self._answers.run(carry_out)

    def submit(self, view_id: str, user: str, draft: Draft) -> Submission:
        """Try a queue and save it; within `ANSWER_SECONDS`, or the view says the rest once it is known."""
        try:
            new_queue(draft.name, draft.texts, version=draft.version)
        except QueueError as error:
            return Submission(dict(error.problems))
        outcome = in_background(lambda: self._outcome(user, draft), name="queue")
        try:
            return outcome.result(timeout=ANSWER_SECONDS)
        except NotYetError:
            outcome.add_done_callback(lambda done: self._show(view_id, draft, done))
            return Submission({}, waiting_view(TRYING))

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
        except BotError as error:
            return Submission({}, queue_form(draft, note=f"Nothing was saved. {error}"))
        found = found_sentence(trial.queue.name, trial.matching, trial.unassigned)
        return Submission({}, closing_view(f"Saved. {found}"))

    def _show(self, view_id: str, draft: Draft, done: "Future[Submission]") -> None:
        """Put what became of a submission in the place of the view that waits for it."""
        if (fault := done.exception()) is not None:
            log.error("a queue could not be tried", exc_info=fault)
            view = queue_form(draft, note=UNFORESEEN)
        else:
            view = done.result().view or queue_form(draft, problems=done.result().problems)
        try:
            self._views.update_view(view_id, view)
        except SlackError as error:
            log.warning("a form could not be shown", extra={"error": str(error)})
