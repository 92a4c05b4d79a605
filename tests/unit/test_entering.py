"""The way into a plan's channel."""

from typing import Any

import pytest

from bot.domain.model import Origin, PlanState
from bot.errors import NotAllowedError, SlackUnavailableError
from bot.services.entering import Entrance
from bot.services.permissions import Permissions
from bot.settings import PolicySettings
from tests.unit.builders import a_plan, a_request
from tests.unit.fakes import FakeDirectory, FakeSlack

SHARED = "C0SHARED"
BY_SCHEDULE: dict[str, Any] = {"origin": Origin.SCHEDULE, "requested_by": None}


class World:
    """The service with everything it talks to."""

    def __init__(self, *, allowed: frozenset[str] = frozenset(), slack_is_away: bool = False) -> None:
        self.slack = FakeSlack(shared={SHARED}, is_away=slack_is_away)
        self.directory = FakeDirectory(outsiders=frozenset({"U0GUEST"}))
        self._entrance = Entrance(self.slack, Permissions(PolicySettings(allowed_channels=allowed), self.directory))

    def enter(self, **request: Any) -> None:
        self._entrance.enter(a_plan(PlanState.READING, request=a_request(**request)))


def test_the_bot_joins_the_channel_where_a_plan_was_asked_for() -> None:
    world = World()

    world.enter(channel="C0REV")

    assert world.slack.joined == ["C0REV"]


def test_a_shared_channel_is_refused_before_it_is_joined() -> None:
    world = World()

    with pytest.raises(NotAllowedError, match="shared with another organisation"):
        world.enter(channel=SHARED)

    assert world.slack.joined == []


def test_a_shared_channel_that_the_operator_allows_is_joined() -> None:
    world = World(allowed=frozenset({SHARED}))

    world.enter(channel=SHARED)

    assert world.slack.joined == [SHARED]


def test_the_weekly_plan_goes_where_the_operator_wants_it() -> None:
    world = World()

    world.enter(channel=SHARED, **BY_SCHEDULE)

    assert world.slack.joined == [SHARED]


def test_an_outsider_is_refused_before_the_channel_is_looked_at() -> None:
    world = World(slack_is_away=True)

    with pytest.raises(NotAllowedError, match="cannot ask for a plan"):
        world.enter(requested_by="U0GUEST")


@pytest.mark.parametrize("request_", [{}, BY_SCHEDULE], ids=["command", "schedule"])
def test_a_channel_that_slack_does_not_tell_about_is_not_entered(request_: dict[str, Any]) -> None:
    """It may be shared with another organisation, whose people would read the plan."""
    world = World(slack_is_away=True)

    with pytest.raises(SlackUnavailableError):
        world.enter(channel="C0REV", **request_)

    assert world.slack.joined == []


def test_a_requester_that_slack_does_not_tell_about_is_not_let_in() -> None:
    world = World()
    world.directory.is_away = True

    with pytest.raises(SlackUnavailableError):
        world.enter()

    assert world.slack.joined == []
