"""Settings from the environment.  All problems are found at once; the only module that reads the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bot import address_forms, id_forms
from bot import setting_forms as forms
from bot.database_forms import database_url
from bot.domain.absence import USUAL_SIGNS, AwayRules
from bot.domain.allocation import Strategy
from bot.domain.choices import valid_group_by, valid_strategy
from bot.domain.options import MAX_DAYS, valid_tag
from bot.domain.plain_text import as_seen
from bot.domain.reading import USUAL_OPEN_STATUSES
from bot.domain.weekly import WeeklyTime, parsed_weekly
from bot.environment import EnvFile, Environment
from bot.errors import BotError, SettingsError

_T = TypeVar("_T")


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
    strategy: Strategy = Strategy.EVEN
    group_by: str | None = None
    channel: str | None = None
    weekly_post: WeeklyTime | None = None
    max_open_rows: int | None = None
    """How many open rows a reviewer may have in all; None: any number."""
    max_new_rows: int | None = None
    """How many rows a reviewer gets from one plan at most."""


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """Who is whom, and who is away."""

    reviewer_map: Mapping[str, str] = field(default_factory=dict)
    """Braintrust ids or e-mails by Slack ids or e-mails, all in small letters."""
    away: AwayRules = USUAL_SIGNS


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Who may do what, and for how long."""

    allowed_channels: frozenset[str] = frozenset()
    """Empty: any channel that is not shared with another organisation."""
    approvers: frozenset[str] = frozenset()
    """Slack user and user-group ids.  Empty: anybody in the channel but guests and external people."""
    four_eyes: bool = False
    plan_expires_hours: int = 24
    undo_hours: int = 24


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How Braintrust is read and written."""

    page_size: int = 1000
    max_page_size: int = 5000
    batch_size: int = 1000
    max_pages: int = 10_000
    parallel_requests: int = 4
    settle_seconds: int = 60
    open_statuses: tuple[str, ...] = USUAL_OPEN_STATUSES
    """Review statuses of rows that can still be assigned, in capitals."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where plans are stored."""

    url: str = field(default="sqlite:///data/assign-reviews.db", repr=False)
    pool_size: int = 16
    """How many connections to PostgreSQL one process has at most."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    slack: SlackSettings = SlackSettings()
    braintrust: BraintrustSettings = BraintrustSettings()
    queue: QueueSettings = QueueSettings()
    people: PeopleSettings = PeopleSettings()
    policy: PolicySettings = PolicySettings()
    work: WorkSettings = WorkSettings()
    notify_reviewers: bool = True
    """Whether those who get rows are told by direct message."""
    database: DatabaseSettings = DatabaseSettings()
    port: int = 3000
    log_format: str = "text"

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, required: tuple[str, ...] = ()) -> "Settings":
        """The settings in `env`; raises `SettingsError` with every problem and each missing `required` name."""
        settings, problems = cls.as_far_as_readable(env, required=required)
        if problems:
            raise SettingsError(list(problems.values()))
        return settings

    @classmethod
    def as_far_as_readable(
        cls, env: Mapping[str, str], *, required: tuple[str, ...] = ()
    ) -> tuple["Settings", Mapping[str, str]]:
        """The settings in `env`, with defaults where something is wrong, and every problem by the variable's name."""
        reader = _Reader(env)
        for name in required:
            reader.require(name)
        reader.refuse_pair("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
        reader.refuse_forgetful_disk()
        settings = _everything(reader)
        unread = env.problems if isinstance(env, Environment) else {}
        return settings, {**unread, **reader.problems}


PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
FOR_PLANNING = ("BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID", "REVIEW_TAG", "REVIEWERS")
FOR_SOCKET_MODE = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")
FOR_HTTP = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")


def environment(dotenv: Path = Path(".env")) -> Environment:
    """The process's environment, with what it lacks taken from a `.env` file where there is one.

    What the HTTP libraries look up by themselves goes into the process's environment from there.
    """
    file = EnvFile(dotenv)
    for name in file.values.keys() & {*PROXIES, *CERTIFICATES, "NO_PROXY", "no_proxy"}:
        os.environ.setdefault(name, file.values[name])
    return Environment(dict(os.environ), file)


def names() -> frozenset[str]:
    """Every variable that is read."""
    reader = _Reader({})
    _everything(reader)
    return frozenset({*reader.asked, "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "DYNO", "NO_PROXY", "no_proxy"})


class _Reader:
    """Reads single variables and collects what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: dict[str, str] = {}
        self.asked: set[str] = set()

    def require(self, name: str) -> None:
        if not self._env.get(name, "").strip():
            self.problems[name] = f"{name} is not set. {HINTS.get(name, '')}".strip()

    def refuse_pair(self, first: str, second: str) -> None:
        """Bolt silently turns to OAuth for many workspaces when both are set, and then ignores the bot's token."""
        if self._env.get(first) is not None and self._env.get(second) is not None:
            self.problems[first] = f"{first} and {second} are set, which this bot has no use for. Remove them."

    def refuse_forgetful_disk(self) -> None:
        """Where DYNO is set, files are gone after every restart, and SQLite's plans with them."""
        if self._env.get("DYNO") and (self._env.get("DATABASE_URL", "").strip() or "sqlite").startswith("sqlite"):
            self.problems["DATABASE_URL"] = (
                "DATABASE_URL: files do not survive a restart on this platform, so SQLite would forget plans in the "
                "middle. Add a PostgreSQL database."
            )

    def read(self, name: str, parse: Callable[[str], _T], *, default: _T) -> _T:
        self.asked.add(name)
        text = as_seen(self._env.get(name, "")).strip()  # pasting brings characters that nobody sees
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, BotError) as error:
            self.problems[name] = f"{name}: {error}"
            return default


HINTS = {
    "SLACK_BOT_TOKEN": "It begins with xoxb- and stands in your Slack app's settings under OAuth & Permissions.",
    "SLACK_APP_TOKEN": "It begins with xapp- and stands under Basic Information, App-Level Tokens (connections:write).",
    "SLACK_SIGNING_SECRET": "It stands in your Slack app's settings under Basic Information, App Credentials.",
    "BRAINTRUST_API_KEY": "Make one in Braintrust under Settings, API keys.",
    "BRAINTRUST_PROJECT_ID": "It is the project's UUID: copy it in Braintrust from the project's Configuration page.",
    "REVIEW_TAG": "It is the tag of the rows to be reviewed.",
    "REVIEWERS": "Name people by e-mail, or by Braintrust or Slack id, or groups of them, separated by commas.",
}


def _everything(reader: _Reader) -> Settings:
    _network(reader)
    return Settings(
        slack=_slack(reader),
        braintrust=_braintrust(reader),
        queue=_queue(reader),
        people=_people(reader),
        policy=_policy(reader),
        work=_work(reader),
        notify_reviewers=reader.read("NOTIFY_REVIEWERS", forms.yes_or_no, default=True),
        database=_database(reader),
        port=reader.read("PORT", forms.number(1, 65_535), default=3000),
        log_format=reader.read("LOG_FORMAT", forms.one_of("text", "json"), default="text"),
    )


def _network(reader: _Reader) -> None:
    """Try what the HTTP libraries read by themselves, which say little when it is wrong."""
    for name in PROXIES:
        reader.read(name, address_forms.proxy, default="")
    for name in CERTIFICATES:
        reader.read(name, address_forms.certificates, default="")


def _slack(reader: _Reader) -> SlackSettings:
    return SlackSettings(
        bot_token=reader.read("SLACK_BOT_TOKEN", id_forms.bot_token, default=""),
        app_token=reader.read("SLACK_APP_TOKEN", id_forms.app_token, default=""),
        signing_secret=reader.read("SLACK_SIGNING_SECRET", id_forms.signing_secret, default=""),
        api_url=reader.read("SLACK_API_URL", address_forms.url, default="https://slack.com/api").rstrip("/") + "/",
    )


def _braintrust(reader: _Reader) -> BraintrustSettings:
    return BraintrustSettings(
        api_key=reader.read("BRAINTRUST_API_KEY", id_forms.api_key, default=""),
        api_url=reader.read("BRAINTRUST_API_URL", address_forms.api_url, default=BraintrustSettings().api_url),
        app_url=reader.read("BRAINTRUST_APP_URL", address_forms.app_url, default=BraintrustSettings().app_url),
        org_name=reader.read("BRAINTRUST_ORG_NAME", id_forms.header_value, default=""),
        project_id=reader.read("BRAINTRUST_PROJECT_ID", id_forms.project_id, default=""),
    )


def _queue(reader: _Reader) -> QueueSettings:
    queue = QueueSettings(
        tag=reader.read("REVIEW_TAG", valid_tag, default=""),
        days=reader.read("REVIEW_DAYS", forms.number(1, MAX_DAYS), default=7),
        reviewers=reader.read("REVIEWERS", forms.reviewers, default=()),
        strategy=reader.read("REVIEW_STRATEGY", valid_strategy, default=Strategy.EVEN),
        group_by=reader.read("REVIEW_GROUP_BY", valid_group_by, default=None),
        max_open_rows=reader.read("MAX_OPEN_ROWS", forms.number(1, 1_000_000), default=None),
        max_new_rows=reader.read("MAX_NEW_ROWS", forms.number(1, 1_000_000), default=None),
        channel=reader.read("REVIEW_CHANNEL", id_forms.channel, default=None),
        weekly_post=reader.read("WEEKLY_POST", parsed_weekly, default=None),
    )
    if queue.weekly_post:
        for name in ("REVIEW_CHANNEL", "REVIEW_TAG", "REVIEWERS"):
            reader.require(name)
    return queue


def _database(reader: _Reader) -> DatabaseSettings:
    usual = DatabaseSettings()
    return DatabaseSettings(
        url=reader.read("DATABASE_URL", database_url, default=usual.url),
        pool_size=reader.read("DATABASE_POOL_SIZE", forms.number(1, 100), default=usual.pool_size),
    )


def _people(reader: _Reader) -> PeopleSettings:
    return PeopleSettings(
        reviewer_map=reader.read("REVIEWER_MAP", forms.reviewer_map, default=PeopleSettings().reviewer_map),
        away=AwayRules(
            emoji=reader.read("AWAY_EMOJI", forms.away_emoji, default=USUAL_SIGNS.emoji),
            words=reader.read("AWAY_WORDS", forms.away_words, default=USUAL_SIGNS.words),
        ),
    )


def _policy(reader: _Reader) -> PolicySettings:
    return PolicySettings(
        allowed_channels=reader.read("ALLOWED_CHANNELS", id_forms.channels, default=frozenset()),
        approvers=reader.read("APPROVERS", id_forms.approvers, default=frozenset()),
        four_eyes=reader.read("FOUR_EYES", forms.yes_or_no, default=False),
        plan_expires_hours=reader.read("PLAN_EXPIRES_HOURS", forms.number(1, 720), default=24),
        undo_hours=reader.read("UNDO_HOURS", forms.number(0, 720), default=24),
    )


def _work(reader: _Reader) -> WorkSettings:
    return WorkSettings(
        page_size=reader.read("PAGE_SIZE", forms.number(1, 10_000), default=1000),
        max_page_size=reader.read("MAX_PAGE_SIZE", forms.number(1, 10_000), default=5000),
        batch_size=reader.read("BATCH_SIZE", forms.number(1, 4_000), default=1000),
        max_pages=reader.read("MAX_PAGES", forms.number(1, 10_000), default=10_000),
        parallel_requests=reader.read("PARALLEL_REQUESTS", forms.number(1, 16), default=4),
        settle_seconds=reader.read("SETTLE_SECONDS", forms.number(1, 3600), default=60),
        open_statuses=reader.read("OPEN_STATUSES", forms.statuses, default=USUAL_OPEN_STATUSES),
    )
