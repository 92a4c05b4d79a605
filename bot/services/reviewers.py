"""The reviewers of a plan: the people behind its names, who of them is there just now, and their room for more rows."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.absence import Absence, absence
from bot.domain.allocation import Strategy
from bot.domain.model import DropReason, LeftOut, Plan, PlanRequest, Window
from bot.domain.people import Group, Person, User
from bot.domain.plain_text import quoted
from bot.domain.reviewers import Known, Member, NameKind, ReviewerName, Roster, Staff, parsed_name, resolved
from bot.errors import (
    BraintrustError,
    BraintrustRejectedError,
    CommandError,
    NoAccessError,
    SlackError,
    StoreUnavailableError,
)
from bot.services.ports.braintrust import Braintrust, Patience
from bot.services.ports.people import Matches, People, PreferenceBook
from bot.services.ports.work import Clock
from bot.services.reading import RowReader
from bot.services.slack_listing import SlackListing
from bot.services.step import BriefPatience, ask_slack
from bot.services.threads import in_background
from bot.settings import PeopleSettings, Settings

log = logging.getLogger(__name__)

REMEMBERED = timedelta(days=1)
"""How long it counts which Slack account is whose."""
SLACK_SECONDS = 5.0
"""For how long an approved plan waits for Slack, which it needs only to learn who is away."""
NO_NAMES = "Braintrust does not let the bot list users, so reviewers are shown by id."
NO_SLACK = "Slack could not be asked who is away, so nobody is taken to be."
LOAD_DAYS = timedelta(days=30)
"""Over how many days open rows are counted."""


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The roster of some names as things are now; `certain` when everything that was needed could be read."""

    roster: Roster
    known: Known
    away: Mapping[str, Absence]
    certain: bool
    notes: tuple[str, ...]


class RosterReader:
    """Asks Braintrust, and Slack where there is one."""

    def __init__(
        self,
        *,
        braintrust: Braintrust,
        people: People | None,
        preferences: PreferenceBook,
        matches: Matches,
        settings: PeopleSettings,
        clock: Clock,
    ) -> None:
        self._braintrust = braintrust
        self._people = people
        self._listing = None if people is None else SlackListing(people, clock)
        self._preferences = preferences
        self._matches = matches
        self._settings = settings
        self._clock = clock

    def present(self, names: Sequence[str], *, patience: Patience) -> Staff:
        """The people behind `names` who are there; raises `CommandError` when nobody is, and `BraintrustError`."""
        seen = self._sighting(names, patience, slack=patience)
        here = tuple(person for person in seen.roster.found if person.reviewer.id not in seen.away)
        gone = [
            LeftOut(person.reviewer.name, seen.away[person.reviewer.id].reason)
            for person in seen.roster.found
            if person.reviewer.id in seen.away
        ]
        left_out = (*seen.roster.left_out, *gone)

        if not any(person.weight for person in here):
            raise CommandError(" ".join((_nobody(left_out), *seen.notes)))
        return Staff(here, left_out, seen.notes)

    def leavers(self, plan: Plan, *, patience: Patience) -> Mapping[str, DropReason]:
        """The plan's reviewers who cannot be given rows any more, and why; only what is certain counts."""
        ids = {share.reviewer.id for share in plan.shares}
        slack = BriefPatience(patience, seconds=SLACK_SECONDS)
        seen = self._sighting(plan.request.reviewers, patience, slack=slack, at_least=ids, lists=False)
        users = {user.id for user in seen.known.users} if seen.known.users is not None else ids
        there = {person.reviewer.id for person in seen.roster.found} if seen.certain else users
        lost = dict.fromkeys(ids - there, DropReason.REVIEWER)
        return lost | dict.fromkeys(ids & seen.away.keys(), DropReason.AWAY)

    def _sighting(
        self,
        names: Sequence[str],
        patience: Patience,
        *,
        slack: Patience,
        at_least: Collection[str] = (),
        lists: bool = True,
    ) -> _Lookup:
        asked = [parsed_name(name) for name in names]
        users = self._users(patience, at_least)
        members, unread = self._members(asked, slack)
        known, problem = self._with_people(
            asked,
            Known(
                users=users,
                groups=self._groups(asked, patience),
                members=members,
                accounts=self._remembered(users or ()),
                mapped=self._settings.reviewer_map,
            ),
            slack,
            lists=lists,
        )

        roster = resolved(asked, known)

        if not known.accounts:
            self._remember(roster.found, known)
        readable = known.users is not None and (known.people is not None or self._people is None)
        certain = readable and known.groups is not None and None not in known.members.values()
        doubts = [_doubt(one, weight) for one, weight in roster.disputed]
        notes = (*([NO_NAMES] if known.users is None else []), *unread, *([problem] if problem else []), *doubts)
        return _Lookup(roster, known, self._away(roster.found, known.people or ()), certain, notes)

    def _with_people(
        self, asked: Sequence[ReviewerName], known: Known, patience: Patience, *, lists: bool
    ) -> tuple[Known, str | None]:
        """`known` with Slack's people; and what is wrong when they cannot be read: then what was matched counts."""
        if self._listing is None:
            return known, None
        try:
            return self._listing.matched(asked, known, patience, lists=lists), None
        except SlackError as error:
            log.warning("Slack's people cannot be read", extra={"error": str(error)})
            return known, f"{NO_SLACK} {error}"

    def _users(self, patience: Patience, at_least: Collection[str]) -> tuple[User, ...] | None:
        """Braintrust's users; None where they may not be listed: a list without anybody says so too."""
        try:
            users = self._braintrust.users(patience=patience, at_least=at_least)
        except NoAccessError:
            raise
        except BraintrustRejectedError as error:
            log.warning("Braintrust does not let the bot list users", extra={"error": str(error)})
            return None
        if not users:
            log.warning("Braintrust lists no user at all, so the bot may not list them")
        return users or None

    def _groups(self, asked: Sequence[ReviewerName], patience: Patience) -> tuple[Group, ...] | None:
        """Braintrust's groups, when one is named."""
        if not any(name.kind is NameKind.GROUP for name in asked):
            return ()
        try:
            return self._braintrust.groups(patience=patience)
        except NoAccessError:
            raise
        except BraintrustRejectedError as error:
            log.warning("Braintrust does not let the bot list groups", extra={"error": str(error)})
            return None

    def _members(
        self, asked: Sequence[ReviewerName], patience: Patience
    ) -> tuple[Mapping[str, Sequence[str] | None], list[str]]:
        """Who is in the user groups that are named, None where nobody can say; and why not, in sentences."""
        members: dict[str, Sequence[str] | None] = {}
        unread: list[str] = []
        for group in (name.value for name in asked if name.kind is NameKind.USER_GROUP):
            try:
                members[group] = self._members_of(group, patience)
            except SlackError as error:
                log.warning("a user group cannot be read", extra={"group": group, "error": str(error)})
                members[group] = None
                unread.append(f"Slack could not be asked who is in {quoted(group)}. {error}")
        return members, unread

    def _members_of(self, group: str, patience: Patience) -> Sequence[str] | None:
        if (people := self._people) is None:
            return None
        return ask_slack(lambda: people.members_of(group), patience)

    def _remembered(self, users: Sequence[User]) -> Mapping[str, str | None]:
        """The Slack account of each reviewer as it was seen within the last day, None for who has none."""
        try:
            accounts = self._matches.since(self._clock() - REMEMBERED)
        except StoreUnavailableError:  # it would only have saved requests
            return {}
        mapped = self._mapped(users)
        return {reviewer_id: slack_id for reviewer_id, slack_id in accounts.items() if reviewer_id not in mapped}

    def _remember(self, found: Sequence[Member], known: Known) -> None:
        if known.people is None or known.users is None:
            return
        mapped = self._mapped(known.users)
        accounts = {
            person.reviewer.id: person.reviewer.slack_id for person in found if person.reviewer.id not in mapped
        }
        try:
            self._matches.keep(accounts, now=self._clock())
        except StoreUnavailableError:
            log.warning("who is who in Slack could not be remembered")

    def _mapped(self, users: Sequence[User]) -> frozenset[str]:
        """The reviewers whom REVIEWER_MAP names: what it says counts at once, so nothing is remembered of them."""
        targets = {target.lower() for target in self._settings.reviewer_map.values()}
        return frozenset(user.id for user in users if {user.id.lower(), (user.email or "").lower()} & targets)

    def _away(self, found: Sequence[Member], people: Sequence[Person]) -> dict[str, Absence]:
        """Who of those that were found is away, by reviewer id."""
        by_slack_id = {person.id: person for person in people}
        wishes = self._preferences.of(
            [person.reviewer.slack_id for person in found if person.reviewer.slack_id is not None]
        )
        away: dict[str, Absence] = {}
        for one in found:
            if one.reviewer.slack_id is None:
                continue
            person = by_slack_id.get(one.reviewer.slack_id, Person(one.reviewer.slack_id, one.reviewer.name))
            until = wishes[one.reviewer.slack_id].away_until if one.reviewer.slack_id in wishes else None
            if found_away := absence(person, now=self._clock(), rules=self._settings.away, away_until=until):
                away[one.reviewer.id] = found_away
        return away


class StaffReader:
    """Puts together who can be given rows, and how many."""

    def __init__(self, *, roster: RosterReader, braintrust: Braintrust, settings: Settings, clock: Clock) -> None:
        self._roster = roster
        self._reader = RowReader(braintrust, settings.work)
        self._queue = settings.queue
        self._clock = clock

    def of(self, request: PlanRequest, *, patience: Patience) -> Staff:
        """Everybody who takes part; raises `CommandError` when nobody does, and `BraintrustError`."""
        load = in_background(lambda: self._load(request, patience), name="load")
        staff = self._roster.present(request.reviewers, patience=patience)
        open_rows = load.result()

        return replace(staff, members=tuple(self._loaded(member, open_rows) for member in staff.members))

    def _loaded(self, member: Member, load: Mapping[str, int] | None) -> Member:
        open_rows = None if load is None else load.get(member.reviewer.id, 0)
        return replace(member, open_rows=open_rows, room=self._room(open_rows or 0))

    def _room(self, open_rows: int) -> int | None:
        caps = [cap for cap in (self._most_open(open_rows), self._queue.max_new_rows) if cap is not None]
        return min(caps, default=None)

    def _most_open(self, open_rows: int) -> int | None:
        return None if self._queue.max_open_rows is None else max(self._queue.max_open_rows - open_rows, 0)

    def _load(self, request: PlanRequest, patience: Patience) -> Mapping[str, int] | None:
        """Open rows by reviewer; None where nobody can say and nothing depends on it."""
        needed = request.choices.strategy is Strategy.BALANCED or self._queue.max_open_rows is not None
        now = self._clock()
        window = Window(now - LOAD_DAYS, now)
        try:
            return self._reader.open_load(request.project_id, window, patience=patience)
        except BraintrustError as error:
            if not needed:
                log.info("open rows are not known", extra={"cause": type(error).__name__})
                return None
            if not isinstance(error, BraintrustRejectedError):
                raise
        return self._reader.open_load_by_rows(request.project_id, window, patience=patience)


def _doubt(one: Member, other_weight: int) -> str:
    name = quoted(one.reviewer.name)
    return f"{name} is named with the weight {one.weight} and with {other_weight}: {one.weight} counts."


def _nobody(left_out: Sequence[LeftOut]) -> str:
    if not left_out:
        return "Nobody who is named gets rows: everybody has the weight 0. Name others, or give weights above 0."
    listed = ", ".join(f"{quoted(left.name)} ({left.reason})" for left in left_out[:5])
    more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    return f"Nobody who is named can be given rows: {listed}{more}. Name others: `reviewers=ana@example.com`."
