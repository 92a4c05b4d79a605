"""Tries every setting for real: each finding is ok, or a sentence that says what to do."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk import WebClient

from bot.adapters.braintrust import BraintrustClient
from bot.adapters.slack import Identity, connection_opened, web_client
from bot.adapters.slack_people import SlackPeople
from bot.adapters.slack_scopes import SCOPES
from bot.app import Store
from bot.domain.btql import matching_rows
from bot.domain.model import Window
from bot.domain.reviewer_names import NameKind, ReviewerName, parsed_name
from bot.domain.reviewers import User
from bot.domain.roster import Known, resolved
from bot.errors import BotError, BraintrustRejectedError, SettingsError
from bot.services.waiting import BoundedPatience
from bot.settings import HINTS, Settings

MAX_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, whether it works, and what that means."""

    what: str
    ok: bool
    detail: str


def findings(env: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, as soon as it is known."""
    try:
        settings = Settings.from_env(env)
    except SettingsError as error:
        yield from (_bad("settings", problem) for problem in error.problems)
        return
    yield _good("settings", "all readable")
    yield _tried("database", lambda: _database(settings))
    yield from _slack(settings)
    yield from _braintrust(settings)


def _good(what: str, detail: str) -> Finding:
    return Finding(what, ok=True, detail=detail)


def _bad(what: str, detail: str) -> Finding:
    return Finding(what, ok=False, detail=detail)


def _tried(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return _good(what, attempt())
    except BotError as error:
        return _bad(what, str(error))


def _database(settings: Settings) -> str:
    store = Store(settings.database_url)
    store.database.close()
    return f"{store.database.engine.dialect.name}, up to date"


def _slack(settings: Settings) -> Iterator[Finding]:
    if not settings.slack.bot_token:
        yield _bad("Slack", f"SLACK_BOT_TOKEN is not set. {HINTS['SLACK_BOT_TOKEN']}")
        return
    identity = Identity(web_client(settings.slack))
    token = _tried("Slack token", lambda: _token(identity))
    yield token
    if token.ok:
        yield _scopes(identity.scopes)
    if settings.slack.app_token:
        client = WebClient(token=settings.slack.app_token, base_url=settings.slack.api_url)
        yield _tried("Socket Mode", lambda: connection_opened(client))
    elif settings.slack.signing_secret:
        yield _good("HTTP mode", "SLACK_SIGNING_SECRET is set; only Slack can tell whether it is the right one")
    else:
        yield _bad("door", "Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode.")


def _token(identity: Identity) -> str:
    identity.learn()
    return identity.description


def _scopes(granted: frozenset[str]) -> Finding:
    lacking = [f"{scope} ({purpose})" for scope, purpose in SCOPES.items() if scope not in granted]
    if lacking:
        advice = "Add them under OAuth & Permissions, and install the app again."
        return _bad("Slack scopes", f"missing {', '.join(lacking)}. {advice}")
    return _good("Slack scopes", f"all {len(SCOPES)} are granted")


def _braintrust(settings: Settings) -> Iterator[Finding]:
    missing = [
        name
        for name, value in (
            ("BRAINTRUST_API_KEY", settings.braintrust.api_key),
            ("BRAINTRUST_PROJECT_ID", settings.braintrust.project_id),
        )
        if not value
    ]
    if missing:
        yield from (_bad("Braintrust", f"{name} is not set. {HINTS[name]}") for name in missing)
        return
    client = BraintrustClient(settings.braintrust)
    yield _tried("Braintrust key and project", lambda: _project(client, settings))
    yield _tried("Braintrust query", lambda: _query(client, settings))
    yield _tried("reviewers", lambda: _reviewers(client, settings))


def _project(client: BraintrustClient, settings: Settings) -> str:
    return client.project_name(settings.braintrust.project_id, patience=_patience())


def _query(client: BraintrustClient, settings: Settings) -> str:
    """One real query with limit 1: it also tells whether this is the right region."""
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=settings.queue.days), now)
    tag = settings.queue.tag or "assign-reviews-check"
    query = matching_rows(settings.braintrust.project_id, tag=tag, window=window, limit=1)
    found = client.page(query, patience=_patience()).rows
    if not settings.queue.tag:
        return "answered; REVIEW_TAG is not set, so every command has to name a tag"
    return f"answered; {'rows carry' if found else 'no row carries'} the tag {settings.queue.tag!r} in the window"


def _reviewers(client: BraintrustClient, settings: Settings) -> str:
    if not settings.queue.reviewers:
        return "REVIEWERS is not set, so every command has to name reviewers"
    names = [parsed_name(name) for name in settings.queue.reviewers]
    roster = resolved(names, _known(client, settings, names))
    if roster.left_out:
        listed = ", ".join(f"{left.name} ({left.reason})" for left in roster.left_out)
        raise BotError(f"Left out would be {listed}. Correct REVIEWERS, or say in REVIEWER_MAP who is whom.")
    return f"all {len(roster.found)} are known"


def _known(client: BraintrustClient, settings: Settings, names: Sequence[ReviewerName]) -> Known:
    """What the bot would know of people: Slack's only with a token."""
    slack = SlackPeople(web_client(settings.slack)) if settings.slack.bot_token else None
    groups = [name.value for name in names if name.kind is NameKind.USER_GROUP]
    names_group = any(name.kind is NameKind.GROUP for name in names)
    return Known(
        users=_users(client),
        groups=client.groups(patience=_patience()) if names_group else (),
        people=slack.people() if slack else None,
        members={group: slack.members_of(group) for group in groups} if slack else {},
        mapped=settings.people.reviewer_map,
    )


def _users(client: BraintrustClient) -> Sequence[User] | None:
    """Braintrust's users; None where they may not be listed: as the bot does, ids are then taken on trust."""
    try:
        return client.users(patience=_patience())
    except BraintrustRejectedError:
        return None


def _patience() -> BoundedPatience:
    return BoundedPatience(time.sleep, seconds=MAX_WAIT_SECONDS)
