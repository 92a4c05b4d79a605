"""What Slack sends for another installation of the app is told from what it sends for this one."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain.homes import Home, HomeKind, Installation
from bot.errors import SlackUnavailableError, StoreUnavailableError, StoreUnusableError
from bot.services.homes import Finder, HomeCheck
from handlers.payloads import told_installation

ALONE = Installation("A1", "T1")
IN_GRID = Installation("A1", "T1", "E1")
WHOLE_GRID = Installation("A1", None, "E1", is_for_enterprise=True)
UNKNOWN = Installation()


@pytest.mark.parametrize("ours", [ALONE, IN_GRID, WHOLE_GRID, UNKNOWN])
def test_what_slack_does_not_say_speaks_for_nobody(ours: Installation) -> None:
    assert ours.may_be(ours)
    assert ours.may_be(UNKNOWN)
    assert UNKNOWN.may_be(ours)


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        (ALONE, Installation("A1", "T1", "E1")),  # the workspace has joined a Grid since
        (WHOLE_GRID, Installation("A1", "T7", "E1")),  # somebody in one of its workspaces
        (WHOLE_GRID, Installation("A1", "T7", "E1", is_for_enterprise=True)),
        (IN_GRID, Installation("A1", "T2", "E1", is_for_enterprise=True)),
    ],
)
def test_one_installation_is_told_in_several_ways(ours: Installation, told: Installation) -> None:
    assert ours.may_be(told)


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        (ALONE, Installation("A1", "T2")),
        (ALONE, Installation("A2", "T1")),
        (ALONE, Installation(None, "T2")),
        (ALONE, Installation("A1", None, "E9", is_for_enterprise=True)),
        (IN_GRID, Installation("A1", "T2", "E1")),  # the workspace beside it has an installation of its own
        (IN_GRID, Installation("A1", "T1", "E9")),
        (IN_GRID, Installation("A1", None, "E9", is_for_enterprise=True)),
        (WHOLE_GRID, Installation("A1", "T1", "E9")),
        (WHOLE_GRID, Installation("A1", None, "E9", is_for_enterprise=True)),
        (WHOLE_GRID, Installation("A2", None, "E1", is_for_enterprise=True)),
    ],
)
def test_another_workspace_enterprise_or_app_is_another_one(ours: Installation, told: Installation) -> None:
    assert not ours.may_be(told)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"command": "/a", "api_app_id": "A1", "team_id": "T1", "enterprise_id": "E1"},
            Installation("A1", "T1", "E1"),
        ),
        (
            {"command": "/a", "team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"},
            Installation(None, "T1", "E1", is_for_enterprise=True),
        ),
        (
            # a stranger presses a button in a shared channel: the team is that of the app
            {"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U9", "team_id": "T9"}, "enterprise": None},
            Installation(None, "T1"),
        ),
        (
            {"team": None, "enterprise": {"id": "E1"}, "user": {"team_id": "T3"}, "is_enterprise_install": True},
            Installation(None, None, "E1", is_for_enterprise=True),
        ),
        (
            {"type": "view_submission", "team": {"id": "T9"}, "view": {"app_installed_team_id": "T1"}},
            Installation(None, "T1"),
        ),
        (
            {"type": "event_callback", "team_id": "T9", "authorizations": [{"team_id": "T1", "enterprise_id": None}]},
            Installation(None, "T1"),
        ),
        ({"team": "T1", "enterprise": [], "view": 3, "authorizations": {}, "api_app_id": ""}, Installation()),
        ({}, Installation()),
    ],
)
def test_a_payload_says_for_which_installation_it_is(body: dict[str, Any], told: Installation) -> None:
    assert told_installation(body) == told


HERE = Home(HomeKind.WORKSPACE, "T1", "Acme")


THERE = Home(HomeKind.WORKSPACE, "T2", "Other")


REFUSAL = (
    "DATABASE_URL: the database belongs to the Slack workspace Acme (T1), and SLACK_BOT_TOKEN is of Other (T2). "
    "Name another database, or correct the setting."
)


class FakeHomes:
    """Homes in memory."""

    def __init__(self, *homes: Home) -> None:
        self.kept = {home.kind: home for home in homes}
        self.faults: list[Exception] = []

    def keep(self, home: Home) -> Home:
        if self.faults:
            raise self.faults.pop()
        return self.kept.setdefault(home.kind, home)


class Slack:
    """Answers once it is let, after these faults."""

    def __init__(self, home: Home | None, *faults: Exception) -> None:
        self._home = home
        self._faults = list(faults)
        self.is_let = threading.Event()
        self.is_let.set()

    def __call__(self, _patience: object) -> Home | None:
        assert self.is_let.wait(60)
        if self._faults:
            raise self._faults.pop()
        return self._home


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def belonging(
    homes: FakeHomes, finders: Mapping[str, Finder], stop: threading.Event, *, awaited: float = 10.0
) -> HomeCheck:
    return HomeCheck(homes, finders, stop=stop.set, awaited_seconds=awaited, pauses_seconds=(0.0,))


def test_the_first_start_records_where_the_bot_is_at_home(stop: threading.Event) -> None:
    homes = FakeHomes()

    belonging(homes, {"Slack": Slack(HERE)}, stop).begin()

    assert homes.kept == {HomeKind.WORKSPACE: HERE}


def test_another_workspace_is_refused_with_both_names(stop: threading.Event) -> None:
    homes = FakeHomes(HERE)

    with pytest.raises(StoreUnusableError) as refused:
        belonging(homes, {"Slack": Slack(THERE)}, stop).begin()

    assert str(refused.value) == REFUSAL
    assert homes.kept[HomeKind.WORKSPACE] == HERE


@pytest.mark.parametrize("found", [None, HERE, Home(HomeKind.WORKSPACE, "T1", "Acme, renamed")])
def test_the_same_workspace_is_known_by_its_id_and_one_that_is_not_told_is_not_compared(
    found: Home | None, stop: threading.Event
) -> None:
    asked = belonging(FakeHomes(HERE), {"Slack": Slack(found)}, stop)

    asked.begin()

    asked.require()
    assert not stop.is_set()


@pytest.mark.parametrize("fault", [SlackUnavailableError("away"), StoreUnavailableError("away")])
def test_a_late_answer_that_names_another_workspace_stops_the_bot(fault: Exception, stop: threading.Event) -> None:
    homes, slack = FakeHomes(HERE), Slack(THERE)
    homes.faults.append(fault)
    slack.is_let.clear()
    asked = belonging(homes, {"Slack": slack}, stop, awaited=0.01)
    asked.begin()

    slack.is_let.set()

    assert stop.wait(60)
    with pytest.raises(StoreUnusableError, match="belongs to the Slack workspace Acme"):
        asked.require()


def test_nothing_is_asked_any_more_after_the_end(stop: threading.Event) -> None:
    slack = Slack(THERE)
    slack.is_let.clear()
    asked = belonging(FakeHomes(HERE), {"Slack": slack}, stop, awaited=0.01)
    asked.begin()

    asked.end()
    slack.is_let.set()

    assert not stop.wait(0.2)


def test_a_name_is_shown_so_that_it_can_be_read() -> None:
    assert str(Home(HomeKind.WORKSPACE, "T1", "\x1b[2J" + "x" * 100)) == "\\u001b[2J" + "x" * 76 + " (T1)"
