"""Private answers stand where somebody pressed, and take the place of the private message that was pressed."""

from sandbox.slack.records import Message
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, REVIEWS, World


def buttons(private: Message) -> list[str]:
    return [
        element["action_id"] for block in private.blocks for element in block.get("elements", []) if "value" in element
    ]


def in_thread(world: World, thread_ts: str, words: str) -> Message:
    """The private message in a thread that says some words, once it is there."""
    return world.wait(lambda w: next((e for e in w.ephemerals() if words in e.text and e.thread_ts == thread_ts), None))


def test_presses_in_the_thread_are_answered_there(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="50", PARALLEL_REQUESTS="2")
    plan = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(2)
        [reply] = world.wait(lambda w: w.thread(REVIEWS, plan.ts))
        world.press(reply, "stop", user=BEN)
    stopped = in_thread(world, plan.ts, "stops after the batches")
    report = world.report(plan)
    world.press(report, "retry", user=BEN)
    retried = in_thread(world, plan.ts, "goes on with the rows that are left")
    done = world.wait(lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if m.text.startswith("Done.")), None))
    world.press(done, "undo", user=ADA)
    preview = in_thread(world, plan.ts, "can be taken back")
    world.press(preview, "undo_confirm", user=ADA)
    taken = in_thread(world, plan.ts, "are taken back. Its thread follows.")

    assert {stopped.seen_by, retried.seen_by} == {BEN}
    assert (buttons(preview), buttons(taken)) == (["undo_confirm"], [])
    assert taken.id == preview.id  # in its place
    in_channel = [e.text for e in world.slack.workspace.ephemerals() if e.thread_ts is None]
    assert [text for text in in_channel if "You approved" not in text and "The plan is ready" not in text] == []


def test_a_refusal_in_the_thread_is_answered_there(start_world: StartWorld) -> None:
    world = start_world(APPROVERS=ADA)
    plan = world.proposed()
    world.press(plan, "approve")
    report = world.report(plan)

    world.press(report, "undo", user=BEN)

    assert in_thread(world, plan.ts, "may have it taken back").seen_by == BEN


def test_of_two_previews_the_second_loses_its_button_when_it_is_pressed(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve", user=BEN)
    report = world.report(plan)
    for user in (ADA, BEN):
        world.press(report, "undo", user=user)
    mine, theirs = [
        world.wait(lambda w, user=user: next((e for e in w.ephemerals(user) if "can be taken back" in e.text), None))  # type: ignore[misc]
        for user in (ADA, BEN)
    ]

    world.press(mine, "undo_confirm", user=ADA)
    world.press(theirs, "undo_confirm", user=BEN)

    late = in_thread(world, plan.ts, "taken back already")
    assert (late.id, buttons(late)) == (theirs.id, [])


def test_one_command_has_one_private_note(start_world: StartWorld) -> None:
    """Also where its Cancel is pressed while the rows are read."""
    world = start_world(PAGE_SIZE="20")
    world.braintrust.faults.latency(0.3, kind="query")
    world.type()
    [note] = world.slack.workspace.ephemerals(ADA)

    world.press(note, "cancel")
    world.answer(ADA, "Cancelled. Nothing was assigned.")

    [left] = world.slack.workspace.ephemerals(ADA)
    assert (left.id, buttons(left)) == (note.id, [])
