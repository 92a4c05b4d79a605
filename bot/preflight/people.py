"""The check of the people in the settings: approvers, reviewers, and who is whom."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from slack_sdk import WebClient

from bot.adapters.slack.directory import NO_GROUP, SlackPeople, group_ids
from bot.domain.people import Exclusion, Person, User
from bot.domain.plan import LeftOut
from bot.domain.reviewers import Known, NameKind, ReviewerName, parsed_name, resolved
from bot.errors import BraintrustError, SlackError, SlackRejectedError
from bot.preflight.braintrust import BraintrustCheck
from bot.preflight.finding import Finding, Misread, judged, none_of, ok, warning, with_ids, wrong
from bot.settings import PolicySettings, Settings

_CORRECT = frozenset({Exclusion.UNKNOWN, Exclusion.NOT_IN_SLACK, Exclusion.AMBIGUOUS, Exclusion.UNLISTED})
_SLACK_S = frozenset({Exclusion.NOT_ASKED, Exclusion.UNREADABLE})
"""The reasons for which Slack is to blame where it cannot be asked."""
_GROUP = "S"
"""How the ids of user groups begin."""


def policy_findings(
    client: WebClient | None, policy: PolicySettings, misread: Mapping[str, Misread]
) -> Iterator[Finding]:
    """Whether there are the people and groups who may ask, approve and change queues, and whether they can."""
    named = {"APPROVERS": policy.approvers, "REQUESTERS": policy.requesters, "ADMINS": policy.admins}
    for setting, names in named.items():
        if setting in misread:
            yield with_ids(setting, misread[setting], {} if client is None else _ids(client))
        elif names and client is not None:
            try:
                yield from _named(SlackPeople(client), setting, names, four_eyes=policy.four_eyes)
            except SlackError as error:
                yield warning(setting, f"this could not be tried. {error}")


def reviewer_findings(client: WebClient | None, braintrust: BraintrustCheck, settings: Settings) -> Iterator[Finding]:
    """Whether the reviewers, and the people whom the map names, are known."""
    if not braintrust.is_reached:
        return
    slack = None if client is None else SlackPeople(client)
    try:
        users, people = braintrust.users(), _people(slack)
        if settings.queue.reviewers:
            names = [parsed_name(name) for name in settings.queue.reviewers]
            known = Known(
                users=users,
                groups=braintrust.groups() if any(name.kind is NameKind.GROUP for name in names) else (),
                people=people,
                members=_members(slack, names),
                mapped=settings.people.reviewer_map,
            )
            yield _reviewers(names, known, is_slack_asked=slack is not None)
        if settings.people.reviewer_map:
            yield _mapped(settings.people.reviewer_map, users, people, is_slack_asked=slack is not None)
    except BraintrustError as error:
        yield warning("REVIEWERS", f"this could not be tried. {error}")


def _ids(client: WebClient) -> Mapping[str, str]:
    """The ids of people by e-mail and name, and of user groups by handle, as far as they can be read."""
    there = [person for person in _people(SlackPeople(client)) or () if not person.deactivated]
    ids = {key.lower(): person.id for person in there for key in (person.email, person.name) if key}
    with suppress(SlackError):
        ids |= group_ids(client)
    return ids


def _people(slack: SlackPeople | None) -> Sequence[Person] | None:
    """Everybody in Slack; None where that cannot be read, which the check of the tokens told."""
    try:
        return None if slack is None else slack.people()
    except SlackError:
        return None


def _named(slack: SlackPeople, setting: str, names: Collection[str], *, four_eyes: bool) -> Iterator[Finding]:
    names_group = any(name.startswith(_GROUP) for name in names)
    everybody = {person.id: person for person in _people(slack) or ()} if names_group else {}
    parts: list[Finding] = []
    unknown: list[str] = []
    able: dict[str, str] = {}
    for name in sorted(names):
        try:
            people = _behind(slack, name, everybody)
        except SlackRejectedError as error:
            parts.append(warning(setting, f"{name} cannot be read. {error}"))
            continue
        if people is None:
            unknown.append(name)
            continue
        there = {person.id: person.name for person in people if not person.deactivated and not person.is_bot}
        able |= there
        parts.append(_able(setting, name, people, able=len(there)))
    if unknown:
        parts.append(wrong(setting, f"Slack knows {none_of(unknown)}; copy the ids again."))
    yield judged(setting, parts)
    if setting == "APPROVERS" and four_eyes and len(able) == 1:
        [only] = able.values()
        yield warning("FOUR_EYES", f"{only} is the only approver, so nobody can approve what {only} asks for.")


def _behind(slack: SlackPeople, name: str, everybody: Mapping[str, Person]) -> Sequence[Person] | None:
    """The people whom an id names; None where Slack knows no such id."""
    if not name.startswith(_GROUP):
        person = everybody.get(name) or slack.person(name)
        return None if person is None else (person,)
    try:
        return [everybody.get(member, Person(member, member)) for member in slack.members_of(name)]
    except SlackRejectedError as error:
        if error.code == NO_GROUP:
            return None
        raise


def _able(setting: str, name: str, people: Sequence[Person], *, able: int) -> Finding:
    """Whether those behind a name can do what it is named for."""
    if name.startswith(_GROUP):
        shown = f"{name} ({able} in the group)"
        return ok(setting, shown) if able else warning(setting, f"nobody is in the group {name}")
    [person] = people
    if able:
        return ok(setting, person.name)
    what = "has left the workspace" if person.deactivated else "is an app"
    return wrong(setting, f"{person.name} ({name}) {what}; take the id out, or name somebody else")


def _members(slack: SlackPeople | None, names: Sequence[ReviewerName]) -> Mapping[str, Sequence[str] | None]:
    """Who is in the user groups among the names; None where that cannot be read."""
    found: dict[str, Sequence[str] | None] = {name.value: None for name in names if name.kind is NameKind.USER_GROUP}
    for group in found:
        with suppress(SlackError):
            found[group] = None if slack is None else slack.members_of(group)
    return found


def _reviewers(names: Sequence[ReviewerName], known: Known, *, is_slack_asked: bool) -> Finding:
    """The verdict on the reviewers.  What only Slack could tell is no fault of theirs while it is not asked."""
    roster = resolved(names, known)
    unasked = [left for left in roster.left_out if left.reason in _SLACK_S and not is_slack_asked]
    parts = [_left_out(left, known.users or ()) for left in roster.left_out if left not in unasked]
    if known.users is None:
        parts.append(warning("REVIEWERS", "the key may not list users, so ids are taken on trust"))
    if not unasked and not any(person.weight for person in roster.members):
        parts.append(wrong("REVIEWERS", "nobody is left who could be given rows"))
    which = "all that could be looked up" if unasked else f"all {len(roster.members)}"
    return judged("REVIEWERS", [*parts, ok("REVIEWERS", f"{which} are known.")])


def _left_out(left: LeftOut, users: Sequence[User]) -> Finding:
    emails = [user.email.lower() for user in users if user.email]
    near = difflib.get_close_matches(left.name.lower(), emails, n=1, cutoff=0.8)
    hint = f"; {near[0]} is known" if near and left.reason == Exclusion.UNKNOWN else ""
    sentence = f"{left.name} is left out ({left.reason}{hint})"
    return wrong("REVIEWERS", sentence) if left.reason in _CORRECT else warning("REVIEWERS", sentence)


def _mapped(
    mapped: Mapping[str, str],
    users: Sequence[User] | None,
    people: Sequence[Person] | None,
    *,
    is_slack_asked: bool,
) -> Finding:
    in_slack = {key.lower() for person in people or () for key in (person.id, person.email) if key}
    in_braintrust = {key.lower() for user in users or () for key in (user.id, user.email) if key}
    unknown = [key if "@" in key else key.upper() for key in mapped if key not in in_slack]
    missing = [target for target in mapped.values() if target.lower() not in in_braintrust]
    parts = [_known("Slack", people, unknown)] if is_slack_asked else []
    return judged("REVIEWER_MAP", [*parts, _known("Braintrust", users, missing)])


def _known(where: str, listed: Sequence[object] | None, unknown: Sequence[str]) -> Finding:
    if listed is None:
        return warning("REVIEWER_MAP", f"whom it names in {where} could not be looked up")
    if unknown:
        return wrong("REVIEWER_MAP", f"{where} knows {none_of(unknown)}")
    return ok("REVIEWER_MAP", f"{where} knows everybody in it")
