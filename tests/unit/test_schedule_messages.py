"""The list of schedules, within Slack's limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import PlanState
from bot.domain.schedule import Outcome, Schedule
from bot.domain.weekly import WEEKDAYS, next_time, parsed_weekly
from bot.messages.blocks import SECTION_TEXT_MAX
from bot.messages.schedules import MAX_LIST_LENGTH, schedule_list, stopped_schedule
from sandbox.slack.blocks import message_problems
from tests.unit.builders import block_texts
from tests.unit.test_weekly import WEEKLY_TIMES

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
LONG = parsed_weekly(f"{','.join(WEEKDAYS[:6])} 09:00 America/Argentina/ComodRivadavia")


def many(count: int) -> list[Schedule]:
    """As long as they come."""
    last = Outcome(NOW - timedelta(days=1), "abcdefg", PlanState.EMPTY)
    return [
        Schedule(
            f"k{number:03}",
            LONG,
            "a-queue-with-a-name-of-40-characters-000",
            "C0123456789",
            owner="U0123456789",
            next_fire_at=next_time(LONG, after=NOW),
            last=last,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 30, 50, 400])
def test_a_list_of_any_length_is_one_valid_message(count: int) -> None:
    message = schedule_list(many(count), now=NOW, viewer="Asia/Kathmandu")

    assert message_problems(list(message.blocks)) == []
    assert "\n".join(block_texts(message)) == message.text
    assert len(message.text) < MAX_LIST_LENGTH + SECTION_TEXT_MAX
    shown = message.text.count("*k")
    assert f"{count - shown} more schedule" in message.text if shown < count else "not shown" not in message.text


def test_fifty_usual_schedules_are_all_shown() -> None:
    weekly = parsed_weekly("mon,thu 09:00 Europe/Berlin")
    schedules = [
        Schedule(f"k{n:03}", weekly, f"support-{n}", "C0123456789", owner="U0123456789", next_fire_at=NOW)
        for n in range(50)
    ]

    message = schedule_list(schedules, now=NOW, viewer="Europe/Berlin")

    assert message.text.count("*k") == 50


@given(
    st.lists(
        st.builds(
            lambda number, weekly, trouble: Schedule(
                f"k{number}", weekly, "gold", "C0GOLD", owner="U0ANA", trouble=trouble, next_fire_at=None
            ),
            st.integers(0, 999),
            WEEKLY_TIMES,
            st.none() | st.text(),
        ),
        max_size=60,
    )
)
def test_whatever_troubles_schedules_the_list_is_valid(schedules: list[Schedule]) -> None:
    message = schedule_list(schedules, now=NOW, viewer=None)

    assert message_problems(list(message.blocks)) == []
    assert [stopped for one in schedules if message_problems(list((stopped := stopped_schedule(one)).blocks))] == []
