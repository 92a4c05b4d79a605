"""Who has to approve a plan is mentioned, where not everybody may."""

from typing import Any

import pytest

from bot.domain.model import PlanState
from bot.messages.approval import MAX_MENTIONS, awaited, reminder_message
from bot.messages.plan import plan_message
from bot.settings import PolicySettings
from tests.unit.builders import a_plan, a_request

NAMED = frozenset({"U0BOSS", "U0ASK", "S0TEAM"})


@pytest.mark.parametrize(
    ("policy", "request_", "words"),
    [
        ({}, {}, None),
        ({"approvers": NAMED}, {}, "To be approved by <!subteam^S0TEAM>, <@U0ASK>, <@U0BOSS>."),
        ({"approvers": NAMED, "four_eyes": True}, {}, "To be approved by <!subteam^S0TEAM>, <@U0BOSS>."),
        ({"four_eyes": True}, {}, "To be approved by somebody other than <@U0ASK>."),
        ({"four_eyes": True}, {"requested_by": None}, None),
        ({"approvers": NAMED}, {"channel": "D0ASK"}, None),
    ],
)
def test_those_who_may_are_mentioned(policy: dict[str, Any], request_: dict[str, Any], words: str | None) -> None:
    assert awaited(a_plan(request=a_request(**request_)), PolicySettings(**policy)) == words


def test_no_crowd_is_mentioned() -> None:
    words = awaited(a_plan(), PolicySettings(approvers=frozenset(f"U{number}" for number in range(500))))

    assert words is not None
    assert words.count("<@") == MAX_MENTIONS
    assert words.endswith(", 480 more.")


@pytest.mark.parametrize("state", PlanState)
def test_only_a_plan_that_waits_mentions_them(state: PlanState) -> None:
    message = plan_message(a_plan(state), approval="To be approved by <@U0BOSS>.")

    assert ("<@U0BOSS>" in message.text) == (state is PlanState.PROPOSED)
    assert ("<@U0BOSS>" in str(message.blocks)) == (state is PlanState.PROPOSED)


def test_a_reminder_says_until_when_and_who() -> None:
    message = reminder_message(a_plan(), "To be approved by <@U0BOSS>.")

    assert message.text.startswith("This plan expires <!date^")
    assert message.text.endswith(" and is not approved yet. To be approved by <@U0BOSS>.\nplan `k7f3q2`")
