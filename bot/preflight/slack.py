"""The check of Slack: tokens and scopes, channels, the weekly time."""

import re
from collections.abc import Collection, Generator, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from slack_sdk import WebClient

from bot.adapters.slack.client import SlackClient, web_client
from bot.adapters.slack.directory import channel_ids
from bot.adapters.slack.identity import SCOPES, Identity, connection_address, refusal
from bot.domain.weekly import WeeklyTime, next_time
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.preflight.finding import Finding, Misread, judged, none_of, ok, warning, with_ids, wrong
from bot.settings import Settings, SlackSettings

_NOWHERE = "Slack"
"""What is blamed where Slack is not reached."""
_SECRET = re.compile(r"[0-9a-f]{32}")


def token_findings(settings: SlackSettings, misread: Collection[str]) -> Generator[Finding, None, WebClient | None]:
    """What the tokens are good for; returns a client where the bot's token works."""
    client = None
    if settings.bot_token:
        identity = Identity(web_client(settings))
        found = _bot_token(identity)
        yield found
        client = web_client(settings) if identity.is_known else None
        if found.setting == _NOWHERE:
            return None
    if settings.app_token:
        yield _app_token(settings)
    elif settings.signing_secret and "SLACK_APP_TOKEN" not in misread:
        yield _signing_secret(settings.signing_secret)
    return client


def _bot_token(identity: Identity) -> Finding:
    try:
        identity.learn()
    except SlackUnavailableError as error:
        return wrong(_NOWHERE, str(error))
    except SlackRejectedError as error:
        return wrong("SLACK_BOT_TOKEN", refusal(error))
    if identity.lacking:
        return wrong("SLACK_BOT_TOKEN", identity.lacking)
    if identity.forgone:
        return warning("SLACK_BOT_TOKEN", identity.forgone)
    return ok("SLACK_BOT_TOKEN", f"{identity.description}, with all {len(SCOPES)} scopes.")


def _app_token(settings: SlackSettings) -> Finding:
    """Whether connections can be opened.  None is: it would get what people send to the bot."""
    try:
        connection_address(WebClient(token=settings.app_token, base_url=settings.api_url))
    except SlackUnavailableError as error:
        return wrong(_NOWHERE, str(error))
    except SlackRejectedError as error:
        return wrong("SLACK_APP_TOKEN", refusal(error))
    return ok("SLACK_APP_TOKEN", "Socket Mode connections can be opened.")


def _signing_secret(secret: str) -> Finding:
    if not _SECRET.fullmatch(secret):
        return warning(
            "SLACK_SIGNING_SECRET", "Slack's have 32 characters from 0-9 and a-f, and this one has not; copy it again."
        )
    return ok("SLACK_SIGNING_SECRET", "it looks like one; whether it is the right one shows at the first command.")


INVITE = "correct the id or, if the channel is private, type /invite @assign-reviews there"
_WITHOUT_SUMMER_TIME = {"EST": "America/New_York", "MST": "America/Denver"}


def channel_findings(client: WebClient | None, settings: Settings, misread: Mapping[str, Misread]) -> Iterator[Finding]:
    """Whether the bot reaches the channels, and when the weekly plan comes."""
    named = {
        "ALLOWED_CHANNELS": sorted(settings.policy.allowed_channels),
        "REVIEW_CHANNEL": [settings.queue.channel] if settings.queue.channel else [],
    }
    for setting, ids in named.items():
        if setting in misread:
            if misread[setting].text:  # what is not set was told already
                yield with_ids(setting, misread[setting], _channels(client))
        elif ids and client is not None:
            yield _reached(SlackClient(client), setting, ids)
    if settings.queue.channel and settings.queue.weekly_post is None and "WEEKLY_POST" not in misread:
        yield warning("REVIEW_CHANNEL", "only WEEKLY_POST uses it, which is not set.")
    if settings.queue.weekly_post is not None:
        yield _time(settings.queue.weekly_post, now=datetime.now(UTC))


def _channels(client: WebClient | None) -> Mapping[str, str]:
    try:
        return {} if client is None else channel_ids(client)
    except SlackError:
        return {}


def _reached(slack: SlackClient, setting: str, ids: list[str]) -> Finding:
    unknown: list[str] = []
    found: list[Finding] = []
    for channel in ids:
        try:
            found.append(_seen(slack, setting, channel))
        except SlackError as error:
            if not isinstance(error, SlackRejectedError) or error.code != "channel_not_found":
                return warning(setting, f"this could not be tried. {error}")
            unknown.append(channel)
    if unknown:
        found.append(wrong(setting, f"Slack shows the bot {none_of(unknown)}; {INVITE}."))
    return judged(setting, found)


def _seen(slack: SlackClient, setting: str, channel: str) -> Finding:
    known = slack.channel(channel)
    name = f"#{known.name}" if known.name else known.id
    if known.is_archived:
        return wrong(setting, f"{name} is archived; unarchive it, or choose another one.")
    if known.is_shared and setting == "REVIEW_CHANNEL":
        return warning(setting, f"{name} is shared with another organisation, whose people will read the plans.")
    return ok(setting, name if known.is_entered else f"{name} (the bot joins it when it is used)")


def _time(weekly: WeeklyTime, *, now: datetime) -> Finding:
    if meant := _WITHOUT_SUMMER_TIME.get(weekly.zone):
        return warning("WEEKLY_POST", f"{weekly.zone} has no summer time; write {meant} where clocks are put forward.")
    coming = next_time(weekly, after=now)
    local = coming.astimezone(ZoneInfo(weekly.zone))
    return ok("WEEKLY_POST", f"{weekly}; next on {local:%Y-%m-%d %H:%M}, which is {coming:%H:%M} UTC.")
