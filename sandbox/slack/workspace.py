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
from sandbox.slack.records import Channel, Item, Message, Person, StoredFile, UserGroup, View

T = TypeVar("T")
Kept = TypeVar("Kept", bound=Item)


class Workspace:
    """One team with one installed app.  Answers are snapshots, oldest first; an unknown id is a KeyError or None."""

    def __init__(self, bot: Person, *, name: str = "Sandbox", domain: str = "sandbox") -> None:
        self.bot = bot
        self.name = name
        self.domain = domain
        self.team_id = "T0SANDBOX"
        self.app_id = "A0SANDBOX"
        self.bot_id = "B0SANDBOX"
        self.clock = Clock()
        self.changed = threading.Condition(threading.RLock())
        self._version = 0
        self._watchers: list[Callable[[Item], None]] = []
        self._items: dict[str, Item] = {bot.id: bot}
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

    def put(self, item: Kept) -> Kept:
        """Add or replace somebody or something; ValueError for a stranger in a channel of this organisation alone."""
        if isinstance(item, Channel) and not (item.is_ext_shared or item.is_im):
            strangers = {person.id for person in self.people() if person.is_stranger} & item.members
            if strangers:
                raise ValueError(f"{sorted(strangers)} cannot be in #{item.name}, which no other organisation shares")
        with self.changed:
            self._items[item.id] = item
            self._announce(item)
        return item

    def drop(self, item: Item) -> None:
        """Delete a message (its thread stays), or close a modal."""
        with self.changed:
            self._announce(self._items.pop(item.id))

    def person(self, user_id: str) -> Person:
        """The person with this id."""
        return self._one(Person, user_id)

    def people(self) -> list[Person]:
        """Everybody, in the order they were added; the bot is one of them."""
        return self._all(Person)

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id."""
        return self._one(Channel, channel_id)

    def channels(self) -> list[Channel]:
        """Every channel and direct conversation."""
        return self._all(Channel)

    def user_groups(self) -> list[UserGroup]:
        """Every user group, the disabled ones too."""
        return self._all(UserGroup)

    def change_person(self, user_id: str, **changes: Any) -> Person:
        """Change fields of a person, for instance `status_emoji=":palm_tree:"`."""
        with self.changed:
            return self.put(dataclasses.replace(self.person(user_id), **changes))

    def change_channel(self, channel_id: str, **changes: Any) -> Channel:
        """Change fields of a channel, for instance `is_archived=True`."""
        with self.changed:
            return self.put(dataclasses.replace(self.channel(channel_id), **changes))

    def join(self, channel_id: str, user_id: str) -> Channel:
        """Make somebody a member."""
        with self.changed:
            return self.change_channel(channel_id, members=self.channel(channel_id).members | {user_id})

    def leave(self, channel_id: str, user_id: str) -> Channel:
        """End somebody's membership."""
        with self.changed:
            return self.change_channel(channel_id, members=self.channel(channel_id).members - {user_id})

    def direct_channel(self, user_id: str) -> Channel:
        """The conversation between the bot and this person, opened if need be."""
        channel_id = "D" + user_id[1:]
        with self.changed:
            if channel_id in self._items:
                return self.channel(channel_id)
            members = frozenset({user_id, self.bot.id})
            return self.put(Channel(channel_id, "directmessage", is_im=True, is_private=True, members=members))

    def next_id(self, prefix: str) -> str:
        """A new id, for instance `F00000001`."""
        with self.changed:
            return f"{prefix}{next(self._numbers):08d}"

    def post(self, channel: str, user: str, text: str, **fields: Any) -> Message:
        """Say something; `fields` are further fields of Message."""
        with self.changed:
            return self.put(Message(channel, self.clock.next_ts(), user, text, **fields))

    def edit(self, message: Message, **changes: Any) -> Message:
        """Change a message, keeping the version it had; a private one does not tell that it was changed."""
        with self.changed:
            old = self._one(Message, message.id)
            history = (*old.history, dataclasses.replace(old, history=()))
            edited = None if old.seen_by else self.clock.next_ts()
            return self.put(dataclasses.replace(old, **changes, history=history, edited=edited))

    def message(self, channel_id: str, ts: str) -> Message | None:
        """The message as it is now, a private one too; None when there is none, or it was deleted."""
        found = self._items.get(f"{channel_id}-{ts}")
        return found if isinstance(found, Message) else None

    def messages(self) -> list[Message]:
        """Every message of every channel, without the private ones."""
        return [message for message in self._all(Message) if message.seen_by is None]

    def channel_messages(self, channel_id: str) -> list[Message]:
        """What stands in the channel itself, outside threads."""
        return [message for message in self.messages() if message.channel == channel_id and message.thread_ts is None]

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """The replies to a message, without that message."""
        return [message for message in self.messages() if message.channel == channel_id and message.thread_ts == ts]

    def direct_messages(self, user_id: str) -> list[Message]:
        """The conversation between the bot and this person."""
        return self.channel_messages(self.direct_channel(user_id).id)

    def ephemerals(self, user_id: str | None = None, channel_id: str | None = None) -> list[Message]:
        """The private answers that this person (or anybody) sees now."""
        shown = [one for one in self._all(Message) if one.seen_by is not None]
        return [one for one in shown if user_id in (None, one.seen_by) and channel_id in (None, one.channel)]

    def files(self, channel_id: str | None = None, thread_ts: str | None = None) -> list[StoredFile]:
        """Complete files, in one channel or thread if named."""
        stored = self._all(StoredFile)
        return [one for one in stored if channel_id in (None, one.channel) and thread_ts in (None, one.thread_ts)]

    def views(self, user_id: str | None = None) -> list[View]:
        """The modals and home tabs that this person (or anybody) sees."""
        return [one for one in self._all(View) if user_id in (None, one.user)]

    def _changes_since(self, version: int, timeout_seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self._version != version, timeout_seconds)

    def _all(self, kind: type[Kept]) -> list[Kept]:
        return [item for item in list(self._items.values()) if isinstance(item, kind)]

    def _one(self, kind: type[Kept], item_id: str) -> Kept:
        found = self._items[item_id]
        if not isinstance(found, kind):
            raise KeyError(item_id)
        return found

    def _announce(self, item: Item) -> None:
        for callback in self._watchers:
            callback(item)
        self.touch()
