"""Those who write to the bot get help, once for each thing they wrote."""

from bot.messages.help import help_message
from bot.services.greeting import REMEMBERED_EVENTS, Greeting
from tests.unit.fakes import Aside, FakeSlack, Posted


class World:
    """The service with everything it talks to."""

    def __init__(self) -> None:
        self.slack = FakeSlack()
        self.aside = Aside()
        self.greeting = Greeting(self.slack, aside=self.aside)


def test_an_event_is_answered_with_help_in_its_thread() -> None:
    world = World()

    world.greeting.say("Ev1", "C0REV", thread_ts="1.000100")
    world.aside.run()

    assert world.slack.posted == [Posted("C0REV", help_message(), "1.000100")]


def test_a_listener_is_not_held_up_by_the_answer() -> None:
    world = World()

    world.greeting.say("Ev1", "D0ANA")

    assert world.slack.posted == []
    assert len(world.aside.tasks) == 1


def test_an_event_that_slack_delivers_three_times_is_answered_once() -> None:
    world = World()

    for _ in range(3):
        world.greeting.say("Ev1", "D0ANA")

    assert len(world.aside.tasks) == 1


def test_different_events_are_answered_each() -> None:
    world = World()

    for event_id in ("Ev1", "Ev2", "Ev1"):
        world.greeting.say(event_id, "D0ANA")

    assert len(world.aside.tasks) == 2


def test_a_repeated_event_is_known_among_many_others() -> None:
    world = World()

    for index in range(REMEMBERED_EVENTS):
        world.greeting.say(f"Ev{index}", "D0ANA")
    world.greeting.say("Ev0", "D0ANA")

    assert len(world.aside.tasks) == REMEMBERED_EVENTS


def test_the_oldest_events_are_forgotten() -> None:
    world = World()

    for index in range(REMEMBERED_EVENTS + 1):
        world.greeting.say(f"Ev{index}", "D0ANA")
    world.greeting.say("Ev0", "D0ANA")

    assert len(world.aside.tasks) == REMEMBERED_EVENTS + 2
