"""What people see in Slack, and when."""

import threading
import time
from collections.abc import Callable

from sandbox.slack.records import Delivery, Item, Message
from sandbox.slack.stand_in import SlackStandIn

PATIENCE_SECONDS = 300.0


class Watch:
    """Notes when people saw what."""

    def __init__(self, slack: SlackStandIn) -> None:
        self._seen: list[tuple[Message, float]] = []
        self._changed = threading.Condition()
        slack.workspace.subscribe(self._note)

    def first(self, wanted: Callable[[Message], bool]) -> tuple[Message, float]:
        """Wait for a message (or a version of one) that is `wanted`; it, and when it was shown."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(wanted(message) for message, _ in self._seen), PATIENCE_SECONDS):
                said = "\n\n".join(message.text for message, _ in self._seen)
                raise AssertionError(f"The bot does not go on.  It said:\n{said}")
            return next(seen for seen in self._seen if wanted(seen[0]))

    def forget(self) -> None:
        """Look only at what comes from now on."""
        with self._changed:
            self._seen.clear()

    def _note(self, item: Item) -> None:
        if isinstance(item, Message):
            with self._changed:
                self._seen.append((item, time.monotonic()))
                self._changed.notify_all()


def accepted(delivery: Delivery) -> None:
    """The bot took notice in time."""
    if not delivery.acknowledged:
        raise AssertionError(f"The bot did not acknowledge: {delivery}")


def is_plan(message: Message) -> bool:
    """Whether a plan waits to be approved there."""
    return message.thread_ts is None and message.text.startswith("Waiting for approval")
