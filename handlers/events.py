"""Mentions, direct messages, and being added to a channel: each is answered with help, once."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltContext

from bot.services.greeting import Greeting


def register(app: App) -> None:
    """Listen to the events that deserve an answer."""
    app.event("app_mention")(greet)
    app.event("message")(greet_directly)
    app.event("member_joined_channel")(greet_channel)


def greet(body: dict[str, Any], event: Mapping[str, Any], greeting: Greeting) -> None:
    """Somebody mentioned the bot: answer in the thread."""
    greeting.say(_event_id(body), str(event["channel"]), thread_ts=str(event.get("thread_ts") or event["ts"]))


def greet_directly(body: dict[str, Any], event: Mapping[str, Any], greeting: Greeting) -> None:
    """Somebody wrote to the bot directly."""
    if event.get("channel_type") == "im" and event.get("user") and not event.get("bot_id") and not event.get("subtype"):
        greeting.say(_event_id(body), str(event["channel"]))


def greet_channel(body: dict[str, Any], event: Mapping[str, Any], greeting: Greeting, context: BoltContext) -> None:
    """The bot was added to a channel."""
    if event.get("user") == context.bot_user_id:
        greeting.say(_event_id(body), str(event["channel"]))


def _event_id(body: Mapping[str, Any]) -> str:
    return str(body.get("event_id") or "")
