"""Slack's people as a roster needs them: everybody from a listing of the day, those who are meant as they are now."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.people import Person
from bot.domain.reviewers import Known, NameKind, ReviewerName, resolved
from bot.errors import SlackRejectedError
from bot.services.ports.braintrust import Patience
from bot.services.ports.people import People
from bot.services.ports.work import Clock
from bot.services.step import ask_slack
from bot.services.threads import for_each

KEPT = timedelta(days=1)
"""How long a listing of everybody counts."""
MOST_SINGLY = 20
"""How many people are asked for one by one where nobody was listed yet; for more, listing takes fewer requests."""
AT_ONCE = 8


class SlackListing:
    """Lists everybody once a day at most; whoever is meant is asked for by id, or by e-mail."""

    def __init__(self, people: People, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[datetime, tuple[Person, ...]] | None = None

    def matched(
        self, asked: Sequence[ReviewerName], known: Known, patience: Patience, *, lists: bool
    ) -> tuple[Known, SlackRejectedError | None]:
        """`known` with Slack's people; and Slack's refusal to show e-mails, where somebody could not be found for it.

        Raises `SlackError`.  Without `lists`, nobody is listed for it.
        """
        if (matched := self._matched(asked, known, patience)) is not None:
            return replace(known, people=matched), None
        listed, is_new = self._listed(patience, lists=lists)
        if is_new:
            return replace(known, people=listed, accounts={}), None
        people, refusal = self._as_now(asked, known, listed, patience)
        return replace(known, people=people, accounts={} if refusal is None else known.accounts), refusal

    def _listed(self, patience: Patience, *, lists: bool) -> tuple[tuple[Person, ...], bool]:
        """Everybody, as far as they were listed within the day, and whether that was just now."""
        with self._lock:
            if self._kept is not None and self._kept[0] < self._clock() - KEPT:
                self._kept = None
            if self._kept is not None or not lists:
                return self._kept[1] if self._kept is not None else (), False
            try:
                everybody = ask_slack(self._people.people, patience)
            except SlackRejectedError as error:
                if not error.is_of_a_scope:
                    raise
                return (), False
            self._kept = (self._clock(), everybody)
            return everybody, True

    def _matched(self, asked: Sequence[ReviewerName], known: Known, patience: Patience) -> tuple[Person, ...] | None:
        """Those behind `asked`, as Slack has them now; None unless all were matched before and nothing is wrong."""
        roster = resolved(asked, known)
        slack_ids = [one.reviewer.slack_id for one in roster.members if one.reviewer.slack_id is not None]
        unmatched = any(
            one.reviewer.slack_id is None and one.reviewer.id not in known.accounts for one in roster.members
        )
        if unmatched or roster.left_out or len(slack_ids) > MOST_SINGLY:
            return None
        seen = self._each(slack_ids, self._people.person, patience)
        present = tuple(one for one in seen.values() if not one.deactivated and not one.is_bot)
        return present if len(present) == len(slack_ids) else None

    def _as_now(
        self, asked: Sequence[ReviewerName], known: Known, listed: Sequence[Person], patience: Patience
    ) -> tuple[tuple[Person, ...], SlackRejectedError | None]:
        """`listed`, with those behind `asked` as Slack has them now, and those who came since, if e-mails are shown."""
        before = resolved(asked, known).members + resolved(asked, replace(known, people=listed, accounts={})).members
        meant: dict[str, None] = {name.value: None for name in asked if name.kind is NameKind.PERSON}
        for members in known.members.values():
            meant |= dict.fromkeys(members or ())
        meant |= dict.fromkeys(one.reviewer.slack_id for one in before if one.reviewer.slack_id is not None)
        people = {person.id: person for person in listed if person.id not in meant}
        people |= self._each(meant, self._people.person, patience)

        active = [person for person in people.values() if not person.deactivated]
        lacking = {
            one.reviewer.id
            for one in resolved(asked, replace(known, people=active, accounts={})).members
            if one.reviewer.slack_id is None and known.accounts.get(one.reviewer.id, "") is not None
        }
        emails = [user.email for user in known.users or () if user.id in lacking and user.email]
        if not listed:  # an e-mail that is nobody's in Braintrust may be somebody's in Slack
            familiar = {(user.email or "").lower() for user in known.users or ()}
            emails += [name.value for name in asked if name.kind is NameKind.EMAIL and name.value not in familiar]
        refusal: SlackRejectedError | None = None
        try:
            people |= self._each(emails, self._people.by_email, patience)
        except SlackRejectedError as error:
            if not error.is_of_a_scope:
                raise
            refusal = error
        return tuple(people.values()), refusal

    def _each(self, keys: Iterable[str], find: Callable[[str], Person | None], patience: Patience) -> dict[str, Person]:
        """Those whom Slack knows by these ids or e-mails, several asked for at a time."""
        each = list(dict.fromkeys(keys))
        found = for_each(each, lambda key: ask_slack(partial(find, key), patience), at_once=AT_ONCE, name="person")
        return {person.id: person for person in found if person is not None}
