"""Settings from the environment.  All problems are found at once; the only module that reads the environment."""

import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

from bot.domain.command import valid_days, valid_reviewers, valid_tag
from bot.domain.weekly import WeeklyTime, parsed_weekly
from bot.errors import BotError, SettingsError

_T = TypeVar("_T")
_SLACK_PERSON = re.compile(r"<?[@!]?(?:subteam\^)?([UWS][A-Z0-9]{2,})(?:\|[^>]*)?>?")
_SLACK_CHANNEL = re.compile(r"<?#?([CDG][A-Z0-9]{2,})(?:\|[^>]*)?>?")


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """How to reach Slack.  Tokens are left out of `repr`."""

    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    api_url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class BraintrustSettings:
    """How to reach Braintrust, and which project."""

    api_key: str = field(default="", repr=False)
    api_url: str = "https://api.braintrust.dev"
    app_url: str = "https://www.braintrust.dev"
    org_name: str = ""
    project_id: str = ""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The default queue: which rows, for whom, posted where and when."""

    tag: str = ""
    days: int = 7
    reviewers: tuple[str, ...] = ()
    channel: str | None = None
    weekly_post: WeeklyTime | None = None


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Who may do what, and for how long."""

    allowed_channels: frozenset[str] = frozenset()
    """Empty: any channel."""
    approvers: frozenset[str] = frozenset()
    """Slack user and user-group ids.  Empty: anybody in the channel but guests and external people."""
    four_eyes: bool = False
    plan_expires_hours: int = 24
    undo_hours: int = 24


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How Braintrust is read and written."""

    page_size: int = 1000
    batch_size: int = 1000
    max_pages: int = 10_000
    parallel_requests: int = 4
    settle_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    slack: SlackSettings = SlackSettings()
    braintrust: BraintrustSettings = BraintrustSettings()
    queue: QueueSettings = QueueSettings()
    policy: PolicySettings = PolicySettings()
    work: WorkSettings = WorkSettings()
    database_url: str = field(default="sqlite:///data/assign-reviews.db", repr=False)
    port: int = 3000
    log_format: str = "text"

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, required: tuple[str, ...] = ()) -> "Settings":
        """The settings in `env`; raises `SettingsError` with every problem and each missing `required` name."""
        reader = _Reader(env)
        for name in required:
            reader.require(name)
        reader.refuse_pair("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
        reader.refuse_forgetful_disk()
        settings = cls(
            slack=_slack(reader),
            braintrust=_braintrust(reader),
            queue=_queue(reader),
            policy=_policy(reader),
            work=_work(reader),
            database_url=reader.read("DATABASE_URL", _database_url, default=cls().database_url),
            port=reader.read("PORT", _number(1, 65_535), default=3000),
            log_format=reader.read("LOG_FORMAT", _one_of("text", "json"), default="text"),
        )
        reader.finish()
        return settings


FOR_PLANNING = ("BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID", "REVIEW_TAG", "REVIEWERS")
FOR_SOCKET_MODE = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")
FOR_HTTP = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")


def environment(dotenv: Path = Path(".env")) -> dict[str, str]:
    """The process's environment, with what it lacks taken from a `.env` file where there is one."""
    from_file = {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
    return {**from_file, **os.environ}


class _Reader:
    """Reads single variables and collects what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._problems: dict[str, str] = {}

    def require(self, name: str) -> None:
        if not self._env.get(name, "").strip():
            self._problems[name] = f"{name} is not set. {HINTS.get(name, '')}".strip()

    def refuse_pair(self, first: str, second: str) -> None:
        """Bolt silently turns to OAuth for many workspaces when both are set, and then ignores the bot's token."""
        if self._env.get(first) is not None and self._env.get(second) is not None:
            self._problems[first] = f"{first} and {second} are set, which this bot has no use for. Remove them."

    def refuse_forgetful_disk(self) -> None:
        """Where DYNO is set, files are gone after every restart, and SQLite's plans with them."""
        if self._env.get("DYNO") and (self._env.get("DATABASE_URL", "").strip() or "sqlite").startswith("sqlite"):
            self._problems["DATABASE_URL"] = (
                "DATABASE_URL: files do not survive a restart on this platform, so SQLite would forget plans in the "
                "middle. Add a PostgreSQL database."
            )

    def read(self, name: str, parse: Callable[[str], _T], *, default: _T) -> _T:
        text = self._env.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, BotError) as error:
            self._problems[name] = f"{name}: {error}"
            return default

    def finish(self) -> None:
        if self._problems:
            raise SettingsError(list(self._problems.values()))


HINTS = {
    "SLACK_BOT_TOKEN": "It begins with xoxb- and stands in your Slack app's settings under OAuth & Permissions.",
    "SLACK_APP_TOKEN": "It begins with xapp- and stands under Basic Information, App-Level Tokens (connections:write).",
    "SLACK_SIGNING_SECRET": "It stands in your Slack app's settings under Basic Information, App Credentials.",
    "BRAINTRUST_API_KEY": "Make one in Braintrust under Settings, API keys.",
    "BRAINTRUST_PROJECT_ID": "It is the project's UUID: copy it in Braintrust from the project's Configuration page.",
    "REVIEW_TAG": "It is the tag of the rows to be reviewed.",
    "REVIEWERS": "Name Braintrust user ids or e-mails, separated by commas.",
}


def _slack(reader: _Reader) -> SlackSettings:
    return SlackSettings(
        bot_token=reader.read("SLACK_BOT_TOKEN", _prefixed("xoxb-"), default=""),
        app_token=reader.read("SLACK_APP_TOKEN", _prefixed("xapp-"), default=""),
        signing_secret=reader.read("SLACK_SIGNING_SECRET", str, default=""),
        api_url=reader.read("SLACK_API_URL", _url, default="https://slack.com/api").rstrip("/") + "/",
    )


def _braintrust(reader: _Reader) -> BraintrustSettings:
    return BraintrustSettings(
        api_key=reader.read("BRAINTRUST_API_KEY", _header_value, default=""),
        api_url=reader.read("BRAINTRUST_API_URL", _url, default=BraintrustSettings().api_url),
        app_url=reader.read("BRAINTRUST_APP_URL", _url, default=BraintrustSettings().app_url),
        org_name=reader.read("BRAINTRUST_ORG_NAME", _header_value, default=""),
        project_id=reader.read("BRAINTRUST_PROJECT_ID", _uuid, default=""),
    )


def _queue(reader: _Reader) -> QueueSettings:
    queue = QueueSettings(
        tag=reader.read("REVIEW_TAG", valid_tag, default=""),
        days=reader.read("REVIEW_DAYS", valid_days, default=7),
        reviewers=reader.read("REVIEWERS", valid_reviewers, default=()),
        channel=reader.read("REVIEW_CHANNEL", _channel, default=None),
        weekly_post=reader.read("WEEKLY_POST", parsed_weekly, default=None),
    )
    if queue.weekly_post:
        for name in ("REVIEW_CHANNEL", "REVIEW_TAG", "REVIEWERS"):
            reader.require(name)
    return queue


def _policy(reader: _Reader) -> PolicySettings:
    return PolicySettings(
        allowed_channels=reader.read("ALLOWED_CHANNELS", _ids(_SLACK_CHANNEL, "channel"), default=frozenset()),
        approvers=reader.read("APPROVERS", _ids(_SLACK_PERSON, "user or user-group"), default=frozenset()),
        four_eyes=reader.read("FOUR_EYES", _boolean, default=False),
        plan_expires_hours=reader.read("PLAN_EXPIRES_HOURS", _number(1, 720), default=24),
        undo_hours=reader.read("UNDO_HOURS", _number(0, 720), default=24),
    )


def _work(reader: _Reader) -> WorkSettings:
    return WorkSettings(
        page_size=reader.read("PAGE_SIZE", _number(1, 10_000), default=1000),
        batch_size=reader.read("BATCH_SIZE", _number(1, 4_000), default=1000),
        max_pages=reader.read("MAX_PAGES", _number(1, 10_000), default=10_000),
        parallel_requests=reader.read("PARALLEL_REQUESTS", _number(1, 16), default=4),
        settle_seconds=reader.read("SETTLE_SECONDS", _number(1, 3600), default=60),
    )


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}, please.")
        return int(text)

    return parse


def _prefixed(prefix: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.startswith(prefix):
            raise ValueError(f"it begins with {prefix}; this one does not.")
        return _header_value(text)

    return parse


def _header_value(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("it has a character that cannot be sent; copy it again.")
    return text


def _url(text: str) -> str:
    problem = ValueError("an address such as https://api.braintrust.dev, please.")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise problem from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise problem
    return text.rstrip("/")


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("a project's id is a UUID, such as 2f6a1e04-7c55-4f0e-9a51-0c7cbe1a2b3c.") from None


def _channel(text: str) -> str:
    match = _SLACK_CHANNEL.fullmatch(text)
    if match is None:
        raise ValueError("a Slack channel id such as C0123456789, please (channel details, at the very bottom).")
    return match[1]


def _ids(form: re.Pattern[str], what: str) -> Callable[[str], frozenset[str]]:
    def parse(text: str) -> frozenset[str]:
        matches = [form.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
        if None in matches or not matches:
            raise ValueError(f"Slack {what} ids, separated by commas, please.")
        return frozenset(match[1] for match in matches if match)

    return parse


def _boolean(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("true or false, please.")
    return words[text.lower()]


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"one of {', '.join(words)}, please.")
        return text.lower()

    return parse


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgres://", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("it begins with sqlite:///, postgres:// or postgresql://.")
    return text
