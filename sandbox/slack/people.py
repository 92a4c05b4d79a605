"""People who use Slack: their commands, clicks, mentions and direct messages, of which the bot hears."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.slack.answers import SlackError
from sandbox.slack.backend import Backend
from sandbox.slack.blocks import view_problems
from sandbox.slack.payloads import (
    Click,
    Payload,
    click_payload,
    command_payload,
    event_payload,
    find_click,
    submission_payload,
)
from sandbox.slack.records import SLACKBOT, Channel, Delivery, Json, Message, Person, View
from sandbox.slack.response_urls import ResponseUrls
from sandbox.slack.typed_text import escape_said, escape_typed

_UNHEARD = Delivery(None, "", 0.0, timed_out=False)
_CHOSEN_BY_ID: Mapping[str, str] = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "multi_users_select": "selected_users",
}


class People:
    """Acts as a person, and blocks until the bot acknowledged or its 3 seconds are over."""

    def __init__(self, backend: Backend, response_urls: ResponseUrls, deliver: Callable[[Payload], Delivery]) -> None:
        self._backend = backend
        self._workspace = backend.workspace
        self._response_urls = response_urls
        self._deliver = deliver

    def command(self, user_id: str, channel_id: str, text: str, *, command: str = "/assign-reviews") -> Delivery:
        """Type a slash command.  The acknowledgement's body becomes a private answer, as does Slack's own complaint."""
        person, channel = self._person(user_id), self._visible_channel(user_id, channel_id)
        sent = escape_typed(self._workspace, text.strip())
        ways = self._ways(channel_id, user_id)
        told = {"command": command, "text": sent, **ways}
        delivery = self._deliver(command_payload(self._backend, person, channel, told))
        refused = "operation_timeout" if delivery.timed_out else "" if delivery.acknowledged else "dispatch_failed"
        if delivery.acknowledged and delivery.body:
            try:
                self._response_urls.acknowledge(ways["response_url"], _said_body(delivery.body))
            except SlackError as error:
                refused = error.code
        if refused:
            complaint = f'{command} failed with the error "{refused}"'
            self._workspace.post(channel_id, SLACKBOT, complaint, seen_by=user_id)
        return delivery

    def press(self, user_id: str, message: Message, action_id: str, *, value: str | None = None) -> Delivery:
        """Press a button.  It must be on the message now, unless `value` names one that was: a stale click."""
        return self._act(self._person(user_id), self._click(message, action_id, value), {})

    def choose(self, user_id: str, message: Message, action_id: str, chosen: str | Sequence[str]) -> Delivery:
        """Choose in a menu: option values, or ids of people or channels."""
        click = self._click(message, action_id, None)
        return self._act(self._person(user_id), click, chosen_fields(click.element, chosen))

    def submit(self, user_id: str, view: View, values: Json) -> Delivery:
        """Submit a modal; `values` is its state by block id and action id.

        It closes, unless the bot puts another view in its place, or has errors, each for the block id of an input;
        nothing becomes of one that was closed meanwhile.
        """
        trigger_id = self._backend.issue_trigger(user_id)
        person = self._person(user_id)
        delivery = self._deliver(submission_payload(self._backend, person, view, values=values, trigger_id=trigger_id))
        said = _said_body(delivery.body) if delivery.body else {}
        match said.get("response_action", "clear"):
            case _ if not delivery.acknowledged or view.id not in {one.id for one in self._workspace.views()}:
                pass
            case "clear":
                self._workspace.drop(view)
            case "update":
                if problems := view_problems(said["view"]):
                    raise ValueError(f"Slack would refuse this view: {problems[0]}")
                self._workspace.put(replace(view, content=said["view"]))
            case "errors":
                inputs = {block.get("block_id") for block in view.content["blocks"] if block["type"] == "input"}
                if unknown := said["errors"].keys() - inputs:
                    raise ValueError(f"Slack would refuse errors for {', '.join(sorted(unknown))}")
        return delivery

    def mention(self, user_id: str, channel_id: str, text: str) -> Delivery:
        """Say something in a channel that mentions the bot; a bot that is not a member hears nothing."""
        bot = self._workspace.bot
        message = self._say(user_id, channel_id, text, before=f"<@{bot.id}>")
        is_heard = bot.id in self._workspace.channel(channel_id).members
        return self._tell({"type": "app_mention", "user": user_id, **_spot(message)}) if is_heard else _UNHEARD

    def direct_message(self, user_id: str, text: str) -> Delivery:
        """Write to the bot."""
        channel = self._workspace.direct_channel(self._person(user_id).id)
        message = self._say(user_id, channel.id, text)
        return self._tell({"type": "message", "channel_type": "im", "user": user_id, **_spot(message)})

    def invite_bot(self, channel_id: str, *, by: str | None = None) -> Delivery:
        """Make the bot a member of a channel."""
        workspace = self._workspace
        workspace.join(channel_id, workspace.bot.id)
        event: Json = {"type": "member_joined_channel", "user": workspace.bot.id, "channel": channel_id}
        kind = "G" if workspace.channel(channel_id).is_private else "C"
        return self._tell({**event, "channel_type": kind, "team": workspace.team_id, **({"inviter": by} if by else {})})

    def home_opened(self, user_id: str) -> Delivery:
        """Open the bot's home tab."""
        channel = self._workspace.direct_channel(self._person(user_id).id)
        return self._tell({"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": "home"})

    def _act(self, person: Person, click: Click, chosen: Json) -> Delivery:
        if click.message.seen_by not in (None, person.id):
            raise ValueError(f"{person.name} does not see this private answer")
        self._visible_channel(person.id, click.message.channel)
        ways = self._ways(click.message.channel, person.id, click.message)
        return self._deliver(click_payload(self._backend, person, click, chosen=chosen, ways=ways))

    def _click(self, message: Message, action_id: str, value: str | None) -> Click:
        now = self._workspace.message(message.channel, message.ts)
        if now and (click := find_click(now, action_id, value)):
            return click
        if value is None:
            raise ValueError(f"there is no {action_id!r} to press on this message now")
        stale: Json = {"type": "button", "action_id": action_id, "value": value}
        old = find_click(message, action_id, None) or Click(message, "stale", stale)
        return Click(message, old.block_id, {**old.element, "value": value})

    def _person(self, user_id: str) -> Person:
        person = self._workspace.person(user_id)
        if person.deleted:
            raise ValueError(f"{person.name} was deactivated and cannot act")
        return person

    def _visible_channel(self, user_id: str, channel_id: str) -> Channel:
        channel = self._workspace.channel(channel_id)
        is_open = not (channel.is_private or self._workspace.person(user_id).is_outsider)
        if not is_open and user_id not in channel.members:
            raise ValueError(f"{user_id} does not see #{channel.name}")
        return channel

    def _ways(self, channel_id: str, user_id: str, original: Message | None = None) -> Json:
        url = self._response_urls.issue(channel_id, user_id, original)
        return {"trigger_id": self._backend.issue_trigger(user_id), "response_url": url}

    def _say(self, user_id: str, channel_id: str, text: str, *, before: str = "") -> Message:
        self._visible_channel(self._person(user_id).id, channel_id)
        typed = escape_said(self._workspace, text)
        return self._workspace.post(channel_id, user_id, typed if before in typed else f"{before} {typed}")

    def _tell(self, event: Json) -> Delivery:
        return self._deliver(event_payload(self._backend, event))


def chosen_fields(element: Json, chosen: str | Sequence[str]) -> Json:
    """The fields of an action that say what was chosen; ValueError for an option that is not there."""
    kind, values = element["type"], [chosen] if isinstance(chosen, str) else list(chosen)
    if kind in _CHOSEN_BY_ID:
        return {_CHOSEN_BY_ID[kind]: values if kind.startswith("multi_") else chosen}
    groups = [element, *element.get("option_groups", ())]
    known = {option["value"]: option for group in groups for option in group.get("options", ())}
    if unknown := [value for value in values if value not in known]:
        raise ValueError(f"there is no option {unknown[0]!r} to choose")
    options = [known[value] for value in values]
    is_many = kind in ("checkboxes", "multi_static_select")
    return {"selected_options": options} if is_many else {"selected_option": options[0]}


def _said_body(body: str) -> Json:
    try:
        parsed: Any = json.loads(body)
    except json.JSONDecodeError:
        return {"text": body}
    return parsed if isinstance(parsed, dict) else {"text": body}


def _spot(message: Message) -> Json:
    return {"text": message.text, "ts": message.ts, "channel": message.channel}
