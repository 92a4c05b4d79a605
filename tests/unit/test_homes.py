"""What Slack sends for another installation of the app is told from what it sends for this one."""

from typing import Any

import pytest

from bot.domain.homes import Installation
from handlers.belonging import told_installation

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
