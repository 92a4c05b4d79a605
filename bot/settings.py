"""The settings, as one table: each field names its variable, form, default and meaning.

All problems are found at once.  This is the only module that reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot import addresses, forms
from bot.domain.absence import USUAL_SIGNS, AwayRules
from bot.domain.allocation import Strategy
from bot.domain.choices import valid_group_by, valid_strategy
from bot.domain.options import DEFAULT_QUEUE, MAX_DAYS, valid_tag
from bot.domain.queue import Queue
from bot.domain.reading import USUAL_OPEN_STATUSES
from bot.domain.rhythm import SHORTEST_LEASE_SECONDS, USUAL_LEASE_SECONDS, Rhythm
from bot.domain.weekly import WeeklyTime, parsed_weekly
from bot.environment import EnvFile, Environment, Reader, Variable, variable, variables_of
from bot.errors import SettingsError


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """How to reach Slack."""

    bot_token: str = variable(
        "SLACK_BOT_TOKEN",
        forms.bot_token,
        "",
        "It begins with xoxb- and stands in your Slack app's settings under OAuth & Permissions.",
        "xoxb-your-bot-token",
        is_secret=True,
    )
    app_token: str = variable(
        "SLACK_APP_TOKEN",
        forms.app_token,
        "",
        "It begins with xapp- and stands under Basic Information, App-Level Tokens (connections:write). Socket Mode "
        "needs it.",
        "xapp-your-app-level-token",
        is_secret=True,
    )
    signing_secret: str = variable(
        "SLACK_SIGNING_SECRET",
        forms.signing_secret,
        "",
        "It stands in your Slack app's settings under Basic Information, App Credentials. HTTP needs it.",
        "your-signing-secret",
        is_secret=True,
    )
    api_url: str = variable(
        "SLACK_API_URL",
        addresses.slack_url,
        "https://slack.com/api/",
        "Another base address of Slack's Web API, for tests.",
    )


@dataclass(frozen=True, slots=True)
class BraintrustSettings:
    """How to reach Braintrust, and which project."""

    api_key: str = variable(
        "BRAINTRUST_API_KEY",
        forms.api_key,
        "",
        "Make one in Braintrust under Settings, API keys. Its owner has to be able to read and update logs.",
        "sk-your-api-key",
        is_secret=True,
    )
    project_id: str = variable(
        "BRAINTRUST_PROJECT_ID",
        forms.project_id,
        "",
        "It is the project's UUID: copy it in Braintrust from the project's Configuration page.",
        "00000000-0000-4000-8000-000000000000",
    )
    api_url: str = variable(
        "BRAINTRUST_API_URL",
        addresses.api_url,
        "https://api.braintrust.dev",
        "The API's address. Change it for another region, or for a data plane of your own.",
    )
    app_url: str = variable(
        "BRAINTRUST_APP_URL",
        addresses.app_url,
        "https://www.braintrust.dev",
        "The address that people open in the browser. Links begin with it.",
    )
    org_name: str = variable(
        "BRAINTRUST_ORG_NAME",
        forms.header_value,
        "",
        "The organisation's name. Links to single rows need it, and so does a key that reaches several organisations.",
        "acme",
    )


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The default queue: which rows, for whom, posted where and when."""

    tag: str = variable(
        "REVIEW_TAG",
        valid_tag,
        "",
        "It is the tag of the rows to be reviewed. Without it, every command has to name one.",
        "My tag",
    )
    days: int = variable("REVIEW_DAYS", forms.number(1, MAX_DAYS), 7, "How many days back a plan looks, 1 to 365.")
    reviewers: tuple[str, ...] = variable(
        "REVIEWERS",
        forms.reviewers,
        (),
        "Name people by e-mail, or by Braintrust or Slack id, or groups of them, separated by commas. A Slack "
        "user group is named by its id (`S...`), a Braintrust group by its name (`group:Support`). A weight from 0 to "
        "100 may follow: `ana@example.com:2` gets twice as much. Without it, every command has to name somebody.",
        "ana@example.com,ben@example.com",
    )
    strategy: Strategy = variable(
        "REVIEW_STRATEGY",
        valid_strategy,
        Strategy.EVEN,
        "How rows are dealt out: `even`, or `balanced` (those with the fewest open rows first).",
    )
    group_by: str | None = variable(
        "REVIEW_GROUP_BY",
        valid_group_by,
        None,
        "Rows that have this in common go to one reviewer: `trace`, or a field such as `metadata.session`.",
        "trace",
    )
    max_open_rows: int | None = variable(
        "MAX_OPEN_ROWS",
        forms.number(1, 1_000_000),
        None,
        "How many open rows a reviewer may have in all, counted over the project's last 30 days.",
        "100",
    )
    max_new_rows: int | None = variable(
        "MAX_NEW_ROWS", forms.number(1, 1_000_000), None, "How many rows one plan gives a reviewer at most.", "50"
    )
    channel: str | None = variable(
        "REVIEW_CHANNEL", forms.channel, None, "It is the id of the channel of `WEEKLY_POST`.", "C0123456789"
    )
    weekly_post: WeeklyTime | None = variable(
        "WEEKLY_POST",
        parsed_weekly,
        None,
        "When a plan is posted by itself: weekdays, local time and IANA time zone, such as `mon-fri 9am UTC`. It needs "
        "`REVIEW_CHANNEL`, `REVIEW_TAG` and `REVIEWERS`.",
        "mon 09:00 Europe/Berlin",
    )


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """Who is whom, and who is away."""

    reviewer_map: Mapping[str, str] = variable(
        "REVIEWER_MAP",
        forms.reviewer_map,
        {},
        "People whose e-mails differ: a Slack id or e-mail, `=`, and a Braintrust user id or e-mail.",
        "U0123456789=ana@example.com,ben@slack.example.com=00000000-0000-4000-8000-000000000001",
    )
    """Braintrust ids or e-mails by Slack ids or e-mails, all in small letters."""
    away_emoji: frozenset[str] = variable(
        "AWAY_EMOJI",
        forms.away_emoji,
        USUAL_SIGNS.emoji,
        "Emoji of a Slack status that mean that somebody is away. `none`: no emoji does.",
    )
    away_words: tuple[str, ...] = variable(
        "AWAY_WORDS",
        forms.away_words,
        USUAL_SIGNS.words,
        "Words of a Slack status that mean that somebody is away. `none`: no word does.",
    )

    @property
    def away(self) -> AwayRules:
        """The signs of absence."""
        return AwayRules(self.away_emoji, self.away_words)


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Who may do what, and for how long."""

    allowed_channels: frozenset[str] = variable(
        "ALLOWED_CHANNELS",
        forms.channels,
        frozenset(),
        "Ids of the channels where the command may be used. Without it, any that no other organisation shares.",
        "C0123456789,C0987654321",
    )
    approvers: frozenset[str] = variable(
        "APPROVERS",
        forms.approvers,
        frozenset(),
        "Ids of the Slack users (`U...`) and user groups (`S...`) who may approve. A plan mentions them, and its "
        "thread does an hour before it expires. Without it, everybody but guests and external people; those may use "
        "the command only if they are named here.",
        "U0123456789,S0123456789",
    )
    requesters: frozenset[str] = variable(
        "REQUESTERS",
        forms.approvers,
        frozenset(),
        "Ids of the Slack users (`U...`) and user groups (`S...`) who may ask for plans. Without it, everybody but "
        "guests and external people.",
        "U0123456789,S0123456789",
    )
    admins: frozenset[str] = variable(
        "ADMINS",
        forms.approvers,
        frozenset(),
        "Ids of the Slack users (`U...`) and user groups (`S...`) who may change queues and schedules. Without it, "
        "the workspace's owners and admins.",
        "U0123456789,S0123456789",
    )
    four_eyes: bool = variable(
        "FOUR_EYES",
        forms.yes_or_no,
        False,
        "Whether somebody other than the requester has to approve. The requester may still cancel and stop, but not "
        "ask in direct messages.",
    )
    plan_expires_hours: int = variable(
        "PLAN_EXPIRES_HOURS",
        forms.number(1, 720),
        24,
        "How long a plan waits for approval. One of a schedule always waits 72 hours.",
    )
    undo_hours: int = variable(
        "UNDO_HOURS", forms.number(0, 720), 24, "How long after its end an assignment can be taken back. `0`: never."
    )


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How Braintrust is read and written."""

    page_size: int = variable(
        "PAGE_SIZE",
        forms.number(1, 10_000),
        1000,
        "Rows of the first page of a reading, and of each page after one that did not come.",
    )
    max_page_size: int = variable(
        "MAX_PAGE_SIZE",
        forms.number(1, 10_000),
        5000,
        "Rows of the further pages, once pages come full and within 5 seconds. At most `PAGE_SIZE`: pages do not grow.",
    )
    batch_size: int = variable("BATCH_SIZE", forms.number(1, 4_000), 1000, "Rows per write, up to 4,000.")
    max_pages: int = variable("MAX_PAGES", forms.number(1, 10_000), 10_000, "A reading with more pages is given up.")
    parallel_requests: int = variable(
        "PARALLEL_REQUESTS",
        forms.number(1, 16),
        8,
        "How many writes, and queries for single rows, run at the same time, up to 16.",
    )
    open_statuses: tuple[str, ...] = variable(
        "OPEN_STATUSES",
        forms.statuses,
        USUAL_OPEN_STATUSES,
        "Review statuses of rows that can still be assigned, in any letter case. With any other, a row is finished.",
    )
    settle_seconds: int = variable(
        "SETTLE_SECONDS",
        forms.number(1, 3600),
        60,
        "How long after a write without a usable answer its rows may be sent again.",
    )


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where plans are stored, and who works on them."""

    url: str = variable(
        "DATABASE_URL",
        addresses.database_url,
        "sqlite:///data/assign-reviews.db",
        "A file for SQLite, or `postgresql://user:password@host:5432/name` (`postgres://` too) with any option of "
        "libpq, such as `?options=-csearch_path%3Dreview`. In a password, `@` is written `%40` and `/` is `%2F`.",
        is_secret=True,
    )
    pool_size: int = variable(
        "DATABASE_POOL_SIZE", forms.number(1, 100), 16, "How many connections to PostgreSQL one process has at most."
    )
    lease_seconds: int = variable(
        "LEASE_SECONDS",
        forms.number(SHORTEST_LEASE_SECONDS, 300),
        USUAL_LEASE_SECONDS,
        "How long a process may be silent before another one goes on with its plans, 10 to 300. A write to Braintrust "
        "has two thirds of it, and at most 20 seconds.",
    )
    retention_days: int = variable(
        "RETENTION_DAYS",
        forms.number(1, 3650),
        90,
        "How many days plans at rest are kept, with the names of their reviewers.",
    )

    @property
    def rhythm(self) -> Rhythm:
        """Leases, and what follows from them."""
        return Rhythm(self.lease_seconds)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    slack: SlackSettings = SlackSettings()
    braintrust: BraintrustSettings = BraintrustSettings()
    queue: QueueSettings = QueueSettings()
    people: PeopleSettings = field(default_factory=PeopleSettings)
    policy: PolicySettings = PolicySettings()
    notify_reviewers: bool = variable(
        "NOTIFY_REVIEWERS",
        forms.yes_or_no,
        True,
        "Whether reviewers get a direct message about their rows.",
    )
    work: WorkSettings = WorkSettings()
    database: DatabaseSettings = DatabaseSettings()
    port: int = variable("PORT", forms.number(1, 65_535), 3000, "HTTP: the port that the bot listens on.")
    metrics_port: int | None = variable(
        "METRICS_PORT",
        forms.number(1, 65_535),
        None,
        "Where `/metrics`, `/healthz` and `/readyz` are served beside the door. Socket Mode has no other port.",
        "9100",
    )
    metrics_host: str = variable(
        "METRICS_HOST", addresses.host, "127.0.0.1", "The address that `METRICS_PORT` listens on. `0.0.0.0`: every one."
    )
    log_format: str = variable(
        "LOG_FORMAT", forms.one_of("text", "json"), "text", "`text` for people, `json` for collectors."
    )

    @property
    def default_queue(self) -> Queue:
        """The queue that a command means which names none."""
        return Queue(
            DEFAULT_QUEUE,
            self.braintrust.project_id,
            self.queue.tag,
            self.queue.reviewers,
            days=self.queue.days,
            strategy=self.queue.strategy,
            group_by=self.queue.group_by,
            max_open_rows=self.queue.max_open_rows,
            max_new_rows=self.queue.max_new_rows,
        )

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
        reader = Reader(env)
        for name in required:
            reader.require(TABLE[name])
        reader.problems |= _contradictions(env)
        for name, form in NETWORK.items():
            reader.value(Variable(name, form, "", ""))
        settings = reader.group(cls())
        if settings.queue.weekly_post:
            for name in ("REVIEW_CHANNEL", "REVIEW_TAG", "REVIEWERS"):
                reader.require(TABLE[name])
        unread = env.problems if isinstance(env, Environment) else {}
        return settings, {**unread, **{name: found for name, found in reader.problems.items() if name not in unread}}


# The HTTP libraries read these by themselves, and say little when one is wrong, so they are tried at the start.
_FOR_LIBRARIES = (
    Variable(
        "HTTPS_PROXY",
        addresses.proxy,
        "",
        "The proxy on the way to Slack and Braintrust. In the password, `#` is written `%23`, `/` is `%2F` and `@` is "
        "`%40`. `NO_PROXY` names hosts of Braintrust that are reached without it.",
        "http://user:password@proxy.example.com:3128",
    ),
    Variable(
        "REQUESTS_CA_BUNDLE",
        addresses.certificates,
        "",
        "A file with the certificate authorities that may have signed Braintrust's certificate.",
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    Variable(
        "SSL_CERT_FILE",
        addresses.certificates,
        "",
        "The same for Slack, where a proxy opens the connections.",
        "/etc/ssl/certs/ca-certificates.crt",
    ),
)
NETWORK = {
    **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), addresses.proxy),
    **dict.fromkeys(("ALL_PROXY", "all_proxy"), addresses.proxy),
    **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), addresses.certificates),
}
"""Their forms under every name that the libraries know."""

TABLE = {described.name: described for described in (*variables_of(Settings()), *_FOR_LIBRARIES)}
"""Every variable that is documented, by its name."""
FROM_FILES = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "BRAINTRUST_API_KEY",
    "DATABASE_URL",
)
"""Those that may be in a file, whose path is in a variable of the same name with `_FILE` behind it."""
_FILES = [f"{name}_FILE" for name in FROM_FILES]
NAMES = frozenset({*TABLE, *NETWORK, *_FILES, "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "DYNO", "NO_PROXY", "no_proxy"})
"""Every variable that is read."""
FOR_PLANNING = ("BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID", "REVIEW_TAG", "REVIEWERS")
FOR_SOCKET_MODE = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")
FOR_HTTP = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")


def environment(dotenv: Path = Path(".env")) -> Environment:
    """The process's environment, with what it lacks taken from a `.env` file where there is one.

    What the HTTP libraries look up by themselves goes into the process's environment from there.
    """
    file = EnvFile(dotenv)
    for name in file.values.keys() & {*NETWORK, "NO_PROXY", "no_proxy"}:
        os.environ.setdefault(name, file.values[name])
    return Environment(dict(os.environ), file, from_files=FROM_FILES)


def can_draw_anew() -> bool:
    """Whether the kind of terminal (TERM) is one on which a line can be drawn over."""
    return os.environ.get("TERM", "dumb") not in ("", "dumb")


def _contradictions(env: Mapping[str, str]) -> dict[str, str]:
    """What cannot be meant as it is set, by the variable's name."""
    found = {}
    if env.get("SLACK_CLIENT_ID") is not None and env.get("SLACK_CLIENT_SECRET") is not None:
        # Bolt would silently turn to OAuth for many workspaces, and ignore the bot's token.
        found["SLACK_CLIENT_ID"] = (
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are set, which this bot has no use for. Remove them."
        )
    if env.get("DYNO") and (env.get("DATABASE_URL", "").strip() or "sqlite").startswith("sqlite"):
        found["DATABASE_URL"] = (
            "DATABASE_URL: files do not survive a restart on this platform, so SQLite would forget plans in the "
            "middle. Add a PostgreSQL database."
        )
    return found
