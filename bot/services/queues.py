"""Queues: named, tried against Braintrust before they are kept, changed under their versions, removed."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.btql import count_matching, matching_rows
from bot.domain.options import DEFAULT_QUEUE
from bot.domain.people import is_user_id
from bot.domain.plain_text import shown
from bot.domain.plan import Window
from bot.domain.queue import (
    DEFAULT_IS_OF_THE_SETTINGS,
    Queue,
    QueueChange,
    QueueConflictError,
    changes,
    new_queue,
    no_queue,
)
from bot.errors import BraintrustRejectedError, CommandError, QueryRefusedError, QueueError
from bot.services.ports.braintrust import Patience, Projects
from bot.services.ports.store import QueueBook
from bot.services.ports.work import Clock
from bot.services.step import BoundedPatience
from bot.settings import Settings

log = logging.getLogger(__name__)

TRIAL_SECONDS = 20.0
"""How long a queue is tried at most."""
IMPORT_SECONDS = 900.0
"""How long all queues of a file are: Braintrust answers some twenty queries a minute."""
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """A queue that Braintrust understands, and what it finds there just now; None where Braintrust does not count."""

    queue: Queue
    matching: int | None
    unassigned: int | None


class QueueKeeper:
    """Keeps the queues that people make."""

    def __init__(self, book: QueueBook, *, braintrust: Projects, settings: Settings, clock: Clock) -> None:
        self._book = book
        self._braintrust = braintrust
        self._settings = settings
        self._clock = clock
        self._stopping = threading.Event()

    def close(self) -> None:
        """Try nothing any more: the process ends."""
        self._stopping.set()

    def all(self) -> tuple[Queue, ...]:
        """Those that are stored, by name; that of the settings is none of them."""
        return self._book.all()

    def names(self) -> frozenset[str]:
        """What a command may begin with."""
        return frozenset(queue.name for queue in self._book.all())

    def named(self, name: str) -> Queue:
        """The stored queue of this name; raises `CommandError`."""
        if name == DEFAULT_QUEUE:
            raise CommandError(DEFAULT_IS_OF_THE_SETTINGS)
        queue = self._book.get(name)
        if queue is None:
            raise no_queue(name, self.names())
        return queue

    def tried(self, name: str, texts: Mapping[str, str], *, version: int = 0) -> Trial:
        """The queue that these texts describe, with its project found and its filter tried.

        Raises `QueueError` with a sentence for each wrong field, and `BraintrustError`.
        """
        queue = new_queue(name, texts, version=version)
        patience = BoundedPatience(self._stopping.wait, seconds=TRIAL_SECONDS)
        queue = self._with_project(queue, self._braintrust.projects(patience=patience))
        self._try_filter(queue, patience)
        return Trial(queue, self._count(queue, patience), self._count(queue, patience, unassigned=True))

    def save(self, queue: Queue, *, who: str) -> None:
        """Keep a queue that was tried.

        Raises `QueueConflictError` where somebody changed or removed it meanwhile, and `QueueError` for a new one whose
        name is taken.
        """
        before = self._book.get(queue.name)
        if before == queue:  # the same was saved a moment ago, by a second click
            return
        if before is not None and queue.version == 0:
            raise QueueError({"name": f"There is a queue `{queue.name}` already."})
        if (before.version if before else 0) != queue.version or not self._made([QueueChange(before, queue)], who):
            now = self._book.get(queue.name)
            if now != queue:  # of clicks at the same moment, each one saved it
                raise QueueConflictError(now)

    def remove(self, name: str, *, who: str) -> None:
        """Forget a queue; its plans stay as they are.  Raises `CommandError` where there is none."""
        self.apply([QueueChange(self.named(name), None)], who=who)

    def changes_to(self, wanted: Mapping[str, Mapping[str, str]]) -> Sequence[QueueChange]:
        """What makes the stored queues the `wanted` ones, each with its project found; those that differ are tried.

        Raises `QueueError` with a sentence for each wrong field, named like `support-de.filter`, and `BraintrustError`.
        """
        problems: dict[str, str] = {}
        found = []
        stored = {queue.name: queue for queue in self._book.all()}
        patience = BoundedPatience(self._stopping.wait, seconds=IMPORT_SECONDS)
        projects = self._braintrust.projects(patience=patience)
        for name, texts in wanted.items():
            try:
                queue = self._with_project(new_queue(name, texts), projects)
                if queue != stored.get(name):
                    self._try_filter(queue, patience)
                found.append(queue)
            except QueueError as error:
                problems |= {f"{shown(name)}.{field}": sentence for field, sentence in error.problems.items()}
        if problems:
            raise QueueError(problems)
        return changes(stored.values(), found)

    def apply(self, made: Sequence[QueueChange], *, who: str) -> None:
        """Make all these changes, or none; raises `CommandError` where somebody was first."""
        if not self._made(made, who):
            raise CommandError("Somebody changed a queue meanwhile, so nothing was changed. Try again.")

    def _made(self, made: Sequence[QueueChange], who: str) -> bool:
        return self._book.apply(made, who=who, now=self._clock())

    def _with_project(self, queue: Queue, projects: Mapping[str, str]) -> Queue:
        """The queue with the project that it names, by id or by name, whose letter case does not count."""
        named = queue.project.lower()
        found = [project_id for project_id, name in projects.items() if named in (name.lower(), project_id.lower())]
        if len(found) == 1:
            return replace(queue, project_id=found[0], project=projects[found[0]])
        if not found and is_user_id(named):
            sentence = "The key reaches no project with this id."
        elif found:
            sentence = f"Several projects have this name. Write an id: {', '.join(f'`{one}`' for one in found)}."
        else:
            known = ", ".join(f"`{shown(name)}`" for name in sorted(projects.values())[:MOST_NAMED])
            sentence = f"The key reaches no project of this name; it reaches {known or 'none'}."
        raise QueueError({"project": sentence})

    def _try_filter(self, queue: Queue, patience: Patience) -> None:
        """Raise `QueueError` where Braintrust does not take a query with the queue's filter."""
        query = matching_rows(
            queue.project_id, tag=queue.tag, window=self._window(queue), limit=1, meeting=queue.filter
        )
        try:
            self._braintrust.page(query, patience=patience, rows=1)
        except QueryRefusedError as error:
            if queue.filter is None:
                raise
            raise QueueError({"filter": "Braintrust does not understand this filter, or not with this tag."}) from error

    def _count(self, queue: Queue, patience: Patience, *, unassigned: bool = False) -> int | None:
        query = count_matching(
            queue.project_id,
            tag=queue.tag,
            window=self._window(queue),
            meeting=queue.filter,
            unassigned=self._settings.work.open_statuses if unassigned else None,
        )
        try:
            return self._braintrust.total(query, count="n", patience=patience)
        except BraintrustRejectedError:
            log.info("Braintrust does not count the rows of a queue")
            return None

    def _window(self, queue: Queue) -> Window:
        now = self._clock()
        return Window(now - timedelta(days=queue.days), now)
