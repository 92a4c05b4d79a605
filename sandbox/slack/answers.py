"""Answers of the Web API: JSON of people, channels, messages, files, or an error code."""

from typing import Any

from sandbox.slack.records import Channel, Json, Message, Person, StoredFile, UserGroup
from sandbox.slack.workspace import Workspace

_STANDINGS = ("is_restricted", "is_ultra_restricted", "is_stranger")
_SHARINGS = ("is_shared", "is_ext_shared", "is_pending_ext_shared", "is_org_shared")


class SlackError(Exception):
    """A refusal, as in `{"ok": false, "error": code}`, with further fields where Slack has some."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def answer(self) -> Json:
        """The refusal as JSON."""
        return {"ok": False, "error": self.code, **self.fields}


def invalid_arguments(*messages: str) -> SlackError:
    """The call itself is malformed."""
    return SlackError("invalid_arguments", response_metadata={"messages": list(messages)})


def person_json(workspace: Workspace, person: Person, *, with_email: bool) -> Json:
    """A user object."""
    profile: Json = {"real_name": person.real_name, "display_name": person.name, "team": workspace.team_id}
    profile |= {name: getattr(person, name) for name in ("status_text", "status_emoji", "status_expiration")}
    if with_email and person.email:
        profile["email"] = person.email
    same = ("id", "name", "deleted", "real_name", "tz", "is_admin", "is_bot", *_STANDINGS)
    return {
        **{name: getattr(person, name) for name in same},
        "team_id": "T0ELSEWHERE" if person.is_stranger else workspace.team_id,
        "profile": profile,
    }


def channel_json(workspace: Workspace, channel: Channel) -> Json:
    """A conversation object."""
    if channel.is_im:
        other = next(iter(channel.members - {workspace.bot.id}), None)
        return {"id": channel.id, "is_im": True, "is_archived": channel.is_archived, "user": other, "is_open": True}
    return {
        **{name: getattr(channel, name) for name in ("id", "name", "is_private", "is_im", "is_archived", *_SHARINGS)},
        "is_member": workspace.bot.id in channel.members,
        "context_team_id": workspace.team_id,
    }


def file_json(url: str, file: StoredFile) -> Json:
    """A file object."""
    names = ("url_private", "url_private_download", "permalink")
    return {
        **{name: getattr(file, name) for name in ("id", "name", "title", "user")},
        **dict.fromkeys(names, f"{url}/files/{file.id}"),
        "size": len(file.content),
        "channels": [file.channel] if file.channel else [],
    }


def group_json(workspace: Workspace, group: UserGroup) -> Json:
    """A user group object, without its members."""
    return {
        **{name: getattr(group, name) for name in ("id", "name", "handle")},
        "team_id": workspace.team_id,
        "date_delete": 1 if group.is_disabled else 0,
    }


def message_json(workspace: Workspace, url: str, message: Message) -> Json:
    """A message object; those of the bot carry its ids."""
    return {
        "type": "message",
        "user": message.user,
        "team": workspace.team_id,
        "ts": message.ts,
        "text": message.text,
        **({"blocks": list(message.blocks)} if message.blocks else {}),
        **({"bot_id": workspace.bot_id, "app_id": workspace.app_id} if message.user == workspace.bot.id else {}),
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        **({"edited": {"user": message.user, "ts": message.edited}} if message.edited else {}),
        **({"files": [file_json(url, file) for file in message.files]} if message.files else {}),
    }
