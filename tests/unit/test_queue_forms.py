"""The form of a queue: what a person sees when Slack, Braintrust or the code is not as it should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from bot.errors import SlackRejectedError
from bot.messages.queue_form import Draft
from bot.services.permissions import Permissions
from bot.services.ports.slack import ReplyTo
from bot.services.queue_forms import QueueForms
from bot.services.queues import QueueKeeper
from bot.settings import PolicySettings, Settings
from tests.integration.stored import Store
from tests.unit.builders import NOW
from tests.unit.fakes import FakeAnswers, FakeClock, FakeDirectory
from tests.unit.test_queue import NEEDED
from tests.unit.test_queues import FakeProjects

ANA = ReplyTo("U0ANA", "C0REV", "https://hooks.slack.com/commands/1")


@dataclass
class FakeViews:
    """The `Views` port; what was shown, and a gate that tells when."""

    is_too_late: bool = False
    shown: list[str] = field(default_factory=list)
    came: Event = field(default_factory=Event)

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        if self.is_too_late:
            raise SlackRejectedError("Slack refused.", code="expired_trigger_id")
        return "V1"

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        self.shown.append(str(view))
        self.came.set()


@dataclass
class HeldProjects(FakeProjects):
    """Braintrust, which answers once it is let."""

    may_answer: Event = field(default_factory=Event)

    def projects(self, **asked: Any) -> Mapping[str, str]:
        self.may_answer.wait(10)
        return super().projects(**asked)


class BrokenProjects(FakeProjects):
    """Braintrust as nobody foresaw it."""

    def projects(self, **asked: Any) -> Mapping[str, str]:
        raise ZeroDivisionError


def forms(store: Store, views: FakeViews, braintrust: FakeProjects, **more: Any) -> tuple[QueueForms, FakeAnswers]:
    keeper = QueueKeeper(store.queues, braintrust=braintrust, settings=Settings(), clock=FakeClock(NOW))
    permissions = Permissions(PolicySettings(), FakeDirectory(admins=frozenset({"U0ANA"})))
    answers = FakeAnswers()
    return QueueForms(keeper, views=views, permissions=permissions, answers=answers, **more), answers


def test_a_form_that_cannot_be_opened_is_told_of(store: Store) -> None:
    opening, answers = forms(store, FakeViews(is_too_late=True), FakeProjects())

    opening.open("T1", "U0ANA", name=None, to=ANA)

    assert [text for text in answers.texts if "could not be opened" in text]


def test_what_comes_late_is_shown_only_behind_the_view_that_waits_for_it(store: Store) -> None:
    views, braintrust = FakeViews(), HeldProjects()
    submitting, _ = forms(store, views, braintrust, answer_seconds=0.0)

    done = submitting.submit("V1", "U0ANA", Draft(NEEDED, "support"))
    braintrust.may_answer.set()
    was_early = views.came.wait(0.2)
    done.go_on()

    assert views.came.wait(10)
    assert not was_early
    assert "Saved." in views.shown[0]


def test_what_nobody_foresaw_is_told_in_the_form(store: Store) -> None:
    submitting, _ = forms(store, FakeViews(), BrokenProjects())

    done = submitting.submit("V1", "U0ANA", Draft(NEEDED, "support"))

    assert "nobody foresaw" in str(done.view)
