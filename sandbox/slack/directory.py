"""Who and what exists in the workspace: people, channels, user groups."""

import dataclasses
from typing import Any

from sandbox.slack.clock import Clock
from sandbox.slack.guarded import Guarded
from sandbox.slack.records import ChangeKind, Channel, Person, UserGroup


class Directory(Guarded):
    """People, channels and user groups by id.  Asking for an unknown id raises KeyError."""

    def __init__(self, bot: Person, *, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.bot = bot
        self._people: dict[str, Person] = {bot.id: bot}
        self._channels: dict[str, Channel] = {}
        self._groups: dict[str, UserGroup] = {}

    def person(self, user_id: str) -> Person:
        """The person with this id."""
        with self.changed:
            return self._people[user_id]

    def people(self) -> list[Person]:
        """Everybody, in the order they were added; the bot is one of them."""
        with self.changed:
            return list(self._people.values())

    def person_named(self, name: str) -> Person:
        """The person whose user name this is."""
        return next(person for person in self.people() if person.name == name)

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id."""
        with self.changed:
            return self._channels[channel_id]

    def channels(self) -> list[Channel]:
        """Every channel and direct conversation."""
        with self.changed:
            return list(self._channels.values())

    def channel_named(self, name: str) -> Channel:
        """The channel of this name, written without `#`."""
        return next(channel for channel in self.channels() if channel.name == name)

    def user_group(self, group_id: str) -> UserGroup:
        """The user group with this id."""
        with self.changed:
            return self._groups[group_id]

    def user_groups(self) -> list[UserGroup]:
        """Every user group, the disabled ones too."""
        with self.changed:
            return list(self._groups.values())

    def put_person(self, person: Person) -> Person:
        """Add or replace a person."""
        with self.changed:
            self._people[person.id] = person
            self._announce(ChangeKind.PERSON_CHANGED, person)
        return person

    def put_channel(self, channel: Channel) -> Channel:
        """Add or replace a channel; raises ValueError for a stranger in one that no other organisation shares."""
        with self.changed:
            self._check_strangers(channel)
            self._channels[channel.id] = channel
            self._announce(ChangeKind.CHANNEL_CHANGED, channel)
        return channel

    def put_user_group(self, group: UserGroup) -> UserGroup:
        """Add or replace a user group."""
        with self.changed:
            self._groups[group.id] = group
            self._announce(ChangeKind.GROUP_CHANGED, group)
        return group

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

    def _check_strangers(self, channel: Channel) -> None:
        strangers = {person.id for person in self._people.values() if person.is_stranger} & channel.members
        if strangers and not (channel.is_ext_shared or channel.is_im):
            raise ValueError(f"{sorted(strangers)} cannot be in #{channel.name}, which no other organisation shares")
