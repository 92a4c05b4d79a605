"""Acts of a person on the page: write, press a button, wave a private answer away."""

from typing import Any

from sandbox.demo_once import COMMAND
from sandbox.demo_world import World
from sandbox.slack.records import Delivery, Message
from sandbox.slack.typed_text import escape_said

NO_ANSWER = "The bot did not acknowledge within 3 seconds; in Slack a warning sign would stand here."


class Acts:
    """Each act takes the JSON that the page sent and blocks until the bot acknowledged; ValueError says why not."""

    def __init__(self, world: World) -> None:
        self._slack = world.slack

    def say(self, sent: dict[str, Any]) -> None:
        """A command, a mention, a direct message, or just something said in the channel."""
        user, channel_id, text = str(sent["user"]), str(sent["channel"]), str(sent["text"]).strip()
        channel = self._slack.workspace.channel(channel_id)
        word, _, rest = text.partition(" ")
        if word == COMMAND:
            self._slack.command(user, channel_id, rest)
        elif text == f"/invite @{self._slack.workspace.bot.name}":
            self._slack.invite_bot(channel_id, by=user)
        elif text.startswith("/"):
            raise ValueError(f"{word} is not a command here. Try {COMMAND} help.")
        elif channel.is_im:
            _require(self._slack.direct_message(user, text))
        elif f"@{self._slack.workspace.bot.name}" in text:
            delivery = self._slack.mention(user, channel_id, text)
            if self._slack.workspace.bot.id in channel.members:
                _require(delivery)
        elif text:
            self._slack.workspace.post(channel_id, user, escape_said(self._slack.workspace, text))

    def press(self, sent: dict[str, Any]) -> None:
        """A button, named with the value it had when the page showed it: it may be a stale one."""
        shown = self._shown(sent)
        if shown is None:
            raise ValueError("This message is gone.")
        _require(self._slack.press(str(sent["user"]), shown, str(sent["action"]), value=str(sent["value"])))

    def dismiss(self, sent: dict[str, Any]) -> None:
        """Take a private answer out of sight."""
        if private := self._shown(sent):
            self._slack.workspace.drop(private)

    def _shown(self, sent: dict[str, Any]) -> Message | None:
        return self._slack.workspace.message(str(sent["channel"]), str(sent["ts"]))


def _require(delivery: Delivery) -> None:
    if not delivery.acknowledged:
        raise ValueError(NO_ANSWER)
