"""Payloads that Slack sends to a bot: commands, clicks, events.  Pure."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.slack.answers import message_json
from sandbox.slack.backend import Backend
from sandbox.slack.blocks import interactive_elements
from sandbox.slack.records import Channel, Json, Message, Person, View

_TOLD_OF_ELEMENT = ("action_id", "type", "text", "value", "style", "placeholder", "confirm", "url")


class PayloadKind(StrEnum):
    """The type of a Socket Mode envelope, which also says how HTTP encodes the payload."""

    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Payload:
    """One thing for the bot to acknowledge."""

    kind: PayloadKind
    content: Json


@dataclass(frozen=True, slots=True)
class Click:
    """A button (or menu) and the message it is on, as the person saw it."""

    message: Message
    block_id: str
    element: Json


def find_click(message: Message, action_id: str, value: str | None) -> Click | None:
    """The element with this action id (and value, if one is given) on the message."""
    for block in message.blocks:
        for element in interactive_elements(block):
            if element.get("action_id") == action_id and value in (None, element.get("value")):
                return Click(message, block.get("block_id", ""), element)
    return None


def command_payload(backend: Backend, person: Person, channel: Channel, told: Json) -> Payload:
    """A slash command; `told` is what was typed, and the ways to answer.  A private channel's name is not told."""
    content = {
        **_app(backend),
        "team_id": backend.workspace.team_id,
        "team_domain": backend.workspace.domain,
        "channel_id": channel.id,
        "channel_name": _told_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "is_enterprise_install": "false",
        **told,
    }
    return Payload(PayloadKind.COMMAND, content)


def click_payload(backend: Backend, person: Person, click: Click, *, chosen: Json, ways: Json) -> Payload:
    """A `block_actions` payload; a click on a private answer carries no message, as with Slack."""
    workspace, message, element = backend.workspace, click.message, click.element
    told = {key: element[key] for key in _TOLD_OF_ELEMENT if key in element}
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    place = {"message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": message.seen_by is not None}
    state = {click.block_id: {element["action_id"]: {"type": element["type"], **chosen}}} if chosen else {}
    content: Json = {
        **_interaction(backend, "block_actions", person),
        "container": {"type": "message", **place, **thread},
        "channel": {"id": message.channel, "name": _told_name(workspace.channel(message.channel))},
        "state": {"values": state},
        **ways,
        "actions": [{**told, "block_id": click.block_id, "action_ts": workspace.clock.next_ts(), **chosen}],
    }
    if message.seen_by is None:
        content["message"] = message_json(workspace, backend.url, message)
    return Payload(PayloadKind.INTERACTION, content)


def submission_payload(backend: Backend, person: Person, view: View, *, values: Json, trigger_id: str) -> Payload:
    """A `view_submission` payload; `values` is the state by block id and action id."""
    workspace = backend.workspace
    told = {"id": view.id, "team_id": workspace.team_id, "app_id": workspace.app_id, "bot_id": workspace.bot_id}
    content: Json = {
        **_interaction(backend, "view_submission", person),
        "trigger_id": trigger_id,
        "view": {"callback_id": "", "private_metadata": "", **view.content, **told, "state": {"values": values}},
        "response_urls": [],
    }
    return Payload(PayloadKind.INTERACTION, content)


def event_payload(backend: Backend, event: Json) -> Payload:
    """An Events API callback around `event`."""
    workspace = backend.workspace
    installed = {"enterprise_id": None, "team_id": workspace.team_id, "is_enterprise_install": False}
    content = {
        **_app(backend),
        "team_id": workspace.team_id,
        "event": {"event_ts": workspace.clock.next_ts(), **event},
        "type": "event_callback",
        "event_id": workspace.next_id("Ev"),
        "event_time": int(workspace.clock.now()),
        "authorizations": [{**installed, "user_id": workspace.bot.id, "is_bot": True}],
        "is_ext_shared_channel": "channel" in event and workspace.channel(event["channel"]).is_ext_shared,
    }
    return Payload(PayloadKind.EVENT, content)


def _app(backend: Backend) -> Json:
    return {"token": "sandbox-verification-token", "api_app_id": backend.workspace.app_id}


def _interaction(backend: Backend, kind: str, person: Person) -> Json:
    workspace = backend.workspace
    team_id = "T0ELSEWHERE" if person.is_stranger else workspace.team_id
    return {
        **_app(backend),
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": team_id},
        "team": {"id": workspace.team_id, "domain": workspace.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _told_name(channel: Channel) -> str:
    return "privategroup" if channel.is_private and not channel.is_im else channel.name
