"""The workspace: people, channels, user groups, and what was said, shown and stored.

Tests, the demo page and every endpoint share it: one lock around every change, a way to wait for one, and a list of
those who watch.  Nothing here asks whether something is allowed.
"""

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from sandbox.slack.clock import Clock
from sandbox.slack.records import (
    Channel,
    Ephemeral,
    Item,
    Message,
    Person,
    StoredFile,
    UserGroup,
    View,
)

T = TypeVar("T")
K = TypeVar("K", str, tuple[str, str])
Kept = TypeVar("Kept", bound=Item)


class Workspace:
    """One team with one installed app.  Answers are snapshots, oldest first; an unknown id is a KeyError or None."""

    def __init__(
        self, bot: Person, *, name: str = "Sandbox", domain: str = "sandbox", clock: Clock | None = None
    ) -> None:
        self.bot = bot
        self.name = name
        self.domain = domain
        self.team_id = "T0SANDBOX"
        self.app_id = "A0SANDBOX"
        self.bot_id = "B0SANDBOX"
        self.clock = clock or Clock()
        self.changed = threading.Condition(threading.RLock())
        self._version = 0
        self._watchers: list[Callable[[Item], None]] = []
        self._people: dict[str, Person] = {bot.id: bot}
        self._channels: dict[str, Channel] = {}
        self._groups: dict[str, UserGroup] = {}
        self._messages: dict[tuple[str, str], Message] = {}
        self._ephemerals: dict[str, Ephemeral] = {}
        self._files: dict[str, StoredFile] = {}
        self._views: dict[str, View] = {}
        self._numbers = itertools.count(1)

    def subscribe(self, callback: Callable[[Item], None]) -> None:
        """Call `callback` with whatever changed, as it is now or was, under the lock: it must return at once."""
        with self.changed:
            self._watchers.append(callback)

    def wait_until(self, predicate: Callable[[Self], T], timeout_seconds: float) -> T | None:
        """The first truthy value of `predicate`, tried at once and after each change; None when time ran out.

        The lock is not held while `predicate` runs, so that it may take its time or ask a server.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            seen = self._version
            if value := predicate(self):
                return value
            if not self._changes_since(seen, deadline - time.monotonic()):
                return predicate(self) or None

    def touch(self) -> None:
        """Let those who wait look again."""
        with self.changed:
            self._version += 1
            self.changed.notify_all()

    def person(self, user_id: str) -> Person:
        """The person with this id."""
        return self._people[user_id]

    def people(self) -> list[Person]:
        """Everybody, in the order they were added; the bot is one of them."""
        return list(self._people.values())

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id."""
        return self._channels[channel_id]

    def channels(self) -> list[Channel]:
        """Every channel and direct conversation."""
        return list(self._channels.values())

    def channel_named(self, name: str) -> Channel:
        """The channel of this name, written without `#`."""
        return next(channel for channel in self.channels() if channel.name == name)

    def user_group(self, group_id: str) -> UserGroup:
        """The user group with this id."""
        return self._groups[group_id]

    def user_groups(self) -> list[UserGroup]:
        """Every user group, the disabled ones too."""
        return list(self._groups.values())

    def put_person(self, person: Person) -> Person:
        """Add or replace a person."""
        return self._keep(self._people, person.id, person)

    def put_channel(self, channel: Channel) -> Channel:
        """Add or replace a channel; raises ValueError for a stranger in one that no other organisation shares."""
        strangers = {person.id for person in self.people() if person.is_stranger} & channel.members
        if strangers and not (channel.is_ext_shared or channel.is_im):
            raise ValueError(f"{sorted(strangers)} cannot be in #{channel.name}, which no other organisation shares")
        return self._keep(self._channels, channel.id, channel)

    def put_user_group(self, group: UserGroup) -> UserGroup:
        """Add or replace a user group."""
        return self._keep(self._groups, group.id, group)

    def change_person(self, user_id: str, **changes: Any) -> Person:
        """Change fields of a person, for instance `status_emoji=":palm_tree:"`."""
        with self.changed:
            return self.put_person(dataclasses.replace(self._people[user_id], **changes))

    def change_channel(self, channel_id: str, **changes: Any) -> Channel:
        """Change fields of a channel, for instance `is_archived=True`."""
        with self.changed:
            return self.put_channel(dataclasses.replace(self._channels[channel_id], **changes))

    def join(self, channel_id: str, user_id: str) -> Channel:
        """Make somebody a member."""
        with self.changed:
            return self.change_channel(channel_id, members=self._channels[channel_id].members | {user_id})

    def leave(self, channel_id: str, user_id: str) -> Channel:
        """End somebody's membership."""
        with self.changed:
            return self.change_channel(channel_id, members=self._channels[channel_id].members - {user_id})

    def direct_channel(self, user_id: str) -> Channel:
        """The conversation between the bot and this person, opened if need be."""
        channel_id = "D" + user_id[1:]
        with self.changed:
            if channel_id in self._channels:
                return self._channels[channel_id]
            members = frozenset({user_id, self.bot.id})
            return self.put_channel(Channel(channel_id, "directmessage", is_im=True, is_private=True, members=members))

    def next_id(self, prefix: str) -> str:
        """A new id, for instance `F00000001`."""
        with self.changed:
            return f"{prefix}{next(self._numbers):08d}"

    def post(self, channel: str, user: str, text: str, **fields: Any) -> Message:
        """Say something; `fields` are further fields of Message."""
        with self.changed:
            message = Message(channel, self.clock.next_ts(), user, text, **fields)
            return self._keep(self._messages, (channel, message.ts), message)

    def edit(self, message: Message, **changes: Any) -> Message:
        """Change a message, keeping the version it had."""
        with self.changed:
            old = self._messages[message.channel, message.ts]
            history = (*old.history, dataclasses.replace(old, history=()))
            new = dataclasses.replace(old, **changes, history=history, edited=self.clock.next_ts())
            return self._keep(self._messages, (message.channel, message.ts), new)

    def delete(self, message: Message) -> None:
        """Remove a message; its thread stays."""
        self._drop(self._messages, (message.channel, message.ts))

    def show(self, channel: str, user: str, text: str, **fields: Any) -> Ephemeral:
        """Show something to one person only; `fields` are further fields of Ephemeral."""
        with self.changed:
            fields = {"blocks": (), "sender": self.bot.id, **fields}
            private = Ephemeral(self.next_id("E"), channel, user, text, ts=self.clock.next_ts(), **fields)
            return self._keep(self._ephemerals, private.id, private)

    def replace(self, private: Ephemeral, **changes: Any) -> Ephemeral:
        """Change a private answer in place, keeping the version it had."""
        with self.changed:
            old = self._ephemerals[private.id]
            history = (*old.history, dataclasses.replace(old, history=()))
            return self._keep(self._ephemerals, private.id, dataclasses.replace(old, **changes, history=history))

    def hide(self, private: Ephemeral) -> None:
        """Take a private answer away."""
        self._drop(self._ephemerals, private.id)

    def store(self, file: StoredFile) -> StoredFile:
        """Keep a file, or where it is shared now."""
        return self._keep(self._files, file.id, file)

    def present(self, view: View) -> View:
        """Show a modal, or somebody's home tab in place of the former one."""
        return self._keep(self._views, view.id, view)

    def dismiss(self, view: View) -> None:
        """Close a modal."""
        self._drop(self._views, view.id)

    def message(self, channel_id: str, ts: str) -> Message | None:
        """The message as it is now; None when there is none, or it was deleted."""
        return self._messages.get((channel_id, ts))

    def messages(self) -> list[Message]:
        """Every message of every channel."""
        return list(self._messages.values())

    def channel_messages(self, channel_id: str) -> list[Message]:
        """What stands in the channel itself, outside threads."""
        return [message for message in self.messages() if message.channel == channel_id and message.thread_ts is None]

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """The replies to a message, without that message."""
        return [message for message in self.messages() if message.channel == channel_id and message.thread_ts == ts]

    def direct_messages(self, user_id: str) -> list[Message]:
        """The conversation between the bot and this person."""
        return self.channel_messages(self.direct_channel(user_id).id)

    def ephemeral(self, ephemeral_id: str) -> Ephemeral | None:
        """The private answer as it is now; None when it was taken away."""
        return self._ephemerals.get(ephemeral_id)

    def ephemerals(self, user_id: str | None = None, channel_id: str | None = None) -> list[Ephemeral]:
        """The private answers that this person (or anybody) sees now."""
        shown = list(self._ephemerals.values())
        return [one for one in shown if user_id in (None, one.user) and channel_id in (None, one.channel)]

    def file(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        return self._files.get(file_id)

    def files(self, channel_id: str | None = None, thread_ts: str | None = None) -> list[StoredFile]:
        """Complete files, in one channel or thread if named."""
        stored = list(self._files.values())
        return [one for one in stored if channel_id in (None, one.channel) and thread_ts in (None, one.thread_ts)]

    def views(self, user_id: str | None = None) -> list[View]:
        """The modals and home tabs that this person (or anybody) sees."""
        return [one for one in list(self._views.values()) if user_id in (None, one.user)]

    def _changes_since(self, version: int, timeout_seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self._version != version, timeout_seconds)

    def _keep(self, kept: dict[K, Kept], key: K, item: Kept) -> Kept:
        with self.changed:
            kept[key] = item
            self._announce(item)
        return item

    def _drop(self, kept: dict[K, Kept], key: K) -> None:
        with self.changed:
            self._announce(kept.pop(key))

    def _announce(self, item: Item) -> None:
        for callback in self._watchers:
            callback(item)
        self.touch()
