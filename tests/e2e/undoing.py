"""Taking an assignment back as people do it, and what has to hold afterwards."""

import re
from collections.abc import Collection
from typing import Any

from bot.adapters.store.batches import BatchStore
from bot.adapters.store.tables import undo_batches
from bot.domain.plan import DropReason, PlanState
from bot.domain.report import written_pairs
from bot.domain.undo import UndoCounts, counted_undo, taken_back
from sandbox.braintrust.row import ASSIGNMENTS, REVIEW_LISTS, Row
from sandbox.slack.records import Message
from tests.e2e.world import ADA, BEN, FREE, REVIEWS, World, plan_id

SAID = re.compile(
    r"Took back (no|[\d,]+) rows?(?:; kept )?(?:([\d,]+) already reviewed)?(?: and )?(?:([\d,]+) changed since)?\."
)


def assigned(world: World) -> tuple[Message, Message]:
    """A plan whose rows were assigned, and its report."""
    plan = world.proposed()
    world.press(plan, "approve", user=BEN)
    report = world.report(plan)
    return plan, report


def previewed(world: World, report: Message, *, user: str = ADA) -> Message:
    """The private answer with the numbers."""
    world.press(report, "undo", user=user)
    return world.wait(lambda w: next((e for e in w.ephemerals(user) if "can be taken back" in e.text), None))


def undone(world: World, plan: Message, *, seconds: float = 60) -> Message:
    """The thread's reply, once the rows are taken back."""
    return world.wait(
        lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if m.text.startswith("Undone")), None), seconds=seconds
    )


def assert_taken_back(world: World, reply: Message, *, kept: Collection[str] = ()) -> None:
    """Rows, thread and database say the same: all is free again but the rows `kept`, which people changed.

    No request changed anything but a row that was exactly as the plan had written it, and in it nothing but whose it
    is; and none made a row.
    """
    with world.stored() as stored:
        plan = stored.plan(plan_id(reply.text))
        pairs = dict(written_pairs(stored.batches.of(plan.id)))
        undone = BatchStore(stored.database, undo_batches).of(plan.id)
        [undoing, ended] = stored.plans.history(plan.id)[-2:]
    rows = {row.id: row for row in world.all_rows()}

    assert plan.state is PlanState.UNDONE
    is_reviewed = {row_id: reason is DropReason.FINISHED for batch in undone for row_id, reason in batch.dropped}
    assert is_reviewed == {row_id: _is_reviewed(rows.get(row_id), pairs[row_id]) for row_id in kept}
    assert taken_back(undone) == pairs.keys() - set(kept)
    assert [row_id for row_id in taken_back(undone) if rows[row_id].assignments] == []
    counts = counted_undo(undone)
    assert _said(reply) == counts
    assert (undoing.who, undoing.after, ended.before, ended.after) == (ADA, "undoing", "undoing", "undone")
    assert [*ended.counts.values()] == [counts.taken_back, counts.reviewed, counts.changed]
    assert [row.id for row in rows.values() if row.phantom or row.id not in world.before] == []
    assert [row_id for row_id in rows.keys() - pairs if rows[row_id] != world.before[row_id]] == []
    for row_id in rows.keys() & pairs:
        _assert_only_ours_was_changed(world.before[row_id], rows[row_id], pairs[row_id])
        assert _rest(rows[row_id]) == _rest(world.before[row_id]), row_id


def _is_reviewed(row: Row | None, who: str) -> bool:
    """Whether a row that is kept is still its reviewer's, who has begun with it."""
    if row is None or row.assignments != (who,):
        return False
    assert row.status != "PENDING", f"{row.id} was forgotten"
    return True


def _rest(row: Row) -> dict[str, Any]:
    """Everything in a row but whose it is, and where it stands in the review list."""
    metadata = {name: value for name, value in row.metadata.items() if name not in (ASSIGNMENTS, REVIEW_LISTS)}
    return {**row.columns, "_xact_id": None, "metadata": metadata}


def _said(reply: Message) -> UndoCounts:
    found = SAID.search(reply.text)
    assert found is not None, reply.text
    return UndoCounts(*(int((count or "0").replace("no", "0").replace(",", "")) for count in found.groups()))


def _assert_only_ours_was_changed(before: Row, row: Row, who: str) -> None:
    """Each request of the bot found the row free, or exactly as the plan had written it, or left it as it was."""
    written = ((who,), "PENDING")
    was = (before.assignments, before.status)
    for change in row.history[len(before.history) :]:
        now = (change.assignments, change.status)
        if change.source == "api" and now != was:
            assert (was, now) in [(FREE, written), (written, ((), "PENDING"))], f"{row.id}: {was} became {now}"
        was = now
