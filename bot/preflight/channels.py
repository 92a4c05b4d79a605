"""The check of the channels and times in the settings."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from slack_sdk import WebClient

from bot.adapters.slack.client import SlackClient
from bot.adapters.slack.directory import SlackNames
from bot.domain.weekly import WeeklyTime, next_time
from bot.errors import SlackError, SlackRejectedError
from bot.preflight.finding import Finding, Misread, judged, none_of, ok, warning, wrong
from bot.settings import Settings

INVITE = "correct the id or, if the channel is private, type /invite @assign-reviews there"
_UNKNOWN = frozenset({"channel_not_found"})
_WITHOUT_SUMMER_TIME = {"EST": "America/New_York", "MST": "America/Denver"}


def channel_findings(client: WebClient | None, settings: Settings, misread: Mapping[str, Misread]) -> Iterator[Finding]:
    """Whether the bot reaches the channels, and when the weekly plan comes."""
    named = {"ALLOWED_CHANNELS": sorted(settings.policy.allowed_channels)}
    named["REVIEW_CHANNEL"] = [settings.queue.channel] if settings.queue.channel else []
    for setting, ids in named.items():
        if setting in misread:
            yield from _misread(client, setting, misread[setting])
        elif ids and client is not None:
            yield _reached(SlackClient(client), setting, ids)
    if settings.queue.channel and settings.queue.weekly_post is None and "WEEKLY_POST" not in misread:
        yield warning("REVIEW_CHANNEL", "only WEEKLY_POST uses it, which is not set.")
    if settings.queue.weekly_post is not None:
        yield _time(settings.queue.weekly_post, now=datetime.now(UTC))


def _misread(client: WebClient | None, setting: str, misread: Misread) -> Iterator[Finding]:
    """What to write in place of names; nothing of what is not set, which was told already."""
    if not misread.text:
        return
    try:
        ids = {} if client is None else SlackNames(client).channels()
    except SlackError:
        ids = {}
    names = [part.strip() for part in misread.text.split(",")]
    meant = [f"`{name}` is {ids[name.lstrip('#').lower()]}" for name in names if name.lstrip("#").lower() in ids]
    yield wrong(setting, f"write ids in place of names: {', '.join(meant)}." if meant else misread.sentence)


def _reached(slack: SlackClient, setting: str, ids: list[str]) -> Finding:
    unknown: list[str] = []
    found: list[Finding] = []
    for channel in ids:
        try:
            found.append(_seen(slack, setting, channel))
        except SlackRejectedError as error:
            if error.code not in _UNKNOWN:
                return warning(setting, f"this could not be tried. {error}")
            unknown.append(channel)
        except SlackError as error:
            return warning(setting, f"this could not be tried. {error}")
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
    coming = next_time(weekly, after=now)
    local = coming.astimezone(ZoneInfo(weekly.zone))
    if weekly.zone in _WITHOUT_SUMMER_TIME:
        meant = _WITHOUT_SUMMER_TIME[weekly.zone]
        return warning("WEEKLY_POST", f"{weekly.zone} has no summer time; write {meant} where clocks are put forward.")
    return ok("WEEKLY_POST", f"{weekly}; next on {local:%Y-%m-%d %H:%M}, which is {coming:%H:%M} UTC.")
