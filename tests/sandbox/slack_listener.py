"""A Bolt app that remembers what it was told, and answers a few commands and clicks."""

import threading
from queue import Queue
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import Json, actions, button, option, plain, section, select
from tests.sandbox.slack_bots import bolt_app

ANSWERS: dict[str, dict[str, Any]] = {
    "quiet": {},
    "broken": {"text": "x", "blocks": [section("")]},
}
PLAN = [actions(button(), select(options=[option()]), button("adjust"))]
DAYS: Json = {"type": "plain_text_input", "action_id": "value"}
MODAL: Json = {
    "type": "modal",
    "callback_id": "adjust",
    "private_metadata": "7",
    "title": plain("Adjust"),
    "submit": plain("Plan again"),
    "blocks": [{"type": "input", "block_id": "days", "label": plain("Days"), "element": DAYS}],
}


class Listener:
    """A bot that remembers what it was told."""

    def __init__(self) -> None:
        self.commands: Queue[dict[str, Any]] = Queue()
        self.clicks: Queue[dict[str, Any]] = Queue()
        self.events: Queue[dict[str, Any]] = Queue()
        self.go_on = threading.Event()

    def command(self, ack: Ack, command: dict[str, Any], client: WebClient, respond: Respond) -> None:
        self.commands.put(command)
        match command["text"]:
            case text if text in ANSWERS:
                ack(**ANSWERS[text])
            case "slow":
                self.go_on.wait()
                ack()
            case "later":
                ack("working")
                respond("done", replace_original=True)
            case "go":
                ack("reading")
                client.chat_postMessage(channel=command["channel_id"], text="plan", blocks=PLAN)

    def approve(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        self.clicks.put(body)
        respond("approved", replace_original=True)

    def pick(self, ack: Ack, body: dict[str, Any]) -> None:
        ack()
        self.clicks.put(body)

    def adjust(self, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    def submitted(self, ack: Ack, body: dict[str, Any]) -> None:
        if not body["view"]["state"]["values"]:
            ack(response_action="errors", errors={"days": "How many?"})
            return
        ack()
        self.clicks.put(body)

    def event(self, event: dict[str, Any]) -> None:
        self.events.put(event)


def bot(slack: SlackStandIn, listener: Listener) -> App:
    app = bolt_app(slack)
    app.command("/assign-reviews")(listener.command)
    app.action("approve")(listener.approve)
    app.action("pick")(listener.pick)
    app.action("adjust")(listener.adjust)
    app.view("adjust")(listener.submitted)
    for kind in ("app_mention", "message", "member_joined_channel", "app_home_opened"):
        app.event(kind)(listener.event)
    return app
