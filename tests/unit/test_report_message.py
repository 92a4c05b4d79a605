"""The thread's reply: progress that never looks final, then a report whose first word says how it went."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.plan import (
    REPORTED,
    WORKED_ON,
    Batch,
    BatchState,
    DropReason,
    Plan,
    PlanState,
    Progress,
    Reviewer,
    Share,
)
from bot.domain.report import Report, outcome, report_of
from bot.domain.undo import UndoCounts
from bot.messages.blocks import UPDATE_TEXT_MAX
from bot.messages.buttons import RETRY, STOP, UNDO, Target, target
from bot.messages.report import (
    Facts,
    changed_message,
    exception_lines,
    progress_message,
    report_headline,
    report_message,
    undo_sentence,
    undone_message,
)
from sandbox.slack.blocks import message_problems
from tests.unit.builders import HOSTILE_NAMES, a_large_plan, a_plan, block_texts, buttons_of, shares_of

URL = "https://www.braintrust.dev/app/~/review"
BEGINNINGS = {
    PlanState.DONE: "Done. ",
    PlanState.PARTIAL: "Partly done. ",
    PlanState.STOPPED: "Stopped. ",
    PlanState.FAILED: "Failed. ",
}
REASONS = (
    "Braintrust does not accept the API key (401). Check BRAINTRUST_API_KEY: it may be wrong or expired.",
    "Braintrust answers too slowly to check rows right before they are written. Try again later.",
    "Braintrust finds a single row too large (413).",
    "There was no connection to Braintrust.",
)
NO_FORM = "Braintrust keeps its assignments, however it is asked. The rows that are left have to be unassigned by hand."
LARGE_UNDO = UndoCounts(1_234_567, 2_345_678, 3_456_789)
every_size = pytest.mark.parametrize("reviewers", [1, 5, 20, 21, 60, 500])
every_name = pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
every_outcome = pytest.mark.parametrize("state", sorted(REPORTED))


def a_report(**changes: Any) -> Report:
    report = Report(
        planned=7,
        assigned=(Share(Reviewer("r1", "Ana Ruiz"), 4), Share(Reviewer("r2", "Ben Okafor"), 3)),
        dropped=(),
        failed=0,
        unknown=0,
        unconfirmed=0,
        unsent=0,
        reasons=(),
    )
    return replace(report, **changes)


def a_large_report(plan: Plan) -> Report:
    """A report in which everything that can be said has to be said."""
    return a_report(
        planned=plan.planned_rows,
        assigned=plan.shares if plan.state is not PlanState.FAILED else (),
        dropped=tuple((reason, 1_000 + index) for index, reason in enumerate(DropReason)),
        failed=2_345,
        unknown=3_456,
        unconfirmed=6_789,
        unsent=4_567,
        reasons=REASONS,
    )


@every_size
@every_name
def test_every_report_is_one_that_slack_takes_and_complete_in_its_text(reviewers: int, name: str) -> None:
    found = {
        "reason": NO_FORM,
        "undone_by": "U0BOSS",
        "stopped_by": "U0BOSS",
    }
    plans = [a_large_plan(state, reviewers=reviewers, name=name, **found) for state in REPORTED]

    messages = {
        plan.state: report_message(
            plan,
            a_large_report(plan),
            Facts(URL, undoable=True, undo=LARGE_UNDO, untold=(name,) * reviewers),
            file_problem="The channel is archived. Unarchive it, or use another one.",
        )
        for plan in plans
    }

    assert {
        state: len(message.text) for state, message in messages.items() if len(message.text) > UPDATE_TEXT_MAX
    } == {}
    assert [problem for message in messages.values() for problem in message_problems(list(message.blocks))] == []
    assert [text for message in messages.values() for text in block_texts(message) if text not in message.text] == []
    assert {state: list(buttons_of(message)) for state, message in messages.items()} == {
        PlanState.DONE: [UNDO],
        PlanState.PARTIAL: [RETRY, UNDO],
        PlanState.STOPPED: [RETRY, UNDO],
        PlanState.FAILED: [],
    }


@every_size
@every_name
def test_the_blocks_show_each_reviewer_up_to_the_limit(reviewers: int, name: str) -> None:
    plan = a_large_plan(PlanState.PARTIAL, reviewers=reviewers, name=name)

    lines = "\n".join(block_texts(report_message(plan, a_large_report(plan), Facts(URL)))).splitlines()

    named = [line for line in lines if line.startswith("• ")]
    assert [line.rsplit(": ")[-1] for line in named] == [f"{share.rows:,} rows" for share in plan.shares[:20]]
    assert (f"and {reviewers - 20} more: the attached file has everything" in lines) == (reviewers > 20)


@every_name
def test_no_report_mentions_anybody_because_of_a_name(name: str) -> None:
    plan = a_large_plan(PlanState.STOPPED, reviewers=21, name=name, stopped_by="U0BOSS")

    message = report_message(plan, a_large_report(plan), Facts(URL))

    ours = message.text.replace("<@U0BOSS>", "").replace(f"<{URL}|Review in Braintrust>", "")
    assert not set("<>") & set(ours)


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["Ana <!here>"], "Ana &lt;!here&gt;"),
        (["Ana", "Ben"], "Ana, Ben"),
        ([f"N{number}" for number in range(20)], "N0, N1, N2, N3, N4, N5, N6, N7, 12 more"),
    ],
)
def test_the_report_names_in_one_line_who_could_not_be_told(names: list[str], people: str) -> None:
    message = report_message(a_plan(PlanState.DONE), a_report(), Facts(URL, untold=tuple(names)))

    lines = [line for line in message.text.splitlines() if line.startswith("Slack does not let me")]
    assert lines == [f"Slack does not let me write to {people}: please tell them about their rows."]


@every_outcome
def test_the_first_word_of_a_report_says_how_it_went(state: PlanState) -> None:
    plan = a_plan(state)

    message = report_message(plan, a_report(failed=1), Facts(URL))

    assert message.text.startswith(BEGINNINGS[state])
    assert block_texts(message)[0].startswith(BEGINNINGS[state])


@pytest.mark.parametrize("state", sorted(WORKED_ON))
@pytest.mark.parametrize("stopped_by", [None, "U0BOSS"])
@pytest.mark.parametrize("waiting", [None, "waiting for Braintrust's rate limit"])
def test_progress_never_looks_like_a_report(state: PlanState, stopped_by: str | None, waiting: str | None) -> None:
    plan = a_plan(state, stopped_by=stopped_by, progress=Progress(rows=3, waiting=waiting))

    message = progress_message(plan)

    assert not message.text.startswith(("Done", "Partly done", "Stopped", "Failed"))
    assert message_problems(list(message.blocks)) == []
    assert [shown for shown in block_texts(message) if shown not in message.text] == []
    assert "plan `k7f3q2`" in block_texts(message)


@pytest.mark.parametrize(
    ("state", "stopped_by", "buttons"),
    [
        (PlanState.CHECKING, None, [STOP]),
        (PlanState.RUNNING, None, [STOP]),
        (PlanState.REPORTING, None, []),
        (PlanState.UNDOING, None, []),
        (PlanState.CHECKING, "U0BOSS", []),
        (PlanState.RUNNING, "U0BOSS", []),
    ],
)
def test_an_assignment_can_be_stopped_once_while_rows_may_still_be_sent(
    state: PlanState, stopped_by: str | None, buttons: list[str]
) -> None:
    message = progress_message(a_plan(state, stopped_by=stopped_by))

    assert list(buttons_of(message)) == buttons


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"progress": Progress(rows=1_000)}, "Assigning: 1,000 of 3,899 rows assigned."),
        (
            {"progress": Progress(rows=1_000, waiting="Waiting for Braintrust's rate limit.")},
            "Assigning: 1,000 of 3,899 rows assigned. Waiting for Braintrust's rate limit.",
        ),
        (
            {"progress": Progress(rows=1_000), "stopped_by": "U0BOSS"},
            ("Stopping, asked by <@U0BOSS>: 1,000 of 3,899 rows assigned. Requests on their way are finished first."),
        ),
        ({"state": PlanState.CHECKING}, "Starting."),
        (
            {"state": PlanState.CHECKING, "progress": Progress(waiting="Another plan is being written.")},
            "Starting. Another plan is being written.",
        ),
        ({"state": PlanState.UNDOING}, "Taking back: 0 rows so far."),
        (
            {"state": PlanState.UNDOING, "stopped_by": "U0BOSS", "progress": Progress(rows=1, waiting="It waits.")},
            "Taking back: 1 row so far. It waits.",
        ),
    ],
)
def test_progress_says_how_far_and_why_it_waits(changes: dict[str, Any], line: str) -> None:
    plan = replace(a_plan(PlanState.RUNNING, shares=shares_of(2)), **changes)

    assert progress_message(plan).text == f"{line}\nplan `k7f3q2`"


@pytest.mark.parametrize(
    ("state", "report", "headline"),
    [
        (PlanState.DONE, a_report(), "Done. Assigned 7 rows across 2 reviewers."),
        (PlanState.DONE, a_report(assigned=()), "Done. Assigned 0 rows: every row left the plan meanwhile."),
        (
            PlanState.PARTIAL,
            a_report(planned=1_949, failed=1_942),
            "Partly done. Assigned 7 of 1,949 rows across 2 reviewers.",
        ),
        (PlanState.STOPPED, a_report(planned=9, unsent=2), "Stopped. Assigned 7 of 9 rows across 2 reviewers."),
        (PlanState.FAILED, a_report(assigned=(), failed=7), "Failed. No row was assigned."),
    ],
)
def test_the_headline_has_the_counts(state: PlanState, report: Report, headline: str) -> None:
    assert report_headline(a_plan(state), report) == headline


def test_what_did_not_go_as_planned_is_counted_by_kind() -> None:
    report = a_report(
        dropped=(
            (DropReason.ASSIGNED, 1_001),
            (DropReason.FINISHED, 2),
            (DropReason.GONE, 3),
            (DropReason.UNTAGGED, 4),
            (DropReason.OTHER_PLAN, 1),
            (DropReason.REVIEWER, 8),
        ),
        unconfirmed=9,
        failed=5,
        unknown=6,
        unsent=7,
    )

    assert exception_lines(report) == [
        "1,001 rows left out: assigned by somebody else meanwhile",
        "2 rows left out: finished meanwhile",
        "3 rows left out: deleted meanwhile",
        "4 rows left out: no longer tagged",
        "1 row left out: written by another plan a moment ago",
        "8 rows left out: their reviewer cannot be given rows any more",
        "9 rows acknowledged by Braintrust, but not visible there",
        "5 rows could not be assigned",
        "6 rows sent without an answer, and not seen in Braintrust since",
        "7 rows not sent",
    ]


def test_a_report_without_exceptions_reads_like_this() -> None:
    message = report_message(a_plan(PlanState.DONE), a_report(), Facts(URL))

    assert message.text.splitlines() == [
        "Done. Assigned 7 rows across 2 reviewers.",
        "• Ana Ruiz: 4 rows",
        "• Ben Okafor: 3 rows",
        f"Open <{URL}|Review in Braintrust> and choose Assigned to me.",
        "plan `k7f3q2`",
    ]


def test_a_report_with_exceptions_reads_like_this() -> None:
    plan = a_plan(PlanState.STOPPED, stopped_by="U0BOSS", reason="It was slow.")
    report = a_report(
        planned=12,
        assigned=(Share(Reviewer("r1", "Ana"), 0), Share(Reviewer("r2", "Ben"), 1)),
        dropped=((DropReason.GONE, 1),),
        failed=10,
        reasons=("It was slow.", "Set `BRAINTRUST_API_KEY`."),
    )

    message = report_message(plan, report, Facts(URL), file_problem="No scope.")

    assert message.text.splitlines() == [
        "Stopped. Assigned 1 of 12 rows across 1 reviewer.",
        "• Ben: 1 row",
        "Stopped by <@U0BOSS>",
        "1 row left out: deleted meanwhile",
        "10 rows could not be assigned",
        "It was slow.",
        "Set `BRAINTRUST_API_KEY`.",
        f"Open <{URL}|Review in Braintrust> and choose Assigned to me.",
        "The list of rows could not be attached. No scope.",
        "plan `k7f3q2`",
    ]


def test_nobody_is_sent_to_braintrust_for_nothing() -> None:
    message = report_message(a_plan(PlanState.FAILED), a_report(assigned=(), failed=7), Facts(URL))

    assert URL not in message.text


@pytest.mark.parametrize(
    ("state", "unsent", "label"),
    [
        (PlanState.PARTIAL, 1_949, "Retry the remaining 1,949"),
        (PlanState.STOPPED, 1, "Retry the remaining 1"),
        (PlanState.PARTIAL, 0, None),
        (PlanState.DONE, 0, None),
        (PlanState.FAILED, 7, None),
    ],
)
def test_only_what_is_left_of_an_assignment_can_be_tried_again(
    state: PlanState, unsent: int, label: str | None
) -> None:
    message = report_message(a_plan(state, edition=2), a_report(unsent=unsent), Facts(URL))

    buttons = [(button["text"]["text"], target(button["value"])) for button in buttons_of(message).values()]
    assert buttons == ([(label, Target("k7f3q2", 2))] if label else [])


@pytest.mark.parametrize("state", sorted(REPORTED))
@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("undoable", [True, False])
def test_only_what_was_written_can_be_taken_back(state: PlanState, written: bool, undoable: bool) -> None:
    report = a_report() if written else a_report(assigned=())

    message = report_message(a_plan(state, edition=2), report, Facts(URL, undoable=undoable))

    offered = undoable and written and state is not PlanState.FAILED
    assert {name: target(button["value"]) for name, button in buttons_of(message).items()} == (
        {UNDO: Target("k7f3q2", 2)} if offered else {}
    )


def test_a_report_tells_of_an_undo_that_ended_early() -> None:
    plan = a_plan(PlanState.DONE, undone_by="U0BOSS", reason=NO_FORM)

    message = report_message(plan, a_report(), Facts(URL, undo=UndoCounts(1, 1_949, 3)))

    assert message.text.splitlines()[3] == (
        f"Taking it back ended early. {NO_FORM} Took back 1 row; kept 1,949 already reviewed and 3 changed since."
    )
    assert message.text.startswith("Done. Assigned 7 rows")


TAKEN_BACK = [UndoCounts(0, 4, 3), UndoCounts(1_949, 4, 3)]


def test_a_report_after_a_retry_still_tells_what_was_taken_back_before() -> None:
    """The rows that an undo took back before it ended early are not the reviewers' any more."""
    messages = [report_message(a_plan(PlanState.DONE), a_report(), Facts(URL, undo=undo)) for undo in TAKEN_BACK]

    said = ["had been taken back before" in message.text for message in messages]
    assert said == [False, True]
    assert "1,949 of the assigned rows had been taken back before." in messages[1].text
    assert [text for text in block_texts(messages[1]) if text not in messages[1].text] == []


@pytest.mark.parametrize(("who", "beginning"), [("U0BOSS", "Undone by <@U0BOSS>. "), (None, "Undone. ")])
@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (UndoCounts(), "Took back no row."),
        (UndoCounts(1, 0, 0), "Took back 1 row."),
        (UndoCounts(2, 0, 1), "Took back 2 rows; kept 1 changed since."),
        (UndoCounts(0, 4, 0), "Took back no row; kept 4 already reviewed."),
        (LARGE_UNDO, undo_sentence(LARGE_UNDO)),
    ],
)
def test_what_was_taken_back_is_counted(who: str | None, beginning: str, counts: UndoCounts, sentence: str) -> None:
    message = undone_message(a_plan(PlanState.UNDONE, undone_by=who), counts)

    assert message.text == f"{beginning}{sentence}\nplan `k7f3q2`"
    assert message_problems(list(message.blocks)) == []
    assert [shown for shown in block_texts(message) if shown not in message.text] == []
    assert buttons_of(message) == {}


def test_the_reply_to_an_approval_of_a_changed_plan_says_that_nothing_was_assigned() -> None:
    drift = tuple((reason, 1_000_000 + index) for index, reason in enumerate(DropReason))

    message = changed_message(a_plan(version=3, drift=drift))

    assert message.text.startswith("8,000,028 of 8,000,035 rows left the plan since version 2 was shown: 1,000,000")
    assert message.text.endswith(" Nothing was assigned yet: version 3 waits for approval.\nplan `k7f3q2`")
    assert message_problems(list(message.blocks)) == []
    assert [shown for shown in block_texts(message) if shown not in message.text] == []
    assert buttons_of(message) == {}


@pytest.mark.parametrize("state", sorted(WORKED_ON | {PlanState.UNDONE}))
def test_nothing_but_a_report_begins_like_one(state: PlanState) -> None:
    plan = a_plan(state, drift=((DropReason.GONE, 1),), undone_by="U0BOSS")

    messages = [progress_message(plan), changed_message(plan), undone_message(plan, UndoCounts())]

    assert [message.text for message in messages if message.text.startswith(tuple(BEGINNINGS.values()))] == []


def test_the_whole_way_from_batches_to_the_first_word() -> None:
    plan = a_plan(PlanState.REPORTING, shares=(Share(Reviewer("r1", "Ana"), 2),))
    batches = [
        Batch(1, (("row-1", "r1"),), state=BatchState.CONFIRMED),
        Batch(2, (("row-2", "r1"),), state=BatchState.UNKNOWN, error="a time-out"),
    ]

    report = report_of(plan, batches)
    message = report_message(replace(plan, state=outcome(plan, report)), report, Facts(URL))

    assert message.text.startswith("Partly done. Assigned 1 of 2 rows across 1 reviewer.\n• Ana: 1 row\n1 row sent")


@pytest.mark.parametrize("reason", DropReason)
def test_every_reason_for_leaving_out_a_row_has_its_words(reason: DropReason) -> None:
    (line,) = exception_lines(a_report(dropped=((reason, 2),)))

    assert line.startswith("2 rows left out: ")
    assert len(line) > len("2 rows left out: ")


def test_an_assignment_that_was_given_up_says_why_although_no_row_is_missing() -> None:
    """Its last step failed again and again after everything was written."""
    plan = a_plan(PlanState.PARTIAL, reason="The operator finds it in the log as 1a2b3c4d.")

    message = report_message(plan, a_report(), Facts(URL))

    assert "1a2b3c4d" in message.text
