"""Private answers: valid, complete, naming the plan, and true about what became of it."""

from typing import Any

import pytest

from bot.domain.plan import DropReason, PlanState, Progress, Reviewer, Share
from bot.domain.reading import ReadingCounts
from bot.domain.undo import UndoCounts
from bot.messages import answers
from bot.messages.blocks import Message
from bot.messages.buttons import CANCEL, UNDO_CONFIRM, Target, target
from sandbox.slack.blocks import message_problems
from tests.unit.builders import HOSTILE_NAMES, NOW, a_plan, a_request, block_texts, buttons_of

URL = "https://example.slack.com/archives/C0REV/p1"
AT = "<!date^1779094800^{date_short_pretty} at {time}|2026-05-18 09:00 UTC>"
DRIFT = ((DropReason.ASSIGNED, 1_949), (DropReason.GONE, 1))
every_state = pytest.mark.parametrize("state", PlanState)


def all_about(state: PlanState, *, words: str = "x") -> list[Message]:
    """Every answer about a plan in `state`, which `words` are written all over."""
    plan = a_plan(
        state,
        request=a_request(tag=words),
        reason="It was refused.",
        progress=Progress(3, 1_949, "waiting"),
        drift=DRIFT,
    )
    return [
        answers.reading(plan),
        answers.read(plan, message_url=URL),
        answers.read(plan, message_url=None),
        answers.already_decided(plan, successor_url=URL),
        answers.changed(plan),
        answers.twin(plan),
        answers.undo_preview(plan, UndoCounts(0, 1_949, 1)),
        answers.undo_too_late(plan, 24),
        answers.undo_failed(plan, "Braintrust does not answer."),
        answers.about(plan, answers.STOPPING),
        answers.old_version(plan),
        answers.not_allowed(plan, "Approvers are <@U0BOSS>."),
    ]


def test_a_twin_that_is_read_is_told_of_with_who_asked() -> None:
    assert answers.twin(a_plan(PlanState.READING)).text == (
        "The same rows are being read already, asked for by <@U0ASK>. The plan will be posted here. (plan `k7f3q2`)"
    )


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"message_url": URL}, f"<{URL}|The same plan> waits for approval already, asked for by <@U0ASK>. "),
        ({"message_url": None}, "The same plan waits for approval already, asked for by <@U0ASK>. "),
        ({"request": a_request(requested_by=None)}, "The same plan waits for approval already. "),
    ],
)
def test_a_twin_that_waits_is_linked_with_the_way_to_a_fresh_reading(changes: dict[str, Any], beginning: str) -> None:
    message = answers.twin(a_plan(**changes))

    assert message.text == f"{beginning}To have the rows read again, cancel it first. (plan `k7f3q2`)"
    assert buttons_of(message) == {}


def test_an_undo_is_offered_with_fresh_numbers() -> None:
    message = answers.undo_preview(a_plan(PlanState.DONE, edition=2), UndoCounts(1_949, 2, 1))

    [(action_id, button)] = buttons_of(message).items()
    assert message.text == (
        "Plan `k7f3q2`: 1,949 rows can be taken back. Kept: 2 already reviewed and 1 changed since."
    )
    assert (action_id, button["text"]["text"]) == (UNDO_CONFIRM, "Take back 1,949")
    assert target(button["value"]) == Target("k7f3q2", 2)
    assert message_problems(list(message.blocks)) == []
    assert block_texts(message) == [message.text]


def test_nothing_is_offered_where_nothing_can_be_taken_back() -> None:
    message = answers.undo_preview(a_plan(PlanState.DONE), UndoCounts(0, 5, 2))

    assert message.text.startswith("Plan `k7f3q2`: no row can be taken back. Kept: 5 ")
    assert buttons_of(message) == {}


@pytest.mark.parametrize(("hours", "words"), [(1, "1 hour"), (720, "720 hours")])
def test_an_undo_that_comes_too_late_learns_how_long_it_would_have_worked(hours: int, words: str) -> None:
    assert f"within {words} of its end" in answers.undo_too_late(a_plan(PlanState.DONE), hours).text


@pytest.mark.parametrize(
    ("url", "where"), [(URL, f"<{URL}|version 2>"), (None, "version 2")], ids=["linked", "not linked"]
)
def test_the_approver_of_a_changed_plan_hears_what_changed_and_where(url: str | None, where: str) -> None:
    plan = a_plan(version=2, drift=DRIFT, message_url=url)

    assert answers.changed(plan).text == (
        "Plan `k7f3q2`: 1,950 of 1,957 rows left the plan since version 1 was shown: 1,949 assigned by somebody else "
        "meanwhile, "
        f"1 deleted meanwhile. Please look at {where} and approve it again."
    )


@every_state
def test_every_answer_about_a_plan_names_it(state: PlanState) -> None:
    assert [message.text for message in all_about(state) if "`k7f3q2`" not in message.text] == []


@every_state
@pytest.mark.parametrize("words", [words or "-" for words in HOSTILE_NAMES.values()], ids=HOSTILE_NAMES)
def test_every_answer_is_one_that_slack_takes_and_mentions_nobody(state: PlanState, words: str) -> None:
    messages = [*all_about(state, words=words), answers.unknown_plan(words), answers.failure("abc123")]

    for message in messages:
        assert message_problems(list(message.blocks)) == []
        assert block_texts(message) == [message.text]
        assert "<!channel" not in message.text
        assert "<@U0ADA" not in message.text


@every_state
def test_only_the_answer_during_the_reading_has_a_button(state: PlanState) -> None:
    with_buttons = [list(buttons_of(message)) for message in all_about(state)]

    assert with_buttons == [[CANCEL], *[[]] * (len(with_buttons) - 1)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Reading rows tagged `My dummy tag` of the last 7 days … (plan `k7f3q2`)"),
        (
            {"request": a_request(days=1, dry_run=True)},
            "Reading rows tagged `My dummy tag` of the last day for a dry run … (plan `k7f3q2`)",
        ),
        (
            {"progress": Progress(3, 1_949, "Waiting for Braintrust's rate limit.")},
            (
                "Reading rows tagged `My dummy tag` of the last 7 days … Page 3, 1,949 rows. "
                "Waiting for Braintrust's rate limit. (plan `k7f3q2`)"
            ),
        ),
    ],
)
def test_the_reading_says_how_far_it_is(changes: dict[str, Any], expected: str) -> None:
    assert answers.reading(a_plan(PlanState.READING, **changes)).text == expected


WHERE = (
    "tagged `My dummy tag` from <!date^1778490000^{date_short} {time}|2026-05-11 09:00 UTC>"
    " to <!date^1779094800^{date_short} {time}|2026-05-18 09:00 UTC>"
)


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (PlanState.PROPOSED, {}, f"<{URL}|The plan is ready>: 7 rows for 2 reviewers."),
        (
            PlanState.SHOWN,
            {"request": a_request(dry_run=True)},
            f"<{URL}|The dry run is ready>: 7 rows for 2 reviewers.",
        ),
        (
            PlanState.PROPOSED,
            {"shares": (*a_plan().shares, Share(Reviewer("r3", "Cem Tan"), 0))},
            f"<{URL}|The plan is ready>: 7 rows for 2 reviewers.",
        ),
        (PlanState.CHECKING, {}, f"<{URL}|The plan is ready>: 7 rows for 2 reviewers."),
        (PlanState.CANCELLED, {}, "Cancelled. Nothing was assigned."),
        (PlanState.SUPERSEDED, {}, "Replaced by a newer request for the same tag. Nothing was assigned."),
        (PlanState.FAILED, {"reason": "Set `REVIEW_TAG`."}, "No plan was made. Set `REVIEW_TAG`."),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts()},
            f"Nothing to assign: no row is {WHERE}. Check the tag, or ask for more days: `days=30`.",
        ),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts(5, 0, 4, 0, unaddressable=1, statuses=(("TRIAGE", 4),))},
            (
                f"Nothing to assign: 5 rows {WHERE}, 4 finished without an assignee (4 `TRIAGE`), "
                "1 with an id that cannot be used."
            ),
        ),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts(1, 1, 0, 0)},
            f"Nothing to assign: 1 row {WHERE}, 1 already assigned.",
        ),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts(), "request": a_request(days=200)},
            f"Nothing to assign: no row is {WHERE}. Check the tag, or ask for more days: `days=365`.",
        ),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts(), "request": a_request(days=365)},
            f"Nothing to assign: no row is {WHERE}. Check the tag.",
        ),
        (
            PlanState.EMPTY,
            {"counts": ReadingCounts(1_949, 1_900, 49, 0)},
            f"Nothing to assign: 1,949 rows {WHERE}, 1,900 already assigned, 49 finished without an assignee.",
        ),
    ],
)
def test_the_last_answer_says_what_the_reading_led_to(state: PlanState, changes: dict[str, Any], expected: str) -> None:
    message = answers.read(a_plan(state, **changes), message_url=URL)

    assert message.text == f"{expected} (plan `k7f3q2`)"


def test_a_tag_that_is_not_found_may_have_been_bent_by_a_phone() -> None:
    plan = a_plan(PlanState.EMPTY, request=a_request(tag="it\u2019s"), counts=ReadingCounts())

    assert "Check the tag, also its curly quotes, or ask for more days" in answers.read(plan, message_url=None).text


def test_without_a_link_the_answer_still_comes() -> None:
    message = answers.read(a_plan(), message_url=None)

    assert message.text == "The plan is ready: 7 rows for 2 reviewers. (plan `k7f3q2`)"


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        (PlanState.CHECKING, {}, f"Already approved by <@U0BOSS>, {AT}."),
        (PlanState.RUNNING, {}, f"Already approved by <@U0BOSS>, {AT}."),
        (PlanState.DONE, {}, f"Already approved by <@U0BOSS>, {AT}."),
        (PlanState.RUNNING, {"stopped_by": "U0STOP"}, "Already stopped by <@U0STOP>."),
        (PlanState.STOPPED, {"stopped_by": "U0STOP"}, "Already stopped by <@U0STOP>."),
        (PlanState.CANCELLED, {}, f"Already cancelled by <@U0BOSS>, {AT}."),
        (PlanState.EXPIRED, {}, "This plan has expired. Ask again with `/assign-reviews`."),
        (PlanState.SUPERSEDED, {}, f"This plan was replaced by <{URL}|a newer plan>."),
        (PlanState.SHOWN, {}, "This is a dry run: nothing can be decided."),
        (PlanState.READING, {}, "This plan is still being read."),
        (PlanState.PROPOSED, {}, "This plan is proposed and not approved yet."),
    ],
)
def test_a_late_click_learns_what_became_of_the_plan(state: PlanState, changes: dict[str, Any], expected: str) -> None:
    plan = a_plan(state, decided_by="U0BOSS", decided_at=NOW, **changes)

    message = answers.already_decided(plan, successor_url=URL)

    assert message.text == f"{expected} (plan `k7f3q2`)"


@pytest.mark.parametrize("state", [PlanState.EMPTY, PlanState.FAILED])
def test_a_late_click_on_a_plan_that_never_was_is_not_told_of_an_approval(state: PlanState) -> None:
    """Cancel stands in the private answer until the last one replaces it, so the reading may have ended before."""
    message = answers.already_decided(a_plan(state, reason="Refused."), successor_url=None)

    assert "approved" not in message.text


def test_a_replaced_plan_is_told_of_also_without_a_link() -> None:
    message = answers.already_decided(a_plan(PlanState.SUPERSEDED), successor_url=None)

    assert message.text == "This plan was replaced by a newer plan. (plan `k7f3q2`)"


def test_an_old_version_says_which_one_is_shown_now() -> None:
    assert "it is version 4 now" in answers.old_version(a_plan(version=4)).text


def test_a_fault_is_told_with_its_reference() -> None:
    assert answers.failure("abc123").text.endswith("this reference: `abc123`.")
