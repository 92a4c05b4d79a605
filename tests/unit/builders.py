"""Plans and what hangs on them, for tests that care about one or two of their properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.plan import Batch, DropReason, LeftOut, Origin, Plan, PlanRequest, PlanState, Reviewer, Share, Window
from bot.domain.reading import LogRow, ReadingCounts
from bot.messages.blocks import Message

NOW = datetime(2026, 5, 18, 9, tzinfo=UTC)
PROJECT = "2f6a1e04-7c55-4f0e-9a51-0c7cbe1a2b3c"
TAG = "My dummy tag"
HOSTILE_NAMES = {
    "plain": "Ana Ruiz",
    "mention": "<!channel> <@U0ADA> <#C0GEN> ",
    "long": "n" * 500,
    "long mention": "<!channel>" * 50,
    "emoji": "\U0001f469\u200d\U0001f680" * 100,
    "backticks": "`" * 500,
    "formatting": "*b* _i_ ~s~ `c` " * 30,
    "ampersands": "&" * 500,
    "angles": "<" * 500,
    "entities": "&lt;!channel&gt;" * 30,
    "lines": "one\ntwo\r\nthree\u2028four",
    "empty": "",
    "terminal": "\x1b[2J\x1b[1;1H\x07a\rb: 9999 rows\x00\x9b31m",
    "directions": "\u202egnp.exe\u2066\u200f\u061c",
    "unseen": "\u200b\u00ad\ufeff\u2060\ue000" * 100,
    "broken": "\ud800x\udfff",
}


def a_request(**changes: Any) -> PlanRequest:
    request = PlanRequest(
        queue="default",
        project_id=PROJECT,
        tag=TAG,
        days=7,
        reviewers=("ana@example.com",),
        limit=None,
        dry_run=False,
        origin=Origin.COMMAND,
        requested_by="U0ASK",
        channel="C0REV",
        response_url="https://hooks.slack.com/commands/1",
    )
    return replace(request, **changes)


def a_plan(state: PlanState = PlanState.PROPOSED, **changes: Any) -> Plan:
    """A plan of 7 rows for 2 reviewers, as the counts say."""
    plan = Plan(
        id="k7f3q2",
        request=a_request(),
        window=Window(NOW - timedelta(days=7), NOW),
        state=state,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        counts=ReadingCounts(matched=12, assigned=3, finished=2, unassigned=7),
        shares=(Share(Reviewer("r1", "Ana Ruiz"), 4), Share(Reviewer("r2", "Ben Okafor"), 3)),
    )
    return replace(plan, **changes)


def shares_of(count: int, *, name: str = "Reviewer", rows: int = 1_949) -> tuple[Share, ...]:
    """`count` reviewers; their numbers of rows differ, so that each can be found again."""
    return tuple(Share(Reviewer(f"r{index}", f"{index} {name}"), rows + index) for index in range(count))


def a_large_plan(state: PlanState, *, reviewers: int, name: str = "Reviewer", **changes: Any) -> Plan:
    """A plan whose every text is as long as such texts get."""
    shares = tuple(
        replace(share, open_rows=123_456, weight=100, is_full=True) for share in shares_of(reviewers, name=name)
    )
    rows = sum(share.rows for share in shares)
    values: dict[str, Any] = {
        "request": a_request(tag=(name or TAG)[:255], limit=rows),
        "counts": ReadingCounts(matched=rows + 5_432, assigned=2_000, finished=432, unassigned=rows + 3_000),
        "shares": shares,
        "left_out": tuple(LeftOut(f"{index} {name}", name) for index in range(reviewers // 2)),
        "without_room": 1_234_567,
        "drift": tuple((reason, 1_000 + index) for index, reason in enumerate(DropReason)),
        "notes": ("Braintrust does not let the bot list users, so reviewers are shown by id.",),
        "version": 3,
        "decided_by": "U0BOSS",
        "decided_at": NOW,
    }
    return a_plan(state, **{**values, **changes})


def a_batch(count: int = 4, **changes: Any) -> Batch:
    """A batch whose rows go to two reviewers in turn."""
    rows = tuple((f"row-{index}", f"r{index % 2 + 1}") for index in range(count))
    return replace(Batch(1, rows), **changes)


def a_row(
    row_id: str, *assignees: str, status: str | None = None, tags: tuple[str, ...] = (TAG,), key: str = ""
) -> LogRow:
    return LogRow(row_id, assignees, status, tags, key)


def block_texts(message: Message) -> list[str]:
    """Every text that the blocks show to read, without the labels of buttons and their questions."""
    parts = [part for block in message.blocks for part in ([block["text"]] if "text" in block else block["elements"])]
    return [part["text"] for part in parts if part["type"] != "button"]


def buttons_of(message: Message) -> dict[str, dict[str, Any]]:
    """The buttons of a message by their action id."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {button["action_id"]: button for row in rows for button in row}
