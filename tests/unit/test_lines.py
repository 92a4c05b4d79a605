"""Plans and reports as lines of plain text."""

from bot.domain.plain_text import quoted
from bot.domain.reading import ReadingCounts
from bot.messages.lines import people_lines, plan_lines, reason_line
from tests.unit.builders import a_plan, a_request

NOTE = "Braintrust does not let the bot list users, so reviewers are shown by id."


def test_one_row_of_one_day_is_told_in_the_singular() -> None:
    plan = a_plan(request=a_request(days=1), counts=ReadingCounts(matched=1, assigned=0, finished=0, unassigned=1))

    assert plan_lines(plan)[1] == "Fetched 1 log tagged 'My dummy tag' from the last day."


def test_large_numbers_are_told_with_thousands_apart() -> None:
    counts = ReadingCounts(matched=2_210, assigned=1_000, finished=0, unassigned=1_210)

    lines = plan_lines(a_plan(counts=counts))

    assert lines[1] == "Fetched 2,210 logs tagged 'My dummy tag' from the last 7 days."
    assert lines[2:5:2] == ["  already assigned (skip):   1,000", "  not assigned (to assign):  1,210"]


def test_a_plan_of_a_queue_names_it() -> None:
    """Two queues may share a tag."""
    assert "Queue: support" in plan_lines(a_plan(request=a_request(queue="support")))
    assert [line for line in plan_lines(a_plan()) if line.startswith("Queue")] == []


def test_what_slack_tells_beside_the_people_is_told_here_as_well() -> None:
    """Also where a plan is proposed again."""
    assert f"  {NOTE}" in people_lines(a_plan(notes=(NOTE,)))


def test_what_others_wrote_stands_there_as_they_wrote_it() -> None:
    """Slack's signs are escaped where Slack shows it."""
    name = "ana_b & <co>"
    plan = a_plan(notes=(f"{quoted(name)} is named with the weight 1 and with 2: 1 counts.",))

    assert f"  `{name}` is named with the weight 1 and with 2: 1 counts." in people_lines(plan)
    assert reason_line(a_plan(reason=f"{quoted(name)} is gone.")) == f"`{name}` is gone."
