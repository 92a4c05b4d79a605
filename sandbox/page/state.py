"""The page's state, as JSON: the workspace as it is now, and the project's rows counted."""

from collections import Counter
from typing import Any, TypeAlias

from sandbox.braintrust.row import Row
from sandbox.demo_once import COMMAND
from sandbox.demo_world import TAG, World
from sandbox.slack.records import Channel, Item, Message, Person

Json: TypeAlias = dict[str, Any]


def page_state(world: World, switches: Json) -> Json:
    """Everything; the page picks what the person who is acted as may see."""
    workspace = world.slack.workspace
    return {
        "command": COMMAND,
        "bot": workspace.bot.id,
        "people": [_person(person) for person in workspace.people()],
        "groups": {group.id: group.handle for group in workspace.user_groups()},
        "channels": [_channel(channel) for channel in workspace.channels()],
        "messages": [_message(message) for message in (*workspace.messages(), *workspace.ephemerals())],
        "views": [_fields(view, "id", "user", "content") for view in workspace.views() if view.type == "modal"],
        "braintrust": {**_rows(world), "requests": requests_state(world), "switches": switches},
    }


def requests_state(world: World) -> Json:
    """How many requests there were, of each sort that the page tells apart."""
    seen = world.braintrust.requests.all()
    return {
        "queries": sum(one.kind == "query" for one in seen),
        "writes": sum(one.kind == "insert" for one in seen),
        "refused": sum(one.status == 429 for one in seen),
        "failed": sum(one.status is not None and (one.status >= 500 or one.status == 0) for one in seen),
        "underWay": sum(one.ended is None for one in seen),
        "slack": world.slack.calls.count(),
    }


def _person(person: Person) -> Json:
    kind = "app" if person.is_bot else "guest" if person.is_restricted else "external" if person.is_stranger else ""
    return {**_fields(person, "id", "name", "real_name"), "kind": kind}


def _channel(channel: Channel) -> Json:
    return {**_fields(channel, "id", "name", "is_private", "is_im"), "members": sorted(channel.members)}


def _message(message: Message) -> Json:
    files = [{**_fields(file, "id", "name", "title"), "size": len(file.content)} for file in message.files]
    said = _fields(message, "id", "channel", "ts", "user", "text", "blocks", "thread_ts", "seen_by", "edited")
    return {**said, "files": files}


def _fields(item: Item, *names: str) -> Json:
    return {name: getattr(item, name) for name in names}


def _rows(world: World) -> Json:
    rows = world.matching_rows()
    bars: Counter[tuple[str, str]] = Counter()
    for row in rows:
        bars.update((who, _origin(row)) for who in row.assignments)
    people = [
        {"id": who, "name": name, **{origin: bars[who, origin] for origin in ("before", "api", "hand")}}
        for who, name in world.names.items()
        if who in world.reviewers or any(owner == who for owner, _ in bars)
    ]
    nobody = [row for row in rows if not row.assignments]
    open_rows = sum(row.status in (None, "PENDING") for row in nobody)
    return {
        "tag": TAG,
        "matching": len(rows),
        "people": people,
        "unassigned": open_rows,
        "finished": len(nobody) - open_rows,
    }


def _origin(row: Row) -> str:
    """Who assigned a row last: nobody since the demo began, the bot, or somebody by hand."""
    return row.history[-1].source if row.history else "before"
