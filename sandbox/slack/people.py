"""People who use Slack: their commands, clicks, mentions and direct messages, of which the bot hears."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.slack.answers import SlackError
from sandbox.slack.backend import Backend
from sandbox.slack.menu_choices import chosen_fields
from sandbox.slack.payloads import (
    Answerable,
    Click,
    Payload,
    Place,
    click_payload,
    command_payload,
    event_payload,
    find_click,
    submission_payload,
)
from sandbox.slack.records import SLACKBOT, Channel, Delivery, Ephemeral, Json, Message, Person, View
from sandbox.slack.response_urls import ResponseUrls
from sandbox.slack.typed_text import escape_said, escape_signs, escape_typed

_UNHEARD = Delivery(None, "", 0.0, timed_out=False)


class People:
    """Acts as a person, and blocks until the bot acknowledged or its 3 seconds are over."""

    def __init__(self, backend: Backend, response_urls: ResponseUrls, deliver: Callable[[Payload], Delivery]) -> None:
        self._backend = backend
        self._response_urls = response_urls
        self._deliver = deliver

    def command(self, user_id: str, channel_id: str, text: str, *, command: str = "/assign-reviews") -> Delivery:
        """Type a slash command.  The acknowledgement's body becomes a private answer, as does Slack's own complaint."""
        person, channel = self._person(user_id), self._visible_channel(user_id, channel_id)
        escape = escape_typed if self._backend.should_escape else lambda _, typed: escape_signs(typed)
        sent = escape(self._backend.workspace, text.strip())
        ways = self._ways(channel_id, user_id)
        delivery = self._deliver(command_payload(self._backend, Place(person, channel), command, sent, ways))
        self._show_acknowledgement(ways, delivery, Place(person, channel), f"{command} {text}".strip())
        return delivery

    def press(
        self, user_id: str, message: Message | Ephemeral, action_id: str, *, value: str | None = None
    ) -> Delivery:
        """Press a button.  It must be on the message now, unless `value` names one that was: a stale click."""
        person, click = self._person(user_id), self._click(message, action_id, value)
        return self._act(person, click, {})

    def choose(
        self, user_id: str, message: Message | Ephemeral, action_id: str, chosen: str | Sequence[str]
    ) -> Delivery:
        """Choose in a menu: option values, or ids of people or channels."""
        click = self._click(message, action_id, None)
        return self._act(self._person(user_id), click, chosen_fields(click.element, chosen))

    def submit(self, user_id: str, view: View, values: Json) -> Delivery:
        """Submit a modal; `values` is its state by block id and action id.  It closes unless the bot says otherwise."""
        trigger_id = self._backend.issue_trigger(user_id)
        person = self._person(user_id)
        delivery = self._deliver(submission_payload(self._backend, person, view, values=values, trigger_id=trigger_id))
        action = _said_body(delivery.body).get("response_action", "clear") if delivery.body else "clear"
        if delivery.acknowledged and action == "clear":
            self._backend.workspace.dismiss(view)
        return delivery

    def mention(self, user_id: str, channel_id: str, text: str) -> Delivery:
        """Say something in a channel that mentions the bot; a bot that is not a member hears nothing."""
        channel = self._visible_channel(user_id, channel_id)
        message = self._say(user_id, channel_id, text, before=f"<@{self._backend.workspace.bot.id}>")
        if self._backend.workspace.bot.id not in channel.members:
            return _UNHEARD
        return self._tell({"type": "app_mention", "user": user_id, **_spot(message)})

    def direct_message(self, user_id: str, text: str) -> Delivery:
        """Write to the bot."""
        channel = self._backend.workspace.direct_channel(self._person(user_id).id)
        message = self._say(user_id, channel.id, text)
        return self._tell({"type": "message", "channel_type": "im", "user": user_id, **_spot(message)})

    def invite_bot(self, channel_id: str, *, by: str | None = None) -> Delivery:
        """Make the bot a member of a channel."""
        workspace = self._backend.workspace
        workspace.join(channel_id, workspace.bot.id)
        event: Json = {"type": "member_joined_channel", "user": workspace.bot.id, "channel": channel_id}
        kind = "G" if workspace.channel(channel_id).is_private else "C"
        return self._tell({**event, "channel_type": kind, "team": workspace.team_id, **({"inviter": by} if by else {})})

    def home_opened(self, user_id: str) -> Delivery:
        """Open the bot's home tab."""
        channel = self._backend.workspace.direct_channel(self._person(user_id).id)
        return self._tell({"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": "home"})

    def _act(self, person: Person, click: Click, chosen: Json) -> Delivery:
        if isinstance(click.message, Ephemeral) and click.message.user != person.id:
            raise ValueError(f"{person.name} does not see this private answer")
        self._visible_channel(person.id, click.message.channel)
        ways = self._ways(click.message.channel, person.id, click.message)
        return self._deliver(click_payload(self._backend, person, click, chosen=chosen, ways=ways))

    def _click(self, message: Message | Ephemeral, action_id: str, value: str | None) -> Click:
        now = self._current(message)
        click = now and find_click(now, action_id, value)
        if click:
            return click
        if value is None:
            raise ValueError(f"there is no {action_id!r} to press on this message now")
        stale: Json = {"type": "button", "action_id": action_id, "value": value}
        old = find_click(message, action_id, None) or Click(message, "stale", stale)
        return Click(message, old.block_id, {**old.element, "value": value})

    def _current(self, message: Message | Ephemeral) -> Message | Ephemeral | None:
        if isinstance(message, Ephemeral):
            return self._backend.workspace.ephemeral(message.id)
        return self._backend.workspace.message(message.channel, message.ts)

    def _person(self, user_id: str) -> Person:
        person = self._backend.workspace.person(user_id)
        if person.deleted:
            raise ValueError(f"{person.name} was deactivated and cannot act")
        return person

    def _visible_channel(self, user_id: str, channel_id: str) -> Channel:
        channel, person = self._backend.workspace.channel(channel_id), self._backend.workspace.person(user_id)
        sees_all = not (channel.is_private or person.is_outsider)
        if not sees_all and user_id not in channel.members:
            raise ValueError(f"{user_id} does not see #{channel.name}")
        return channel

    def _ways(self, channel_id: str, user_id: str, original: Message | Ephemeral | None = None) -> Answerable:
        url = self._response_urls.issue(channel_id, user_id, original)
        return Answerable(self._backend.issue_trigger(user_id), url)

    def _say(self, user_id: str, channel_id: str, text: str, *, before: str = "") -> Message:
        self._visible_channel(self._person(user_id).id, channel_id)
        typed = escape_said(self._backend.workspace, text)
        said = typed if before in typed else f"{before} {typed}"
        return self._backend.workspace.post(channel_id, user_id, said)

    def _tell(self, event: Json) -> Delivery:
        return self._deliver(event_payload(self._backend, event))

    def _show_acknowledgement(self, ways: Answerable, delivery: Delivery, place: Place, typed: str) -> None:
        if not delivery.acknowledged:
            refused = "operation_timeout" if delivery.timed_out else "dispatch_failed"
        else:
            refused = self._refusal(ways, _said_body(delivery.body), place, typed) if delivery.body else ""
        if refused:
            complaint = f'{typed.split(maxsplit=1)[0]} failed with the error "{refused}"'
            self._backend.workspace.show(place.channel.id, place.person.id, complaint, sender=SLACKBOT)

    def _refusal(self, ways: Answerable, body: Json, place: Place, typed: str) -> str:
        try:
            self._response_urls.check(body)
        except SlackError as error:
            return error.code
        if body.get("response_type") == "in_channel":
            self._backend.workspace.post(place.channel.id, place.person.id, escape_signs(typed))
        self._response_urls.acknowledge(ways.response_url, body)
        return ""


def _said_body(body: str) -> Json:
    try:
        parsed: Any = json.loads(body)
    except json.JSONDecodeError:
        return {"text": body}
    return parsed if isinstance(parsed, dict) else {"text": body}


def _spot(message: Message) -> Json:
    return {"text": message.text, "ts": message.ts, "channel": message.channel}
