"""Presses of buttons: who is first, who may, and what everybody else is told."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from sandbox.slack.records import Message
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, CHLOE, EXTERNAL, GUEST, PARTNERS, REVIEWS, World


def test_a_double_click_assigns_once_and_the_second_is_told_who_was_first(world: World) -> None:
    plan = world.proposed()

    with ThreadPoolExecutor(2) as people:
        list(people.map(lambda user: world.slack.press(user, plan, "approve", value=_value(plan)), [ADA, BEN]))
    world.report(plan)

    told = world.wait(
        lambda w: [e.text for user in (ADA, BEN) for e in w.ephemerals(user) if "Already approved by" in e.text]
    )
    assert len(told) == 1
    world.assert_each_written_once()


def test_cancel_ends_a_plan_and_a_later_approval_is_told_so(world: World) -> None:
    plan = world.proposed()

    world.press(plan, "cancel")
    cancelled = world.shows(plan, f"Cancelled by <@{ADA}>")
    world.press(plan, "approve", user=BEN, value=_value(plan))

    assert "Nothing was assigned" in cancelled.text
    assert f"Already cancelled by <@{ADA}>" in world.answer(BEN, "Already cancelled")
    assert world.newly_assigned() == {}


def test_cancel_works_while_the_rows_are_read(start_world: StartWorld) -> None:
    world = start_world(PAGE_SIZE="20")
    world.braintrust.faults.latency(0.5, kind="query")
    world.type()
    [answer] = world.slack.workspace.ephemerals(ADA)

    world.press(answer, "cancel")

    assert "Cancelled. Nothing was assigned." in world.answer(ADA, "Cancelled. Nothing")
    assert world.slack.workspace.channel_messages(REVIEWS) == []


def test_a_newer_plan_replaces_the_live_one_which_links_to_it(world: World) -> None:
    old = world.proposed()

    new = world.proposed("limit=5")
    replaced = world.shows(old, "a newer plan>")
    world.press(old, "approve", value=_value(old))

    link = f"p{new.ts.replace('.', '')}|a newer plan>"
    assert link in replaced.text
    assert link in world.answer(ADA, "was replaced by")
    assert not [block for block in replaced.blocks if block["type"] == "actions"]


def test_a_dry_run_and_a_plan_for_another_tag_replace_nothing(world: World) -> None:
    plan = world.proposed()

    world.proposed("dry-run")
    world.type('tag="another tag"')
    world.answer(ADA, "no row is tagged `another tag`")

    assert [block for block in world.now(plan).blocks if block["type"] == "actions"]


def test_guests_and_external_people_may_not_approve(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_CHANNELS=PARTNERS)
    plan = world.proposed(channel=PARTNERS)

    for outsider in (GUEST, EXTERNAL):
        world.press(plan, "approve", user=outsider)

    for outsider in (GUEST, EXTERNAL):
        assert "Guests and people from other organisations cannot" in world.answer(outsider, "Guests")
    assert world.newly_assigned() == {}


def test_only_approvers_may_approve_and_the_requester_may_always_cancel(start_world: StartWorld) -> None:
    world = start_world(APPROVERS=BEN)
    plan = world.proposed(user=CHLOE)

    world.press(plan, "approve", user=ADA)
    refused = world.answer(ADA, "Approvers are")
    world.press(plan, "cancel", user=ADA)
    also_refused = world.answer(ADA, "may end it")
    world.press(plan, "cancel", user=CHLOE)

    assert f"Approvers are <@{BEN}>." in refused
    assert f"<@{CHLOE}> or an approver may end it" in also_refused
    assert world.shows(plan, f"Cancelled by <@{CHLOE}>")


def test_a_user_group_names_the_approvers(start_world: StartWorld) -> None:
    world = start_world(APPROVERS="S0REVIEWERS")
    group = world.slack.workspace.user_groups()[0]
    plan = world.proposed()

    world.press(plan, "approve", user=group.members[0])

    assert world.report(plan).text.startswith("Done.")


def test_with_four_eyes_somebody_else_has_to_approve(start_world: StartWorld) -> None:
    world = start_world(FOUR_EYES="true")
    plan = world.proposed(user=ADA)

    world.press(plan, "approve", user=ADA)
    refused = world.answer(ADA, "somebody else has to approve")
    world.press(plan, "approve", user=BEN)

    assert "You asked for it" in refused
    assert world.report(plan).text.startswith("Done.")


def test_with_four_eyes_a_plan_in_direct_messages_is_refused_and_a_dry_run_is_not(start_world: StartWorld) -> None:
    world = start_world(FOUR_EYES="true")
    direct = world.slack.workspace.direct_channel(ADA).id

    world.type(channel=direct)
    refused = world.answer(ADA, "No plan was made.")
    world.type("dry-run", channel=direct)

    assert "Only you see what is posted here, and you may not approve it." in refused
    assert world.answer(ADA, "The dry run is ready")


def test_approvers_are_told_of_a_plan_and_reminded_an_hour_before_it_expires(start_world: StartWorld) -> None:
    world = start_world(APPROVERS=f"{BEN},S0REVIEWERS")
    plan = world.proposed()
    with closing(sqlite3.connect(world.folder / "bot.db")) as database, database:
        soon = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '{}')"
        database.execute(
            f"update plans set created_at = {soon.format('-1 day')}, expires_at = {soon.format('30 minutes')}"
        )

    [reminder] = world.wait(lambda w: w.thread(REVIEWS, plan.ts))

    assert f"To be approved by <!subteam^S0REVIEWERS>, <@{BEN}>." in plan.text
    assert f"is not approved yet. To be approved by <!subteam^S0REVIEWERS>, <@{BEN}>." in reminder.text


def test_an_expired_plan_cannot_be_approved(world: World) -> None:
    plan = world.proposed()
    with closing(sqlite3.connect(world.folder / "bot.db")) as database, database:
        database.execute("update plans set expires_at = '2020-01-01 00:00:00.000000'")

    world.press(plan, "approve", value=_value(plan))

    assert "expired" in world.answer(ADA, "expired")
    assert "Nobody approved it in time. Nothing was assigned." in world.shows(plan, "Expired: ").text
    assert world.newly_assigned() == {}


def test_an_unknown_plan_and_an_old_version_are_answered(world: World) -> None:
    plan = world.proposed()

    world.press(plan, "approve", value="zzzzzzz:1")
    world.press(plan, "approve", value=_value(plan).replace(":1", ":7"))

    assert "no record of plan `zzzzzzz`" in world.answer(ADA, "no record")
    assert "has changed since" in world.answer(ADA, "has changed since")
    assert world.newly_assigned() == {}


def test_stop_ends_the_assignment_after_the_batches_on_their_way(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="50", PARALLEL_REQUESTS="2")
    plan = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(2)
        [reply] = world.wait(lambda w: w.thread(REVIEWS, plan.ts))
        world.press(reply, "stop", user=BEN)
        world.answer(BEN, "stops after the batches")
    report = world.report(plan)

    assigned = world.newly_assigned()
    assert report.text.startswith(f"Stopped. Assigned {len(assigned)} of {world.seeded.open} rows")
    assert f"Stopped by <@{BEN}>" in report.text
    assert f"{world.seeded.open - len(assigned)} rows not sent" in report.text
    assert len(assigned) == 100
    world.assert_each_written_once()


def test_a_retry_that_is_sent_twice_starts_a_stopped_assignment_once(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="50", PARALLEL_REQUESTS="2")
    plan = world.proposed()
    stopped = _stopped(world, plan, lambda: world.press(plan, "approve"))
    again = _stopped(world, plan, lambda: world.press(stopped, "retry"))
    before = world.transitions(plan)

    for action, message in (("retry", stopped), ("approve", plan)):
        world.press(message, action, value=_pressed_value(message, action))

    assert world.answer(ADA, "has gone on since this was shown")
    assert world.answer(ADA, "Already stopped by")
    assert world.transitions(plan) == before
    world.press(again, "retry")
    assert world.shows_in_thread(plan, "Done.")
    world.assert_each_written_once()


def _stopped(world: World, plan: Message, begin: Callable[[], None]) -> Message:
    """The report of an assignment that was begun, and stopped at its first batches."""
    known = {m.text for m in world.slack.workspace.thread(REVIEWS, plan.ts)}
    with world.braintrust.faults.hold("insert") as gate:
        begin()
        gate.wait_for_arrivals(2)
        reply = world.shows_in_thread(plan, "Assigning:")
        world.press(reply, "stop")
    return world.wait(
        lambda w: next(
            (m for m in w.thread(REVIEWS, plan.ts) if m.text.startswith("Stopped.") and m.text not in known), None
        )
    )


def _pressed_value(message: Message, action: str) -> str:
    elements = [element for block in message.blocks for element in block.get("elements", [])]
    return next(str(element["value"]) for element in elements if element.get("action_id") == action)


def _value(plan: object) -> str:
    """The value of the plan's buttons."""
    blocks = plan.blocks  # type: ignore[attr-defined]
    values = [element["value"] for block in blocks if block["type"] == "actions" for element in block["elements"]]
    value: str = values[0]
    return value
