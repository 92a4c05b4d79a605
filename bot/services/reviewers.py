"""The reviewers of a plan: the people behind its names, who of them is there just now, and their room for more rows."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from bot.domain.absence import absence
from bot.domain.allocation import Strategy
from bot.domain.choices import Choices
from bot.domain.people import Group, Person, User
from bot.domain.plain_text import quoted
from bot.domain.plan import DropReason, LeftOut, Plan, PlanRequest, Window
from bot.domain.preferences import Preference
from bot.domain.reviewers import Known, Member, NameKind, ReviewerName, Staff, parsed_name, resolved
from bot.errors import (
    BraintrustError,
    BraintrustRejectedError,
    CommandError,
    NoAccessError,
    SlackError,
    SlackUnavailableError,
    StoreUnavailableError,
)
from bot.services.ports.braintrust import Braintrust, Patience
from bot.services.ports.people import Matches, People, PreferenceBook
from bot.services.ports.work import Clock
from bot.services.reading import RowReader
from bot.services.slack_listing import SlackListing
from bot.services.step import SLACK_LIMIT, BoundedPatience, ask_slack
from bot.services.threads import in_background
from bot.settings import Settings

log = logging.getLogger(__name__)

_T = TypeVar("_T")

REMEMBERED = timedelta(days=1)
"""How long it counts which Slack account is whose."""
SLACK_SECONDS = 5.0
"""For how long an approved plan waits for Slack, which it needs only to learn who is away."""
NO_NAMES = "Braintrust does not let the bot list users, so reviewers are shown by id."
SLACK_SLOW = "Slack takes too long just now."
NO_SLACK = "Slack could not be asked who is away, so nobody is taken to be."
PARTLY = "Not everybody could be found in Slack, so nobody but those who were is taken to be away."
LOAD_DAYS = timedelta(days=30)
"""Over how many days open rows are counted."""


@dataclass(frozen=True, slots=True)
class _Lookup:
    """Whom some names lead to as things are now; `certain` when everything that was needed could be read."""

    staff: Staff
    known: Known
    away: Mapping[str, str]
    """Why somebody is away, by reviewer id."""
    certain: bool


class StaffReader:
    """Puts together who can be given rows, and how many; asks Braintrust, and Slack where there is one."""

    def __init__(
        self,
        *,
        braintrust: Braintrust,
        people: People | None,
        preferences: PreferenceBook,
        matches: Matches,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._braintrust = braintrust
        self._people = people
        self._listing = None if people is None else SlackListing(people, clock)
        self._preferences = preferences
        self._matches = matches
        self._settings = settings
        self._clock = clock

    def of(self, request: PlanRequest, *, patience: Patience) -> Staff:
        """Everybody who takes part; raises `CommandError` when nobody does, and `BraintrustError`."""
        loading = in_background(lambda: self._load(request, patience), name="load")
        seen = self._looked_up(request.reviewers, patience, slack=patience)
        here = [one for one in seen.staff.members if one.reviewer.id not in seen.away]
        gone = [one.reviewer for one in seen.staff.members if one.reviewer.id in seen.away]
        left_out = (*seen.staff.left_out, *(LeftOut(one.name, seen.away[one.id]) for one in gone))
        if not any(one.weight for one in here):
            raise CommandError(" ".join((_nobody(left_out), *seen.staff.notes)))
        load = loading.result()

        members = [
            _with_room(one, None if load is None else load.get(one.reviewer.id, 0), request.choices) for one in here
        ]
        return Staff(tuple(members), left_out, seen.staff.notes)

    def leavers(self, plan: Plan, *, patience: Patience) -> Mapping[str, DropReason]:
        """The plan's reviewers who cannot be given rows any more, and why; only what is certain counts."""
        ids = {share.reviewer.id for share in plan.shares}
        rest = partial(patience.wait, reason=SLACK_LIMIT)
        slack = BoundedPatience(rest, seconds=SLACK_SECONDS, error=SlackUnavailableError(SLACK_SLOW))
        seen = self._looked_up(plan.request.reviewers, patience, slack=slack, at_least=ids, lists=False)
        users = {user.id for user in seen.known.users} if seen.known.users is not None else ids
        there = {one.reviewer.id for one in seen.staff.members} if seen.certain else users
        lost = dict.fromkeys(ids - there, DropReason.REVIEWER)
        return lost | dict.fromkeys(ids & seen.away.keys(), DropReason.AWAY)

    def _load(self, request: PlanRequest, patience: Patience) -> Mapping[str, int] | None:
        """Open rows by reviewer; None where nobody can say and nothing depends on it."""
        capped = request.choices.max_open_rows is not None or any(parsed_name(name).cap for name in request.reviewers)
        needed = capped or request.choices.strategy is Strategy.BALANCED
        reader, now = RowReader(self._braintrust, self._settings.work), self._clock()
        window = Window(now - LOAD_DAYS, now)
        try:
            return reader.open_load(request.project_id, window, patience=patience)
        except BraintrustError as error:
            if not needed:
                log.info("open rows are not known", extra={"cause": type(error).__name__})
                return None
            if not isinstance(error, BraintrustRejectedError):
                raise
        return reader.open_load_by_rows(request.project_id, window, patience=patience)

    def _looked_up(
        self,
        names: Sequence[str],
        patience: Patience,
        *,
        slack: Patience,
        at_least: Collection[str] = (),
        lists: bool = True,
    ) -> _Lookup:
        asked = [parsed_name(name) for name in names]
        users = _listed(lambda: self._braintrust.users(patience=patience, at_least=at_least), "users")
        if users == ():
            log.warning("Braintrust lists no user at all, so the bot may not list them")
        groups: tuple[Group, ...] | None = ()
        if any(name.kind is NameKind.GROUP for name in asked):
            groups = _listed(lambda: self._braintrust.groups(patience=patience), "groups")
        notes = [] if users else [NO_NAMES]
        known = Known(
            users=users or None,
            groups=groups,
            members=self._members(asked, slack, notes),
            accounts=self._remembered(users or ()),
            mapped=self._settings.people.reviewer_map,
        )
        refusal: SlackError | None = None
        if self._listing is not None:
            try:
                known, refusal = self._listing.matched(asked, known, slack, lists=lists)
            except SlackError as error:  # then what was matched before counts
                refusal = error
        if refusal is not None:
            log.warning("Slack's people cannot be read", extra={"error": str(refusal)})
            notes.append(f"{NO_SLACK if known.people is None else PARTLY} {refusal}")

        staff = resolved(asked, known)

        if not known.accounts and refusal is None:
            self._remember(staff.members, known)
        readable = known.users is not None and refusal is None
        certain = readable and known.groups is not None and None not in known.members.values()
        away = self._away(staff.members, known.people or ())
        return _Lookup(replace(staff, notes=(*notes, *staff.notes)), known, away, certain)

    def _members(
        self, asked: Sequence[ReviewerName], patience: Patience, notes: list[str]
    ) -> Mapping[str, Sequence[str] | None]:
        """Who is in the user groups that are named; None where nobody can say, and a note why not."""
        members: dict[str, Sequence[str] | None] = {}
        for group in (name.value for name in asked if name.kind is NameKind.USER_GROUP):
            members[group] = None
            try:
                if self._people is not None:
                    members[group] = ask_slack(partial(self._people.members_of, group), patience)
            except SlackError as error:
                log.warning("a user group cannot be read", extra={"group": group, "error": str(error)})
                notes.append(f"Slack could not be asked who is in {quoted(group)}. {error}")
        return members

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
        accounts = {one.reviewer.id: one.reviewer.slack_id for one in found if one.reviewer.id not in mapped}
        try:
            self._matches.keep(accounts, now=self._clock())
        except StoreUnavailableError:
            log.warning("who is who in Slack could not be remembered")

    def _mapped(self, users: Sequence[User]) -> frozenset[str]:
        """The reviewers whom REVIEWER_MAP names: what it says counts at once, so nothing is remembered of them."""
        targets = {target.lower() for target in self._settings.people.reviewer_map.values()}
        return frozenset(user.id for user in users if {user.id.lower(), (user.email or "").lower()} & targets)

    def _away(self, found: Sequence[Member], people: Sequence[Person]) -> Mapping[str, str]:
        by_slack_id = {person.id: person for person in people}
        reviewers = [(one.reviewer, one.reviewer.slack_id) for one in found]
        wishes = self._preferences.of([slack_id for _, slack_id in reviewers if slack_id is not None])
        away: dict[str, str] = {}
        for reviewer, slack_id in reviewers:
            if slack_id is None:
                continue
            person = by_slack_id.get(slack_id, Person(slack_id, reviewer.name))
            until = wishes.get(slack_id, Preference()).away_until
            if reason := absence(person, now=self._clock(), rules=self._settings.people.away, away_until=until):
                away[reviewer.id] = reason
        return away


def _with_room(member: Member, open_rows: int | None, choices: Choices) -> Member:
    most = [cap for cap in (choices.max_open_rows, member.cap) if cap is not None]
    room = [max(cap - (open_rows or 0), 0) for cap in most]
    if choices.max_new_rows is not None:
        room.append(choices.max_new_rows)
    return replace(member, open_rows=open_rows, room=min(room, default=None))


def _listed(listing: Callable[[], tuple[_T, ...]], what: str) -> tuple[_T, ...] | None:
    """What Braintrust lists; None where the bot may not list it."""
    try:
        return listing()
    except NoAccessError:
        raise
    except BraintrustRejectedError as error:
        log.warning("Braintrust does not let the bot list %s", what, extra={"error": str(error)})
        return None


def _nobody(left_out: Sequence[LeftOut]) -> str:
    if not left_out:
        return "Nobody who is named gets rows: everybody has the weight 0. Name others, or give weights above 0."
    listed = ", ".join(f"{quoted(left.name)} ({left.reason})" for left in left_out[:5])
    more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    return f"Nobody who is named can be given rows: {listed}{more}. Name others: `reviewers=ana@example.com`."
