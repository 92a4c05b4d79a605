"""The page's state, as JSON: the workspace as it is now, and the project's rows counted."""

from collections import Counter
from typing import Any, TypeAlias

from sandbox.braintrust.row import Row
from sandbox.demo_once import COMMAND
from sandbox.demo_world import TAG, World
from sandbox.page.switches import Switches
from sandbox.slack.records import Channel, Message, Person

Json: TypeAlias = dict[str, Any]


def page_state(world: World, switches: Switches) -> Json:
    """Everything; the page picks what the person who is acted as may see."""
    workspace = world.slack.workspace
    return {
        "workspace": workspace.name,
        "command": COMMAND,
        "bot": workspace.bot.id,
        "people": [_person(person) for person in workspace.people()],
        "groups": {group.id: group.handle for group in workspace.user_groups()},
        "channels": [_channel(channel) for channel in workspace.channels()],
        "messages": [_message(message) for message in (*workspace.messages(), *workspace.ephemerals())],
        "braintrust": {**_rows(world), "requests": _requests(world), "switches": switches.state()},
    }


def _person(person: Person) -> Json:
    kind = "app" if person.is_bot else "guest" if person.is_restricted else "external" if person.is_stranger else ""
    return {"id": person.id, "name": person.name, "realName": person.real_name, "kind": kind}


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "isPrivate": channel.is_private,
        "isDirect": channel.is_im,
        "members": sorted(channel.members),
    }


def _message(message: Message) -> Json:
    return {
        "key": message.id,
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "threadTs": message.thread_ts,
        "seenBy": message.seen_by,
        "isEdited": message.edited is not None,
        "files": [
            {"id": file.id, "name": file.name, "title": file.title, "size": len(file.content)} for file in message.files
        ],
    }


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


def _requests(world: World) -> Json:
    seen = world.braintrust.requests.all()
    return {
        "queries": sum(one.kind == "query" for one in seen),
        "writes": sum(one.kind == "insert" for one in seen),
        "refused": sum(one.status == 429 for one in seen),
        "failed": sum(one.status is not None and (one.status >= 500 or one.status == 0) for one in seen),
        "underWay": sum(one.ended is None for one in seen),
        "slack": len(world.slack.calls),
    }
