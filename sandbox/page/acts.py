"""Acts on the page: what people do in Slack, how Braintrust's stand-in behaves, and what is done there by hand."""

import itertools
import json
from collections.abc import Callable
from typing import Any

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.demo_once import COMMAND
from sandbox.demo_world import World
from sandbox.http.faults import Status
from sandbox.slack.records import Delivery, Item
from sandbox.slack.typed_text import escape_said

NO_ANSWER = "The bot did not acknowledge within 3 seconds; in Slack a warning sign would stand here."
SLOW_SECONDS = 2.0
LIMIT_QUERIES = 3
LIMIT_SECONDS = 10.0
FAILING_QUERIES = 3
ROWS_BY_HAND = 20

Act = Callable[[dict[str, Any]], dict[str, Any] | None]


class Acts:
    """Each act takes the JSON that the page sent and blocks until the bot acknowledged; ValueError says why not.

    What it returns, if anything, is for the page.
    """

    def __init__(self, world: World) -> None:
        self._slack = world.slack
        self._world = world
        self._faults = world.braintrust.faults
        self._seeds = itertools.count(8)
        acts: list[Act] = [self.say, self.press, self.submit, self.dismiss]
        acts += [self.slow, self.limited, self.failing, self.by_hand, self.reset]
        self.by_name = {act.__name__: act for act in acts}

    def state(self) -> dict[str, Any]:
        """How the switches stand; `failing` counts the queries that are still to fail."""
        is_slow = self._faults.delay_seconds("query") > 0
        return {"slow": is_slow, "limited": self._faults.is_limited, "failing": len(self._faults.armed())}

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
        shown = self._slack.workspace.message(str(sent["channel"]), str(sent["ts"]))
        if shown is None:
            raise ValueError("This message is gone.")
        _require(self._slack.press(str(sent["user"]), shown, str(sent["action"]), value=str(sent["value"])))

    def submit(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Save a modal with its state by block id and action id; the bot's `errors` by block id, if it has any."""
        user, values = str(sent["user"]), dict(sent["values"])
        view = next((one for one in self._slack.workspace.views(user) if one.id == sent["view"]), None)
        if view is None:
            raise ValueError("This form is gone.")
        delivery = self._slack.submit(user, view, values)
        _require(delivery)
        return {"errors": json.loads(delivery.body or "{}").get("errors", {})}

    def dismiss(self, sent: dict[str, Any]) -> None:
        """Take a private answer or a modal out of sight."""
        seen: list[Item] = [*self._slack.workspace.ephemerals(), *self._slack.workspace.views()]
        for item in seen:
            if item.id == sent["id"]:
                self._slack.workspace.drop(item)

    def slow(self, _sent: dict[str, Any]) -> None:
        """Let every request take 2 s, or not any more."""
        self._faults.latency(0.0 if self.state()["slow"] else SLOW_SECONDS)

    def limited(self, _sent: dict[str, Any]) -> None:
        """Allow 3 queries in 10 s, or any number again."""
        self._faults.rate_limit(None if self._faults.is_limited else LIMIT_QUERIES, window_seconds=LIMIT_SECONDS)

    def failing(self, _sent: dict[str, Any]) -> None:
        """Let the next 3 queries fail."""
        for _ in range(FAILING_QUERIES):
            self._faults.next("query", Status(500))

    def by_hand(self, _sent: dict[str, Any]) -> None:
        """Somebody assigns the 20 newest open rows to a colleague, in Braintrust itself."""
        rows = [row for row in self._world.matching_rows() if not row.assignments and row.status in (None, "PENDING")]
        for row in rows[-ROWS_BY_HAND:]:
            self._world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, [self._world.bystander])

    def reset(self, _sent: dict[str, Any]) -> None:
        """Start over with other rows, as if a new week had begun."""
        self._world.fill(next(self._seeds))
        self._world.braintrust.requests.clear()


def _require(delivery: Delivery) -> None:
    if not delivery.acknowledged:
        raise ValueError(NO_ANSWER)
