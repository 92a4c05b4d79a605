"""What a plan shows in Slack: each surface for itself, whatever Slack refuses or does not answer."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.plan import Origin, PlanState
from bot.domain.surfaces import Shown, Surface
from bot.services import surfaces as service
from bot.settings import PolicySettings, Settings
from sandbox.http.faults import Error, Reset, Status
from sandbox.slack.stand_in import SlackStandIn
from tests.integration.shown import REVIEWS, Window, actions_of
from tests.integration.stored import opened

REFUSALS = ["edit_window_closed", "cant_update_message", "is_inactive", "block_mismatch", "message_not_found"]
PASSING = [
    Status(503),
    Status(429, headers={"Retry-After": "7"}),
    Reset(),
    Reset(applied=True),
    Error("internal_error"),
]
ALWAYS = 100


@pytest.fixture
def window(sqlite_url: str, slack: SlackStandIn) -> Iterator[Window]:
    with opened(sqlite_url) as store:
        yield Window(store, slack)


def test_a_plan_is_posted_noted_and_drawn_once(window: Window) -> None:
    window.proposed()

    window.draw()

    [post] = window.posts
    assert post.text.startswith("Waiting for approval: ")
    assert actions_of(post) == ["approve", "cancel"]
    assert window.notes == [
        f"<{window.store.get().message_url}|The plan is ready>: 3 rows for 2 reviewers. (plan `plan`)"
    ]
    assert (window.thread, window.direct) == ([], [])
    assert window.store.get().drawn == window.store.get().revision


def test_what_is_shown_already_is_not_shown_again(window: Window) -> None:
    window.proposed()
    window.draw()
    window.slack.calls.clear()

    window.change()
    window.draw()

    assert len(window.slack.calls) == 0
    assert window.store.get().drawn == window.store.get().revision


def test_no_file_is_attached_where_no_row_was_assigned(window: Window) -> None:
    window.proposed()
    window.draw()
    window.approved()
    window.draw()
    window.done(all_left=True)

    window.draw()

    [reply] = window.thread
    assert reply.text.startswith("Done. Assigned 0 rows: every row left the plan meanwhile.")
    assert window.files == []
    assert window.calls("files.getUploadURLExternal") == 0
    assert window.store.get().drawn == window.store.get().revision


def test_an_assignment_is_followed_by_one_reply_and_its_file(window: Window) -> None:
    shown(window)

    [reply] = window.thread
    assert reply.text.startswith("Done. Assigned 3 rows across 2 reviewers.")
    assert window.files == ["to_assign_ids.json"]
    assert "Approved by <@U0BEN>" in window.posts[0].text


def test_approvers_are_mentioned_and_reminded_once_in_the_thread(sqlite_url: str, slack: SlackStandIn) -> None:
    with opened(sqlite_url) as store:
        window = Window(store, slack, settings=Settings(policy=PolicySettings(approvers=frozenset({"U0BEN"}))))
        window.proposed()
        window.draw()
        asked = window.posts[0].text
        window.move(23.5 * 3600)

        for _ in range(3):
            store.surfaces.remind(now=window.now)
            window.draw()
        [reminder] = window.thread
        window.approved()
        window.draw()

    assert "To be approved by <@U0BEN>." in asked
    assert "is not approved yet. To be approved by <@U0BEN>." in reminder.text
    assert "To be approved" not in window.posts[0].text


# ---- what Slack refuses for good -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("at", ["approval", "end", "both"])
def test_a_refused_edit_costs_neither_the_report_nor_the_file_nor_the_buttons(
    window: Window, code: str, at: str
) -> None:
    window.proposed()
    window.draw()
    window.approved()
    if at != "end":
        window.slack.faults.next("chat.update", Error(code), times=ALWAYS)
    window.draw()
    window.slack.faults.clear()
    window.done()
    if at != "approval":
        window.slack.faults.next("chat.update", Error(code), times=ALWAYS)

    window.draw()

    report = window.thread[-1]
    assert report.text.startswith("Done. Assigned 3 rows across 2 reviewers.")
    assert actions_of(report) == ["undo"]
    assert window.files == ["to_assign_ids.json"]
    assert [message.text.startswith("Done.") for message in window.thread].count(True) == 1
    assert len(window.posts) == 1


@pytest.mark.parametrize("code", REFUSALS[:-1])
@pytest.mark.parametrize("ends", [PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED])
def test_the_end_of_a_plan_whose_message_cannot_be_edited_is_said_in_its_thread(
    window: Window, code: str, ends: PlanState
) -> None:
    window.proposed()
    window.draw()
    window.slack.faults.next("chat.update", Error(code))
    window.change(state=ends.value)

    window.draw()

    [said] = window.thread
    assert "Nothing was assigned." in said.text
    assert actions_of(said) == []


def test_what_is_said_anew_is_edited_from_then_on(window: Window) -> None:
    window.proposed()
    window.draw()
    window.slack.faults.next("chat.update", Error("edit_window_closed"))
    window.change(version=2)
    window.draw()
    before = window.thread

    window.change(state=PlanState.CANCELLED.value)
    window.draw()

    assert [actions_of(message) for message in before] == [["approve", "cancel"]]
    assert [message.ts for message in window.thread] == [before[0].ts]
    assert "Cancelled" in window.thread[0].text


def test_a_deleted_message_of_a_plan_that_ends_by_itself_is_not_said_anew(window: Window) -> None:
    window.proposed()
    window.draw()
    window.slack.workspace.drop(window.posts[0])
    window.change(state=PlanState.EXPIRED.value)

    window.draw()

    assert (window.posts, len(window.notes), window.direct) == ([], 1, [])


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel", "restricted_action", "invalid_blocks"])
def test_a_plan_that_cannot_be_posted_is_given_up_and_its_requester_told(window: Window, code: str) -> None:
    window.proposed()
    window.slack.faults.next("chat.postMessage", Error(code))

    window.draw()

    [note] = window.notes
    assert note.startswith("Plan `plan` cannot be shown in its channel. ")
    assert window.store.get().state is PlanState.CANCELLED
    assert window.posts == []


def test_a_report_that_cannot_be_posted_is_told_to_the_requester_whole(window: Window) -> None:
    window.proposed()
    window.draw()
    window.approved()
    window.draw()
    window.done()
    window.slack.faults.next("chat.update", Error("edit_window_closed"), times=ALWAYS)
    window.slack.faults.next("chat.postMessage", Error("restricted_action_thread_locked"), times=ALWAYS)

    window.draw()

    assert "cannot be shown in its channel" in window.notes[-1]
    assert "Done. Assigned 3 rows across 2 reviewers." in window.notes[-1]


def test_a_weekly_plan_that_cannot_be_shown_is_in_the_log(window: Window, caplog: pytest.LogCaptureFixture) -> None:
    window.proposed(origin=Origin.SCHEDULE, requested_by=None, response_url=None)
    window.slack.faults.next("chat.postMessage", Error("is_archived"))

    window.draw()

    assert "nobody can be told about a plan" in [record.message for record in caplog.records]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_a_refused_file_is_said_where_it_was_promised(window: Window, method: str) -> None:
    window.proposed(people=30)
    window.slack.faults.next(method, Error("blocked_file_type"), times=2)
    window.draw()
    proposed = window.posts[0].text
    window.approved()
    window.draw()
    window.done()

    window.draw()

    assert "the file could not be attached. Slack refused a call (blocked_file_type)" in proposed
    assert "The list of rows could not be attached. Slack refused a call (blocked_file_type)" in window.thread[0].text
    assert window.calls("files.getUploadURLExternal") == 2


def test_a_refused_token_is_the_operator_s_and_costs_no_plan(window: Window) -> None:
    """What was proposed waits until the token is mended."""
    window.proposed()
    window.slack.faults.next("chat.postMessage", Error("token_revoked"), times=2)

    for _ in range(2):
        assert not window.draw()
        window.move(60)
    window.draw()

    assert window.store.get().state is PlanState.PROPOSED
    assert len(window.posts) == 1


# ---- what Slack took without saying so -------------------------------------------------------------------------------


def posted_twice(window: Window) -> tuple[str, str]:
    """A plan whose first post was not answered: the message that nobody knows of, and the one that is known."""
    window.proposed()
    window.slack.faults.next("chat.postMessage", Reset(applied=True))
    window.draw()
    window.move(10)
    window.draw()
    lost, known = window.posts
    return lost.ts, known.ts


def test_a_copy_that_somebody_presses_is_closed_and_leads_to_the_plan(window: Window) -> None:
    lost, known = posted_twice(window)

    assert window.store.surfaces.note_copy("plan", channel=REVIEWS, ts=lost)
    assert window.draw()

    copy, message = window.posts
    assert (
        copy.text
        == f"Slack posted plan `plan` twice. It goes on in <{window.store.get().message_url}|another message>."
    )
    assert (actions_of(copy), actions_of(message)) == ([], ["approve", "cancel"])
    assert (window.store.get().message_ts, message.ts) == (known, known)
    assert not window.store.surfaces.note_copy("plan", channel=REVIEWS, ts=lost)


@pytest.mark.parametrize("place", ["the message", "another channel", "another plan"])
def test_what_is_no_copy_is_left_alone(window: Window, place: str) -> None:
    _, known = posted_twice(window)
    before = window.store.get()
    plan_id, channel = ("gone" if place == "another plan" else "plan", "C0GENERAL" if "channel" in place else REVIEWS)

    assert not window.store.surfaces.note_copy(plan_id, channel=channel, ts=known if "message" in place else "1.1")
    assert window.store.get() == before


def test_a_press_that_overtakes_the_answer_to_the_post_closes_nothing(window: Window) -> None:
    """What the worker records then is the message that was pressed."""
    shown(window, until="approved")
    [reply] = window.thread
    window.store.surfaces.record(lease := window.store.claim(), Surface.REPLY, Shown())
    window.store.surfaces.note_copy("plan", channel=REVIEWS, ts=reply.ts)
    window.store.surfaces.record(lease, Surface.REPLY, Shown(reply.ts))
    window.store.leases.release(lease, wake_in_seconds=None)

    window.draw()

    assert actions_of(window.thread[0]) == ["stop"]


def test_a_copy_that_cannot_be_edited_is_tried_once(window: Window) -> None:
    lost, _ = posted_twice(window)
    window.store.surfaces.note_copy("plan", channel=REVIEWS, ts=lost)
    window.slack.faults.next("chat.update", Error("cant_update_message"))

    assert window.draw()

    assert len(window.posts) == 2
    assert window.calls("chat.update") == 1


# ---- what Slack does not answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PASSING, ids=str)
@pytest.mark.parametrize("method", ["chat.update", "chat.postMessage", "files.getUploadURLExternal"])
def test_one_surface_that_waits_does_not_keep_the_others(window: Window, method: str, fault: Any) -> None:
    window.proposed()
    window.draw()
    window.approved()
    window.draw()
    window.done()
    window.slack.faults.next(method, fault)
    window.slack.faults.next("chat.update", Error("edit_window_closed"), times=2 if method == "chat.postMessage" else 0)

    assert not window.draw()
    assert window.files == ["to_assign_ids.json"] or method.startswith("files")
    assert window.rests == (7 if fault == Status(429, headers={"Retry-After": "7"}) else 1)
    window.move(10)
    window.draw()

    assert {message.text.split(" ")[0] for message in window.thread} <= {"Done.", "Starting."}
    assert window.thread[-1].text.startswith("Done.")
    assert "Done: 0 of 3 rows" in window.posts[0].text or method == "chat.postMessage"
    assert window.files == ["to_assign_ids.json"]


def test_a_surface_that_waits_is_left_alone_meanwhile(window: Window) -> None:
    window.proposed()
    window.slack.faults.next("chat.postMessage", Status(429, headers={"Retry-After": "30"}))
    assert not window.draw()

    for seconds in (1, 10, 18):
        window.move(seconds)
        assert not window.draw()

    assert window.calls("chat.postMessage") == 1
    assert window.notes == []


def test_a_file_is_tried_again_after_growing_pauses_and_then_given_up(window: Window) -> None:
    shown(window, until="approved")
    window.done()
    window.slack.faults.next("upload", Status(500), times=ALWAYS)
    tried = []

    for second in range(60):
        before = window.calls("upload")
        window.draw()
        tried += [second] if window.calls("upload") > before else []
        window.move(1)
    window.move(600)
    window.draw()

    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert len(tried) == window.calls("upload") == service.MOST_UPLOADS
    assert service.GIVEN_UP in window.thread[0].text
    assert window.calls("chat.update") <= 4  # nothing is drawn again for it
    assert window.store.get().drawn == window.store.get().revision


def test_an_edit_without_an_answer_counts_as_not_known(window: Window) -> None:
    """Between two equal reports, Slack may have shown something else."""
    shown(window)
    before = window.thread[0].text
    window.slack.faults.next("chat.update", Reset(applied=True), times=2)
    window.change(state=PlanState.RUNNING.value)
    assert not window.draw()
    assert window.thread[0].text != before

    window.change(state=PlanState.DONE.value)
    window.move(10)
    window.draw()

    assert window.thread[0].text == before


def test_a_slack_that_never_answers_is_given_up_at_last(window: Window) -> None:
    window.proposed()
    window.slack.faults.next("chat.postMessage", Status(503), times=1_000)
    window.slack.faults.next("chat.postEphemeral", Status(503), times=1_000)
    window.slack.faults.next("response_url", Status(503), times=1_000)
    window.slack.faults.next("conversations.open", Status(503), times=1_000)

    while not window.draw():
        window.move(window.rests)

    assert window.known[Surface.MESSAGE].problem == service.GIVEN_UP
    assert window.store.get().state is PlanState.CANCELLED


# ---- helpers ---------------------------------------------------------------------------------------------------------


def shown(window: Window, *, until: str = "done") -> None:
    """Everything of a plan that was proposed, approved and carried out."""
    window.proposed()
    window.draw()
    window.approved()
    window.draw()
    if until == "done":
        window.done()
        window.draw()
