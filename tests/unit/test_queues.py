"""The keeper of queues: what it asks Braintrust for, and what it lets through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from bot.domain.queue import Queue
from bot.errors import CommandError, QueueError
from bot.services.ports.braintrust import READ_TRIES, Page, Patience
from bot.services.queues import QueueKeeper
from bot.settings import Settings
from tests.integration.stored import Store
from tests.unit.builders import NOW, PROJECT
from tests.unit.fakes import FakeClock
from tests.unit.test_queue import NEEDED

Keep = Callable[[], QueueKeeper]


@dataclass
class FakeProjects:
    """One project, and what was asked about it."""

    asked: list[str] = field(default_factory=list)

    def projects(self, *, patience: Patience) -> Mapping[str, str]:
        self.asked.append("projects")
        return {PROJECT: "support-bot"}

    def page(self, query: str, *, patience: Patience, rows: int = 1, tries: int = READ_TRIES) -> Page:
        self.asked.append("page")
        return Page((), None, 0.0)

    def total(self, query: str, *, count: str, patience: Patience) -> int:
        self.asked.append("total")
        return 0


class LateBook:
    """The `QueueBook` port, whose first look is from before anything was stored."""

    def __init__(self, store: Store) -> None:
        self._book = store.queues
        self._looks = 0
        self.all, self.apply = store.queues.all, store.queues.apply

    def get(self, name: str) -> Queue | None:
        self._looks += 1
        return None if self._looks == 1 else self._book.get(name)


@pytest.fixture
def braintrust() -> FakeProjects:
    return FakeProjects()


@pytest.fixture
def keeper(store: Store, braintrust: FakeProjects) -> QueueKeeper:
    return QueueKeeper(store.queues, braintrust=braintrust, settings=Settings(), clock=FakeClock(NOW))


def test_a_second_click_saves_the_same_once(keeper: QueueKeeper) -> None:
    queue = keeper.tried("support", NEEDED).queue

    keeper.save(queue, who="U0ANA")
    keeper.save(queue, who="U0ANA")

    assert [(one.name, one.version) for one in keeper.all()] == [("support", 1)]
    with pytest.raises(QueueError, match="There is a queue `support` already"):
        keeper.save(keeper.tried("support", NEEDED | {"days": "3"}).queue, who="U0BEN")


def test_of_clicks_at_the_same_moment_none_is_told_of_another(keeper: QueueKeeper, store: Store) -> None:
    """The stored queue appears between the look and the change, as another process makes it."""
    queue = keeper.tried("support", NEEDED).queue
    late = QueueKeeper(LateBook(store), braintrust=FakeProjects(), settings=Settings(), clock=FakeClock(NOW))
    keeper.save(queue, who="U0ANA")

    late.save(queue, who="U0ANA")

    assert [(one.name, one.version) for one in keeper.all()] == [("support", 1)]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("default", "so the operator changes it"),
        ("suport", "Did you mean `support`?"),
        ("`x`<!here>", "There is no queue `\u02cbx\u02cb<!here>`. `/assign-reviews queues` lists"),
    ],
)
def test_a_name_that_is_no_queue_s_is_answered_with_the_nearest(name: str, sentence: str, keeper: QueueKeeper) -> None:
    keeper.save(keeper.tried("support", NEEDED).queue, who="U0ANA")

    with pytest.raises(CommandError) as caught:
        keeper.named(name)

    assert sentence in str(caught.value)


def test_an_import_asks_once_about_each_queue_that_differs(keeper: QueueKeeper, braintrust: FakeProjects) -> None:
    """Braintrust answers some twenty queries a minute: forty queues would wait for many."""
    wanted = {f"queue-{number}": NEEDED for number in range(40)}
    keeper.apply(keeper.changes_to(wanted), who="terminal")
    first = list(braintrust.asked)
    braintrust.asked.clear()

    changes = keeper.changes_to(wanted | {"queue-7": NEEDED | {"days": "3"}})

    assert first == ["projects", *["page"] * 40]
    assert [change.name for change in changes] == ["queue-7"]
    assert braintrust.asked == ["projects", "page"]
