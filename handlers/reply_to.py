"""The place where the person behind a payload reads an answer: in private, and where they acted."""

from collections.abc import Mapping
from typing import Any

from bot.services.ports.slack import ReplyTo


def reply_to(body: Mapping[str, Any]) -> ReplyTo | None:
    """Who acted, in a command or by a press, and where; None for events, which wait for no answer."""
    user = body.get("user_id") or _part(body, "user", "id")
    channel = body.get("channel_id") or _part(body, "channel", "id")
    url = body.get("response_url")
    if not user or not isinstance(url, str):
        return None
    pressed, thread = _part(body, "container", "message_ts"), _part(body, "container", "thread_ts")
    return ReplyTo(
        str(user),
        str(channel) if channel else None,
        url,
        thread_ts=str(thread) if thread and thread != pressed else None,
        is_private=_part(body, "container", "is_ephemeral") is True,
    )


def pressed_message(body: Mapping[str, Any]) -> str | None:
    """The `ts` of the message whose button was pressed."""
    ts = _part(body, "container", "message_ts")
    return ts if isinstance(ts, str) else None


def _part(body: Mapping[str, Any], name: str, key: str) -> object:
    thing = body.get(name)
    return thing.get(key) if isinstance(thing, dict) else None
