"""What was said in the workspace: messages, private answers, files, views."""

import dataclasses
import itertools
from typing import Any

from sandbox.slack.clock import Clock
from sandbox.slack.directory import Directory
from sandbox.slack.records import ChangeKind, Ephemeral, Message, Person, StoredFile, View


class Timeline(Directory):
    """Everything people can see, by channel and time stamp.  Nothing here asks whether it is allowed."""

    def __init__(self, bot: Person, *, clock: Clock | None = None) -> None:
        super().__init__(bot, clock=clock)
        self._messages: dict[tuple[str, str], Message] = {}
        self._ephemerals: dict[str, Ephemeral] = {}
        self._files: dict[str, StoredFile] = {}
        self._views: dict[str, View] = {}
        self._numbers = itertools.count(1)

    def next_id(self, prefix: str) -> str:
        """A new id, for instance `F00000001`."""
        with self.changed:
            return f"{prefix}{next(self._numbers):08d}"

    def post(self, channel: str, user: str, text: str, **fields: Any) -> Message:
        """Say something; `fields` are further fields of Message."""
        with self.changed:
            message = Message(channel, self.clock.next_ts(), user, text, **fields)
            self._messages[channel, message.ts] = message
            self._announce(ChangeKind.MESSAGE_POSTED, message)
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        """Change a message, keeping the version it had."""
        with self.changed:
            old = self._messages[message.channel, message.ts]
            history = (*old.history, dataclasses.replace(old, history=()))
            new = dataclasses.replace(old, **changes, history=history, edited=self.clock.next_ts())
            self._messages[message.channel, message.ts] = new
            self._announce(ChangeKind.MESSAGE_CHANGED, new)
        return new

    def react(self, message: Message, name: str) -> Message:
        """Add an emoji below a message, which is no edit."""
        with self.changed:
            old = self._messages[message.channel, message.ts]
            new = dataclasses.replace(old, reactions=(*old.reactions, name))
            self._messages[message.channel, message.ts] = new
            self._announce(ChangeKind.MESSAGE_CHANGED, new)
        return new

    def delete(self, message: Message) -> None:
        """Remove a message; its thread stays."""
        with self.changed:
            gone = self._messages.pop((message.channel, message.ts))
            self._announce(ChangeKind.MESSAGE_DELETED, gone)

    def show(self, channel: str, user: str, text: str, **fields: Any) -> Ephemeral:
        """Show something to one person only; `fields` are further fields of Ephemeral."""
        with self.changed:
            fields = {"blocks": (), "sender": self.bot.id, **fields}
            private = Ephemeral(self.next_id("E"), channel, user, text, ts=self.clock.next_ts(), **fields)
            self._ephemerals[private.id] = private
            self._announce(ChangeKind.EPHEMERAL_SHOWN, private)
        return private

    def replace(self, private: Ephemeral, **changes: Any) -> Ephemeral:
        """Change a private answer in place, keeping the version it had."""
        with self.changed:
            old = self._ephemerals[private.id]
            history = (*old.history, dataclasses.replace(old, history=()))
            new = dataclasses.replace(old, **changes, history=history)
            self._ephemerals[private.id] = new
            self._announce(ChangeKind.EPHEMERAL_CHANGED, new)
        return new

    def hide(self, private: Ephemeral) -> None:
        """Take a private answer away."""
        with self.changed:
            gone = self._ephemerals.pop(private.id)
            self._announce(ChangeKind.EPHEMERAL_DELETED, gone)

    def store(self, file: StoredFile) -> StoredFile:
        """Keep a file, or where it is shared now."""
        with self.changed:
            self._files[file.id] = file
            self._announce(ChangeKind.FILE_STORED, file)
        return file

    def present(self, view: View) -> View:
        """Show a modal, or somebody's home tab in place of the former one."""
        with self.changed:
            self._views[view.id] = view
            self._announce(ChangeKind.VIEW_SHOWN, view)
        return view

    def dismiss(self, view: View) -> None:
        """Close a modal."""
        with self.changed:
            gone = self._views.pop(view.id)
            self._announce(ChangeKind.VIEW_CLOSED, gone)
