"""The workspace as tests and the demo page look at it: thread-safe questions over people and what was said."""

from sandbox.slack.clock import Clock
from sandbox.slack.records import Ephemeral, Message, Person, StoredFile, View
from sandbox.slack.timeline import Timeline


class Workspace(Timeline):
    """One team with one installed app.  Answers are snapshots, oldest first."""

    def __init__(
        self, bot: Person, *, name: str = "Sandbox", domain: str = "sandbox", clock: Clock | None = None
    ) -> None:
        super().__init__(bot, clock=clock)
        self.name = name
        self.domain = domain
        self.team_id = "T0SANDBOX"
        self.app_id = "A0SANDBOX"
        self.bot_id = "B0SANDBOX"

    def message(self, channel_id: str, ts: str) -> Message | None:
        """The message as it is now; None when there is none, or it was deleted."""
        with self.changed:
            return self._messages.get((channel_id, ts))

    def messages(self) -> list[Message]:
        """Every message of every channel."""
        with self.changed:
            return list(self._messages.values())

    def channel_messages(self, channel_id: str) -> list[Message]:
        """What stands in the channel itself, outside threads."""
        return [
            message
            for message in self.messages()
            if message.channel == channel_id and (message.thread_ts is None or message.is_broadcast)
        ]

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """The replies to a message, without that message."""
        return [message for message in self.messages() if message.channel == channel_id and message.thread_ts == ts]

    def direct_messages(self, user_id: str) -> list[Message]:
        """The conversation between the bot and this person."""
        return self.channel_messages(self.direct_channel(user_id).id)

    def ephemeral(self, ephemeral_id: str) -> Ephemeral | None:
        """The private answer as it is now; None when it was taken away."""
        with self.changed:
            return self._ephemerals.get(ephemeral_id)

    def ephemerals(self, user_id: str | None = None, channel_id: str | None = None) -> list[Ephemeral]:
        """The private answers that this person (or anybody) sees now."""
        with self.changed:
            shown = list(self._ephemerals.values())
        return [one for one in shown if user_id in (None, one.user) and channel_id in (None, one.channel)]

    def file(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        with self.changed:
            return self._files.get(file_id)

    def files(self, channel_id: str | None = None, thread_ts: str | None = None) -> list[StoredFile]:
        """Complete files, in one channel or thread if named."""
        with self.changed:
            stored = list(self._files.values())
        return [one for one in stored if channel_id in (None, one.channel) and thread_ts in (None, one.thread_ts)]

    def views(self, user_id: str | None = None) -> list[View]:
        """The modals and home tabs that this person (or anybody) sees."""
        with self.changed:
            shown = list(self._views.values())
        return [one for one in shown if user_id in (None, one.user)]
