"""The audit trail reads like a log: one line per plan, one line per step."""

from datetime import timedelta

from bot.cli.commands import plan_lines, step_lines
from bot.domain.plan import Event, Origin, PlanState, Reviewer, Share
from tests.unit.builders import NOW, a_plan, a_request


def test_a_plan_is_one_line_with_what_was_asked_and_by_whom() -> None:
    plans = [
        a_plan(PlanState.PROPOSED, shares=(Share(Reviewer("r1", "Ana"), 1_949),)),
        a_plan(PlanState.SUPERSEDED, id="p2", request=a_request(requested_by=None, origin=Origin.SCHEDULE), shares=()),
    ]

    assert plan_lines(plans) == [
        "2026-05-18 09:00:00  k7f3q2  proposed    1,949 rows tagged 'My dummy tag', by U0ASK",
        "2026-05-18 09:00:00  p2  superseded  0 rows tagged 'My dummy tag', by schedule",
    ]


def test_a_plan_of_a_queue_names_it() -> None:
    (line,) = plan_lines([a_plan(request=a_request(queue="support"))])

    assert "tagged 'My dummy tag' in the queue support, by U0ASK" in line


def test_a_tag_cannot_break_its_line() -> None:
    [line] = plan_lines([a_plan(request=a_request(tag="one\ntwo"))])

    assert line.endswith(r"7 rows tagged 'one\ntwo', by U0ASK")


def test_a_step_says_when_from_where_to_where_by_whom_and_how_many() -> None:
    events = [
        Event(NOW, "U0ASK", None, "reading", {}),
        Event(NOW + timedelta(seconds=2), "bot", "reading", "proposed", {"matched": 12_000, "assigned": 3}),
        Event(NOW + timedelta(hours=1), "U0BOSS", "proposed", "checking", {}),
        Event(NOW + timedelta(hours=1, seconds=1), "U0BOSS", None, "stop asked", {}),
    ]

    assert step_lines(events) == [
        "2026-05-18 09:00:00  reading                   by U0ASK",
        "2026-05-18 09:00:02  reading -> proposed       by bot  (matched 12,000, assigned 3)",
        "2026-05-18 10:00:00  proposed -> checking      by U0BOSS",
        "2026-05-18 10:00:01  stop asked                by U0BOSS",
    ]


def test_a_step_that_went_wrong_says_why() -> None:
    events = [Event(NOW, "bot", "reading", "failed", {}, "Braintrust does not accept the API key (401).")]

    assert step_lines(events) == [
        "2026-05-18 09:00:00  reading -> failed         by bot",
        "    Braintrust does not accept the API key (401).",
    ]


def test_nothing_is_no_line() -> None:
    assert plan_lines([]) == step_lines([]) == []
