"""Help for those who write to the bot; each event is answered once, although Slack may deliver it three times."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from bot.messages.help import help_message
from bot.services.ports.slack import Slack

REMEMBERED_EVENTS = 1_000


class Greeting:
    """Posts the help message."""

    def __init__(self, slack: Slack, *, aside: Callable[[Callable[[], object]], None]) -> None:
        self._slack = slack
        self._aside = aside
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def say(self, event_id: str, channel: str, *, thread_ts: str | None = None) -> None:
        """Answer one event, soon; a listener is not held up by it."""
        with self._lock:
            is_new = event_id not in self._seen
            self._seen[event_id] = None
            while len(self._seen) > REMEMBERED_EVENTS:
                self._seen.popitem(last=False)
        if is_new:
            self._aside(lambda: self._slack.post(channel, help_message(), thread_ts=thread_ts))
