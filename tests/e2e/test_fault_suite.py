"""Everything that can fail around the bot, one after the other: Braintrust, people, Slack, the database, the process.

Whatever happens, rows, report and database agree in the end, and no row is overwritten or sent twice without need.
"""

import os
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.domain.plan import DropReason
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import AppliedLate, CutBody, Fault, Garbage, Reset, Status, WrongCount
from sandbox.http.faults import Error as SlackError
from sandbox.http.faults import Reset as SlackReset
from sandbox.http.faults import Status as SlackStatus
from sandbox.http.request import Asked
from sandbox.slack.records import Message
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, FINAL, REVIEWS, World, plan_id
from tests.postgresql import programs

SMALL: dict[str, Any] = {"BATCH_SIZE": "50", "PAGE_SIZE": "100", "PARALLEL_REQUESTS": "1"}
BATCHES = 5  # of 234 rows
PATIENCE = 90


@pytest.fixture
def small(start_world: StartWorld) -> World:
    """Five batches, written one after the other."""
    return start_world(**SMALL)


def approved(world: World) -> Message:
    """Ask, approve, and wait for the report."""
    plan = world.proposed()
    world.press(plan, "approve")
    return world.report(plan, seconds=PATIENCE)


def assert_all_assigned(world: World, report: Message, *, unknown: frozenset[str] = frozenset()) -> None:
    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows across 5 reviewers."), report.text
    world.assert_agreement(report, unknown=unknown)


# --- Braintrust: writing ---


@pytest.mark.parametrize(
    ("faults", "sent_again"),
    [
        ([Reset(applied=True), Status(504, applied=True), WrongCount(), CutBody(), Status(500, applied=True)], 0),
        ([Reset(), Status(500), Status(503), Status(504), Garbage()], BATCHES),
        ([AppliedLate(1.0), Reset(applied=True), Reset(), AppliedLate(1.5), Garbage()], 2),
    ],
    ids=["applied", "not applied", "both"],
)
def test_of_the_requests_without_an_answer_only_those_without_an_effect_are_sent_again(
    start_world: StartWorld, faults: list[Fault], sent_again: int
) -> None:
    world = start_world(**SMALL, SETTLE_SECONDS="4")
    for fault in faults:
        world.braintrust.faults.next("insert", fault)

    report = approved(world)

    assert_all_assigned(world, report)
    assert world.braintrust.requests.count("insert") == BATCHES + sent_again


def test_a_write_that_hangs_is_given_up_after_twenty_seconds_and_read_back(start_world: StartWorld) -> None:
    world = start_world(**{**SMALL, "PARALLEL_REQUESTS": "2", "LEASE_SECONDS": "30"})
    world.braintrust.faults.next("insert", Reset(applied=True, after_seconds=60))
    world.braintrust.faults.next("insert", Reset(after_seconds=60))

    report = approved(world)

    assert_all_assigned(world, report)
    assert world.braintrust.requests.count("insert") == BATCHES + 1


def test_what_takes_effect_after_it_was_sent_again_changes_nothing(small: World) -> None:
    """The second request carries the same value."""
    late: list[frozenset[str]] = []
    small.braintrust.faults.next("insert", AppliedLate(6.0))
    on_nth(small, "insert", 1, lambda asked: late.append(frozenset(rows_in(small, asked))))

    report = approved(small)
    small.braintrust.rows.wait_until(lambda _: all(writes(small, row) == 2 for row in late[0]), timeout_seconds=90)

    assert len(late[0]) == 50
    assert_all_assigned(small, report, unknown=late[0])


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "not answered"])
def test_what_becomes_visible_late_is_waited_for_and_not_sent_again(start_world: StartWorld, lost: bool) -> None:
    world = start_world(**SMALL, SETTLE_SECONDS="8")
    world.braintrust.faults.lag_seconds = 4.0
    if lost:
        world.braintrust.faults.next("insert", Reset(applied=True), nth=2)

    report = approved(world)

    assert_all_assigned(world, report)
    assert "not visible" not in report.text
    assert world.braintrust.requests.count("insert") == BATCHES


def test_a_second_plan_leaves_alone_what_the_first_one_wrote_unseen(start_world: StartWorld) -> None:
    world = start_world(**SMALL)
    world.braintrust.faults.lag_seconds = 5.0
    first = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(first, "approve")
        gate.wait_for_arrivals(1)
        second = world.proposed("limit=200")
        world.press(second, "approve")
    reports = [world.report(plan, seconds=PATIENCE) for plan in (first, second)]

    assert_all_assigned(world, reports[0])
    assert reports[1].text.startswith("Done. Assigned 0 rows: every row left the plan meanwhile.")
    world.assert_agreement(*reports)


def test_a_batch_that_is_too_large_is_halved(small: World) -> None:
    small.braintrust.faults.always("insert", Status(413), when=lambda body: body.count("_is_merge") > 20)

    report = approved(small)

    assert_all_assigned(small, report)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "2"}], ids=["without a time", "with a time"])
def test_a_rate_limit_of_reading_and_writing_is_waited_for(small: World, headers: dict[str, str]) -> None:
    small.braintrust.faults.next("insert", Status(429, headers=headers), times=2)
    small.braintrust.faults.next("query", Status(429, headers=headers), times=2, nth=5)

    report = approved(small)

    assert_all_assigned(small, report)
    assert small.braintrust.faults.armed() == []


# --- Braintrust: reading ---


@pytest.mark.parametrize("fault", [Status(503), Reset(after_seconds=1.0), Garbage(), CutBody(), Reset()], ids=str)
def test_a_query_that_fails_is_asked_again(small: World, fault: Fault) -> None:
    """For a page of the plan, and for its rows by id."""
    for when in ("cursor:", "id IN"):
        small.braintrust.faults.next("query", fault, times=2, when=partial(_has, when))

    report = approved(small)

    assert_all_assigned(small, report)
    assert small.braintrust.faults.armed() == []


def _has(part: str, text: str) -> bool:
    return part in text


# --- people at work in Braintrust ---


Step = Callable[[World, Callable[[Asked], None]], None]
STEPS: dict[str, Step] = {
    "before the second page": lambda w, act: on_nth(w, "query", 3, act),
    "before the plan is checked": lambda w, act: on_nth(w, "query", 1, act, when="id IN"),
    "before the first batch is written": lambda w, act: on_nth(w, "insert", 1, act),
    "before the third batch is written": lambda w, act: on_nth(w, "insert", 3, act),
}
REASONS = {
    DropReason.GONE: "1 row left out: deleted meanwhile",
    DropReason.UNTAGGED: "1 row left out: no longer tagged",
    DropReason.FINISHED: "1 row left out: finished meanwhile",
    DropReason.ASSIGNED: "1 row left out: assigned by somebody else meanwhile",
}


@pytest.mark.parametrize("step", STEPS)
def test_rows_that_people_change_between_two_steps_are_left_to_them(small: World, step: str) -> None:
    """Four rows of the last batch: one deleted, one untagged, one finished, one assigned."""
    touched: list[str] = []

    def act(_asked: Asked) -> None:
        touched.extend(interfere(small))

    small.braintrust.faults.latency(3.0, kind="insert")  # the last batch is sent over ten seconds after the first one
    STEPS[step](small, act)
    report = approved(small)

    assert len(touched) == 4
    assert report.text.startswith(f"Done. Assigned {small.seeded.open - 4} rows")
    if step != "before the second page":
        assert [reason for reason in REASONS.values() if reason not in report.text] == []
    small.assert_agreement(report, by_hand=touched)
    assert [row for row in touched if writes(small, row)] == []


@pytest.mark.parametrize("fault", [Reset(), Status(504)], ids=str)
def test_rows_that_people_change_before_they_are_sent_again_are_left_to_them(small: World, fault: Fault) -> None:
    """Nobody knew yet whether the first request had an effect."""
    touched: list[str] = []

    def act(asked: Asked) -> None:
        touched.extend(interfere(small, rows_in(small, asked)[:4]))

    on_nth(small, "insert", 2, act)
    small.braintrust.faults.next("insert", fault, nth=2)
    report = approved(small)

    assert report.text.startswith(f"Done. Assigned {small.seeded.open - 4} rows")
    assert [reason for reason in REASONS.values() if reason not in report.text] == []
    small.assert_agreement(report, by_hand=touched)
    assert [row for row in touched if writes(small, row)] == []


def test_rows_that_people_take_over_after_they_were_written_are_reported_as_theirs(small: World) -> None:
    taken: list[str] = []

    def act(asked: Asked) -> None:
        [row] = [row for row in rows_in(small, asked) if writes(small, row)][:1]
        small.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row, ["somebody-else"])
        taken.append(row)

    on_nth(
        small, "query", 1, act, when="id IN", that=lambda asked: any(writes(small, r) for r in rows_in(small, asked))
    )
    report = approved(small)

    assert report.text.startswith(f"Done. Assigned {small.seeded.open - 1} rows")
    assert REASONS[DropReason.ASSIGNED] in report.text
    row = small.braintrust.rows.get(DEFAULT_PROJECT_ID, taken[0])
    assert row is not None
    assert row.assignments == ("somebody-else",)


# --- Slack ---


SLACK_FAULTS = [
    SlackStatus(503),
    SlackStatus(429, headers={"Retry-After": "1"}),
    SlackReset(),
    SlackReset(applied=True),
]


@pytest.mark.parametrize("fault", SLACK_FAULTS, ids=str)
@pytest.mark.parametrize("posts_before", [0, 1], ids=["the plan", "the thread"])
def test_a_message_that_slack_did_not_take_is_posted_again(small: World, fault: Any, posts_before: int) -> None:
    """Nothing is lost; only a message that Slack took without saying so may be there twice."""
    plan = None
    if posts_before:
        plan = small.proposed()
        small.answer(ADA, "The plan is ready")
    small.slack.faults.next("chat.postMessage", fault, times=2)

    if plan is None:
        small.type()
        small.answer(ADA, "The plan is ready")
        plan = plans_of(small)[-1]
    small.press(plan, "approve")
    report = small.report(plan, seconds=PATIENCE)

    assert_all_assigned(small, report)
    finals = {m.text for m in small.slack.workspace.thread(REVIEWS, plan.ts) if m.text.startswith(FINAL)}
    twice = fault == Reset(applied=True)
    assert len(plans_of(small)) == (3 if twice and not posts_before else 1)
    assert finals == {report.text}


def test_a_plan_that_slack_posted_twice_is_closed_where_it_is_pressed_late(small: World) -> None:
    small.slack.faults.next("chat.postMessage", SlackReset(applied=True))
    small.type()
    small.answer(ADA, "The plan is ready")
    lost, live = plans_of(small)

    small.press(live, "approve")
    small.report(live, seconds=PATIENCE)
    small.press(lost, "approve")

    assert small.answer(ADA, "Already approved by")
    closed = small.shows(lost, "It goes on in")
    assert f"p{live.ts.replace('.', '')}|another message>" in closed.text
    assert "approve" not in str(closed.blocks)
    small.assert_each_written_once()


@pytest.mark.parametrize(
    "fault", [SlackStatus(429, headers={"Retry-After": "1"}), SlackReset(), SlackReset(applied=True)], ids=str
)
def test_the_thread_ends_right_although_slack_failed_to_change_it(small: World, fault: Any) -> None:
    plan = small.proposed()
    small.answer(ADA, "The plan is ready")
    small.slack.faults.next("chat.update", fault, times=3)

    small.press(plan, "approve")
    report = small.report(plan, seconds=PATIENCE)

    assert_all_assigned(small, report)
    assert not [block for block in small.shows(plan, f"Approved by <@{ADA}>").blocks if block["type"] == "actions"]


@pytest.mark.parametrize("since", ["the approval", "the first row"])
@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
def test_what_cannot_be_edited_is_said_anew_with_counts_file_and_buttons(small: World, since: str, code: str) -> None:
    plan = small.proposed()
    small.answer(ADA, "The plan is ready")
    with small.braintrust.faults.hold("insert") as gate:
        if since == "the approval":
            small.slack.faults.next("chat.update", SlackError(code), times=100)
        small.press(plan, "approve")
        gate.wait_for_arrivals(1)
        small.wait(lambda w: w.thread(REVIEWS, plan.ts) or None)
        small.slack.faults.next("chat.update", SlackError(code), times=100)

    report = small.report(plan, seconds=PATIENCE)

    assert_all_assigned(small, report)
    assert "undo" in str(report.blocks)
    small.wait(lambda w: w.files(REVIEWS, plan.ts) or None)
    assert [m.ts for m in small.slack.workspace.thread(REVIEWS, plan.ts) if m.text.startswith(FINAL)] == [report.ts]
    assert plans_of(small) == [small.now(plan)]


def delete_the_plan(world: World, plan: Message) -> None:
    world.slack.workspace.drop(world.now(plan))


def archive_the_channel(world: World, _plan: Message) -> None:
    world.slack.workspace.change_channel(REVIEWS, is_archived=True)
    world.slack.faults.next("chat.update", SlackError("is_inactive"), times=100)


def remove_the_bot(world: World, _plan: Message) -> None:
    world.slack.workspace.leave(REVIEWS, "U0BOT")
    world.slack.faults.next("chat.update", SlackError("channel_not_found"), times=100)


LOSSES = {
    "the plan's message is deleted": delete_the_plan,
    "the channel is archived": archive_the_channel,
    "the bot is removed": remove_the_bot,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_assignment_ends_and_its_requester_is_told_when_the_thread_is_lost(small: World, loss: str) -> None:
    plan = small.proposed()
    small.answer(ADA, "The plan is ready")
    with small.braintrust.faults.hold("insert") as gate:
        small.press(plan, "approve")
        gate.wait_for_arrivals(1)
        small.wait(lambda w: w.thread(REVIEWS, plan.ts) or None)
        LOSSES[loss](small, plan)

    done = f"Done. Assigned {small.seeded.open} rows across 5 reviewers."
    told = small.wait(lambda w: [text for text in told_directly(w) if done in text], seconds=PATIENCE)

    assert plan_id(plan.text) in told[0]
    assert len(told) == 1
    with small.stored() as stored:
        assert stored.plan(plan_id(plan.text)).state == "done"
    small.assert_agreement(replace(plan, text=told[0].split("\n", 1)[1]))


def test_the_thread_s_reply_ends_right_although_the_plan_s_message_was_deleted(small: World) -> None:
    """Slack keeps a thread whose first message is gone: what stands there must not say for ever that it goes on."""
    plan = small.proposed()
    small.answer(ADA, "The plan is ready")
    with small.braintrust.faults.hold("insert") as gate:
        small.press(plan, "approve")
        gate.wait_for_arrivals(1)
        small.wait(lambda w: w.thread(REVIEWS, plan.ts) or None)
        small.slack.workspace.drop(small.now(plan))

    assert small.report(plan, seconds=PATIENCE).text.startswith("Done.")


def test_a_plan_that_could_not_be_posted_does_not_stand_in_the_way_of_the_next(small: World) -> None:
    """Nobody can approve or cancel what nobody sees."""
    small.slack.faults.next("chat.postMessage", SlackError("restricted_action"))
    small.type()
    told = small.wait(lambda w: [text for text in told_directly(w) if "cannot be shown in its channel" in text])

    report = approved(small)

    assert "does not let the bot post" in told[0]
    assert_all_assigned(small, report)


# --- the database ---


@pytest.mark.postgresql
def test_a_database_that_is_locked_for_five_seconds_loses_nothing(start_world: StartWorld) -> None:
    """Neither what was written meanwhile, nor the press of a button: who pressed is told to press again."""
    worlds = [start_world(database=database, **SMALL) for database in ("sqlite", "postgresql")]

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(approved_while_locked, worlds))

    for world, report in zip(worlds, reports, strict=True):
        assert_all_assigned(world, report)


def approved_while_locked(world: World) -> Message:
    plan = world.proposed()
    world.answer(ADA, "The plan is ready")
    with world.locked():
        world.press(plan, "approve")
        assert "does not answer" in world.answer(ADA, "does not answer")
    on_nth(world, "insert", 2, lambda _: lock_for(world, seconds=5))
    world.press(plan, "approve")
    return world.report(plan, seconds=PATIENCE)


@pytest.mark.postgresql
def test_a_postgresql_that_restarts_in_the_middle_loses_nothing(start_world: StartWorld) -> None:
    world = start_world(database="postgresql", **SMALL)
    on_nth(world, "insert", 2, lambda _: restart_postgresql(world))

    report = approved(world)

    assert_all_assigned(world, report)


# --- helpers ---


def on_nth(
    world: World,
    kind: Any,
    nth: int,
    act: Callable[[Asked], object],
    *,
    when: str = "",
    that: Callable[[Asked], bool] = lambda _: True,
) -> None:
    """Let something happen right before the `nth` request of a kind whose text has `when` is worked off."""
    lock, seen = threading.Lock(), [0]

    def hook(asked: Asked) -> None:
        with lock:
            if when not in asked.text or not that(asked):
                return
            seen[0] += 1
            now = seen[0] == nth
        if now:
            act(asked)

    world.braintrust.faults.on_request(kind, hook)


def rows_in(world: World, asked: Asked) -> list[str]:
    """The rows that a request names."""
    return [row_id for row_id in world.before if row_id in asked.text]


def writes(world: World, row_id: str) -> int:
    """How often a row was written through the API."""
    row = world.braintrust.rows.get(DEFAULT_PROJECT_ID, row_id)
    return 0 if row is None else sum(change.source == "api" for change in row.history)


def interfere(world: World, rows: list[str] | None = None) -> list[str]:
    """Delete, untag, finish and assign one row each: `rows`, or some that the plan hands out last."""
    gone, untagged, finished, taken = rows or last_rows(world)[:4]
    world.braintrust.rows.delete(DEFAULT_PROJECT_ID, gone)
    world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, untagged, ["other"])
    world.braintrust.rows.finish_by_hand(DEFAULT_PROJECT_ID, finished)
    world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, taken, ["somebody-else"])
    return [gone, untagged, finished, taken]


def last_rows(world: World) -> list[str]:
    """The rows of the newest plan's last batch; before there is one, the rows that will be read last."""
    with world.stored() as stored:
        batches = stored.batches.of(stored.plans.recent(most=1)[0].id)
    return [row_id for row_id, _ in batches[-1].kept] if batches else [row.id for row in world.free_rows()]


def plans_of(world: World) -> list[Message]:
    return [m for m in world.slack.workspace.channel_messages(REVIEWS) if "\nTag `" in m.text]


def told_directly(workspace: Any) -> list[str]:
    """What the bot said to the requester alone."""
    said = [message.text for message in workspace.direct_messages(ADA) if message.user == "U0BOT"]
    return said + [private.text for private in workspace.ephemerals(ADA)]


def lock_for(world: World, *, seconds: float) -> None:
    """Lock the database from now on; returns as soon as it is locked."""
    is_locked, is_over = threading.Event(), threading.Event()

    def keep() -> None:
        with world.locked():
            is_locked.set()
            is_over.wait(seconds)

    threading.Thread(target=keep).start()
    assert is_locked.wait(60)


def restart_postgresql(world: World) -> None:
    """Let the server fall, with every connection, and start again."""
    data = Path(parse_qs(urlsplit(world.database_url).query)["host"][0]) / "data"
    as_whom: dict[str, Any] = (
        {"user": data.owner(), "group": data.group(), "extra_groups": []} if os.geteuid() == 0 else {}
    )
    command = [
        str(programs() / "pg_ctl"),
        "-D",
        str(data),
        "-w",
        "-m",
        "immediate",
        "-l",
        str(data.parent / "log"),
        "restart",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=data.parent, **as_whom)
