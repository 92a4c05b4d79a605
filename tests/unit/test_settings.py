"""The settings: every variable is read, every problem is found at once, and no secret is shown."""

from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bot.addresses import is_readable_on_the_way
from bot.domain.absence import USUAL_SIGNS, AwayRules
from bot.domain.allocation import Strategy
from bot.domain.weekly import WeeklyTime
from bot.environment import EnvFile, Environment
from bot.errors import SettingsError
from bot.settings import FOR_HTTP, FOR_PLANNING, FOR_SOCKET_MODE, NAMES, NETWORK, Settings, environment
from tests.unit.builders import PROJECT

VALUES: dict[str, tuple[str, str, Any]] = {
    "SLACK_BOT_TOKEN": ("slack.bot_token", "xoxb-1-2", "xoxb-1-2"),
    "SLACK_APP_TOKEN": ("slack.app_token", "xapp-one", "xapp-one"),
    "SLACK_SIGNING_SECRET": ("slack.signing_secret", "s3cret", "s3cret"),
    "SLACK_API_URL": ("slack.api_url", "http://localhost:9000/api", "http://localhost:9000/api/"),
    "BRAINTRUST_API_KEY": ("braintrust.api_key", "sk-1", "sk-1"),
    "BRAINTRUST_API_URL": ("braintrust.api_url", "https://api-eu.example.com/", "https://api-eu.example.com"),
    "BRAINTRUST_APP_URL": ("braintrust.app_url", "https://app.example.com", "https://app.example.com"),
    "BRAINTRUST_ORG_NAME": ("braintrust.org_name", "Acme Inc", "Acme Inc"),
    "BRAINTRUST_PROJECT_ID": ("braintrust.project_id", PROJECT.upper(), PROJECT),
    "REVIEW_TAG": ("queue.tag", " My dummy tag ", "My dummy tag"),
    "REVIEW_DAYS": ("queue.days", "30", 30),
    "REVIEWERS": ("queue.reviewers", "a@x.com, b@x.com", ("a@x.com", "b@x.com")),
    "REVIEW_STRATEGY": ("queue.strategy", "Balanced", Strategy.BALANCED),
    "REVIEW_GROUP_BY": ("queue.group_by", "metadata.session", "metadata.session"),
    "MAX_OPEN_ROWS": ("queue.max_open_rows", "100", 100),
    "MAX_NEW_ROWS": ("queue.max_new_rows", "50", 50),
    "REVIEWER_MAP": (
        "people.reviewer_map",
        f"<@U0ANA|ana> = Ana@Example.com, Ben@slack.example={PROJECT.upper()}",
        {"u0ana": "ana@example.com", "ben@slack.example": PROJECT},
    ),
    "AWAY_EMOJI": ("people.away_emoji", ":Palm_tree:, nurse", frozenset({"palm_tree", "nurse"})),
    "AWAY_WORDS": ("people.away_words", "Urlaub, out  of office", ("Urlaub", "out of office")),
    "REVIEW_CHANNEL": ("queue.channel", "<#C0REV|reviews>", "C0REV"),
    "WEEKLY_POST": (
        "queue.weekly_post",
        "mon 09:00 Europe/Berlin",
        WeeklyTime(("mon",), time(9), "Europe/Berlin"),
    ),
    "ALLOWED_CHANNELS": ("policy.allowed_channels", "C0REV, <#C0TWO>", frozenset({"C0REV", "C0TWO"})),
    "APPROVERS": (
        "policy.approvers",
        "U0ANA,<@W0BEN|ben>,<!subteam^S0TEAM|@team>",
        frozenset({"U0ANA", "W0BEN", "S0TEAM"}),
    ),
    "REQUESTERS": ("policy.requesters", "U0ANA", frozenset({"U0ANA"})),
    "ADMINS": ("policy.admins", "S0TEAM", frozenset({"S0TEAM"})),
    "FOUR_EYES": ("policy.four_eyes", "Yes", True),
    "PLAN_EXPIRES_HOURS": ("policy.plan_expires_hours", "48", 48),
    "UNDO_HOURS": ("policy.undo_hours", "0", 0),
    "NOTIFY_REVIEWERS": ("notify_reviewers", "off", False),
    "PAGE_SIZE": ("work.page_size", "500", 500),
    "MAX_PAGE_SIZE": ("work.max_page_size", "2000", 2000),
    "BATCH_SIZE": ("work.batch_size", "250", 250),
    "MAX_PAGES": ("work.max_pages", "100", 100),
    "PARALLEL_REQUESTS": ("work.parallel_requests", "2", 2),
    "SETTLE_SECONDS": ("work.settle_seconds", "5", 5),
    "OPEN_STATUSES": ("work.open_statuses", "pending, In review", ("PENDING", "IN REVIEW")),
    "DATABASE_URL": ("database.url", "postgres://bot:pw@db/reviews", "postgres://bot:pw@db/reviews"),
    "DATABASE_POOL_SIZE": ("database.pool_size", "5", 5),
    "RETENTION_DAYS": ("database.retention_days", "30", 30),
    "LEASE_SECONDS": ("database.lease_seconds", "12", 12),
    "PORT": ("port", "8080", 8080),
    "METRICS_PORT": ("metrics_port", "9100", 9100),
    "METRICS_HOST": ("metrics_host", "0.0.0.0", "0.0.0.0"),
    "LOG_FORMAT": ("log_format", "JSON", "json"),
}
DEFAULTS: dict[str, Any] = {
    "queue.strategy": Strategy.EVEN,
    "queue.group_by": None,
    "queue.max_open_rows": None,
    "queue.max_new_rows": None,
    "slack.bot_token": "",
    "slack.app_token": "",
    "slack.signing_secret": "",
    "slack.api_url": "https://slack.com/api/",
    "braintrust.api_key": "",
    "braintrust.api_url": "https://api.braintrust.dev",
    "braintrust.app_url": "https://www.braintrust.dev",
    "braintrust.org_name": "",
    "braintrust.project_id": "",
    "queue.tag": "",
    "queue.days": 7,
    "queue.reviewers": (),
    "queue.channel": None,
    "queue.weekly_post": None,
    "people.reviewer_map": {},
    "people.away_emoji": USUAL_SIGNS.emoji,
    "people.away_words": USUAL_SIGNS.words,
    "policy.allowed_channels": frozenset(),
    "policy.approvers": frozenset(),
    "policy.requesters": frozenset(),
    "policy.admins": frozenset(),
    "policy.four_eyes": False,
    "policy.plan_expires_hours": 24,
    "policy.undo_hours": 24,
    "notify_reviewers": True,
    "work.page_size": 1000,
    "work.max_page_size": 5000,
    "work.batch_size": 1000,
    "work.max_pages": 10_000,
    "work.parallel_requests": 8,
    "work.settle_seconds": 60,
    "work.open_statuses": ("PENDING", "BACKLOG"),
    "database.url": "sqlite:///data/assign-reviews.db",
    "database.pool_size": 16,
    "database.lease_seconds": 30,
    "database.retention_days": 90,
    "metrics_port": None,
    "metrics_host": "127.0.0.1",
    "port": 3000,
    "log_format": "text",
}
FULL = {name: text for name, (_, text, _) in VALUES.items()}
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-hush-1",
    "SLACK_APP_TOKEN": "xapp-hush-2",
    "SLACK_SIGNING_SECRET": "hush-3",
    "BRAINTRUST_API_KEY": "hush-4",
    "DATABASE_URL": "postgresql://bot:hush-5@db/reviews",
}


class Asked(Mapping[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.names: set[str] = set()
        self._values = values

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def value_at(settings: Settings, path: str) -> Any:
    found: Any = settings
    for name in path.split("."):
        found = getattr(found, name)
    return found


def problems_of(env: Mapping[str, str], *, required: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with `env`, in sentences."""
    try:
        Settings.from_env(env, required=required)
    except SettingsError as error:
        return error.problems
    return []


@pytest.mark.parametrize("name", VALUES)
def test_every_variable_is_read(name: str) -> None:
    path, _, expected = VALUES[name]

    settings = Settings.from_env(FULL)

    assert value_at(settings, path) == expected
    assert value_at(settings, path) != DEFAULTS[path]


@pytest.mark.parametrize("path", DEFAULTS)
def test_what_is_not_set_has_its_default(path: str) -> None:
    assert value_at(Settings.from_env({}), path) == DEFAULTS[path]


@pytest.mark.parametrize("path", DEFAULTS)
def test_an_empty_value_is_like_none(path: str) -> None:
    blank = dict.fromkeys(VALUES, "  ")

    assert value_at(Settings.from_env(blank), path) == DEFAULTS[path]


def test_no_other_variable_is_asked_for() -> None:
    env = Asked(FULL)
    others = {"SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "DYNO", *NETWORK}

    Settings.from_env(env)

    assert env.names - others == set(VALUES)


BAD_VALUES = [
    ("SLACK_BOT_TOKEN", "xapp-1"),
    ("SLACK_BOT_TOKEN", "xoxb-1\u2014a"),
    ("SLACK_APP_TOKEN", "xoxb-1"),
    ("SLACK_API_URL", "slack.com"),
    ("BRAINTRUST_API_KEY", "sk-\u00e4"),
    ("BRAINTRUST_API_KEY", "sk-1\nX-Evil: 1"),
    ("BRAINTRUST_API_URL", "ftp://api.braintrust.dev"),
    ("BRAINTRUST_API_URL", "https://"),
    ("BRAINTRUST_API_URL", "https://user:pw@api.braintrust.dev"),
    ("BRAINTRUST_API_URL", "https://:pw@api.braintrust.dev"),
    ("BRAINTRUST_API_URL", "https://api.braintrust.dev?x=1"),
    ("BRAINTRUST_API_URL", "http://[::1"),
    ("BRAINTRUST_API_URL", "https://api.braintrust.dev:port"),
    ("BRAINTRUST_API_URL", "https://api.braintrust.dev:99999"),
    ("BRAINTRUST_APP_URL", "www.braintrust.dev"),
    ("BRAINTRUST_ORG_NAME", "\u00c4cme"),
    ("BRAINTRUST_PROJECT_ID", "my-project"),
    ("REVIEW_TAG", "a\\b"),
    ("REVIEW_TAG", "x" * 256),
    ("REVIEW_DAYS", "0"),
    ("REVIEW_DAYS", "a week"),
    ("REVIEWERS", ","),
    ("REVIEWERS", "@ana"),
    ("REVIEWERS", "ana@example.com:101"),
    ("REVIEWER_MAP", "U0ANA"),
    ("REVIEWER_MAP", "U0ANA="),
    ("REVIEWER_MAP", "U0ANA=U0BEN"),
    ("REVIEWER_MAP", "S0TEAM=ana@example.com"),
    ("REVIEWER_MAP", "Ana=ana@example.com"),
    ("REVIEWER_MAP", "U0ANA=ana@example.com:2"),
    ("REVIEWER_MAP", "U0ANA=ana@example.com,@u0ana=ben@example.com"),
    ("REVIEWER_MAP", ","),
    ("AWAY_EMOJI", "\U0001f334"),
    ("AWAY_EMOJI", ":palm tree:"),
    ("AWAY_EMOJI", "::"),
    ("AWAY_EMOJI", ","),
    ("AWAY_WORDS", "OOO,!"),
    ("AWAY_WORDS", ","),
    ("REVIEW_CHANNEL", "#reviews"),
    ("WEEKLY_POST", "every monday"),
    ("ALLOWED_CHANNELS", "#reviews"),
    ("ALLOWED_CHANNELS", "C0REV,general"),
    ("ALLOWED_CHANNELS", ","),
    ("APPROVERS", "ana"),
    ("APPROVERS", "@ana,U0BEN"),
    ("APPROVERS", " , "),
    ("FOUR_EYES", "maybe"),
    ("PLAN_EXPIRES_HOURS", "0"),
    ("PLAN_EXPIRES_HOURS", "721"),
    ("UNDO_HOURS", "-1"),
    ("PAGE_SIZE", "0"),
    ("PAGE_SIZE", "10001"),
    ("MAX_PAGE_SIZE", "0"),
    ("MAX_PAGE_SIZE", "10001"),
    ("BATCH_SIZE", "0"),
    ("BATCH_SIZE", "4001"),
    ("MAX_PAGES", "10001"),
    ("PARALLEL_REQUESTS", "0"),
    ("PARALLEL_REQUESTS", "17"),
    ("SETTLE_SECONDS", "0"),
    ("OPEN_STATUSES", ","),
    ("OPEN_STATUSES", "a\\b"),
    ("SETTLE_SECONDS", "1.5"),
    ("DATABASE_URL", "mysql://db/reviews"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "\u0663\u0663"),
    ("RETENTION_DAYS", "0"),
    ("METRICS_PORT", "0"),
    ("METRICS_HOST", "reviews/metrics"),
    ("LOG_FORMAT", "xml"),
]


MISTAKES = [
    ("SLACK_BOT_TOKEN", "xapp-1-hush", "this is an app-level token, which belongs in SLACK_APP_TOKEN; the bot token"),
    ("SLACK_BOT_TOKEN", "xoxp-1-hush", "this is a user token"),
    ("SLACK_BOT_TOKEN", "xoxe.xoxp-hush", "this is a token for app manifests"),
    ("SLACK_BOT_TOKEN", "xoxe.xoxb-hush", "this is a bot token that expires: switch token rotation off"),
    ("SLACK_BOT_TOKEN", "xoxb-1 hush", "there is a space in it"),
    ("SLACK_APP_TOKEN", "xoxb-1-hush", "this is a bot token, which belongs in SLACK_BOT_TOKEN; an app-level token"),
    ("SLACK_SIGNING_SECRET", "xoxb-1-hush", "this is a bot token"),
    ("BRAINTRUST_API_KEY", "xoxb-1-hush", "this is a bot token"),
    ("BRAINTRUST_API_KEY", "sk-ant-hush", "this is a key of Anthropic"),
    ("BRAINTRUST_API_KEY", "Bearer hush", "write what stands behind `Bearer`"),
    ("BRAINTRUST_API_KEY", "sk-1 # hush", "there is a space in it"),
    ("BRAINTRUST_API_URL", "api.braintrust.dev", "write https:// in front: https://api.braintrust.dev."),
    ("BRAINTRUST_API_URL", "https://www.braintrust.dev/app/acme", "its API is at https://api.braintrust.dev, or at"),
    ("BRAINTRUST_API_URL", "http://api-eu.braintrust.dev", "it begins with https://"),
    ("BRAINTRUST_APP_URL", "https://api.braintrust.dev", "its pages are at https://www.braintrust.dev"),
    ("BRAINTRUST_PROJECT_ID", "support-bot", "`support-bot` is no id; a project's id is a UUID"),
    ("BRAINTRUST_PROJECT_ID", "https://www.braintrust.dev/app/acme/p/bot", "this is a page's address; a project's id"),
    ("BRAINTRUST_PROJECT_ID", f"https://x.dev/?a={PROJECT}&b={PROJECT[:-1]}0", "a project's id is a UUID"),
    (
        "REVIEW_CHANNEL",
        "#reviews",
        "`#reviews` is no id; a channel's id, such as C0123456789, stands at the very bottom",
    ),
    ("ALLOWED_CHANNELS", "C0REV,general", "`general` is no id"),
    ("APPROVERS", "U0ANA,ben@example.com", "`ben@example.com` is no id; a person's id, such as U0123456789"),
    ("REVIEW_DAYS", "7 days", "a whole number from 1 to 365"),
    ("REVIEWERS", "@ana", "or name an e-mail: `REVIEWERS=ana@example.com`"),
    ("WEEKLY_POST", "mon 9am Berlin", "Did you mean `Europe/Berlin`?"),
    ("HTTPS_PROXY", "http://me:hu#sh@proxy:3128", "in the password, # is written %23"),
    ("https_proxy", "http://me:1#hush@proxy:3128", "in the password, # is written %23"),
    ("HTTP_PROXY", "http://me:h/ush@proxy:3128", "/ is %2F"),
    ("ALL_PROXY", "socks5://me:hush@proxy:1080", "only proxies that are spoken to by http://"),
    ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
    ("SSL_CERT_FILE", "/nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
    ("SSL_CERT_FILE", __file__, "cannot be read as certificates"),
]


@pytest.mark.parametrize(("name", "text", "answer"), MISTAKES)
def test_a_likely_mistake_is_answered_with_what_to_write(name: str, text: str, answer: str) -> None:
    [problem] = problems_of({name: text}) if name != "WEEKLY_POST" else problems_of({**FULL, name: text})

    assert problem.startswith(f"{name}: ")
    assert answer in problem
    assert "hush" not in problem


UNDERSTOOD = [
    ("BRAINTRUST_API_URL", "https://api.example.com/v1", "https://api.example.com"),
    ("BRAINTRUST_API_URL", "https://example.com/braintrust/v1/", "https://example.com/braintrust"),
    ("BRAINTRUST_API_URL", "https://api.example.com/btql", "https://api.example.com"),
    ("BRAINTRUST_API_URL", "http://localhost:8000/", "http://localhost:8000"),
    ("BRAINTRUST_APP_URL", "https://www.braintrust.dev/app/acme/p/bot", "https://www.braintrust.dev"),
    ("BRAINTRUST_PROJECT_ID", f"https://x.dev/app/acme/object?object_id={PROJECT.upper()}&id=7", PROJECT),
    ("BRAINTRUST_PROJECT_ID", PROJECT.replace("-", ""), PROJECT),
    ("REVIEW_CHANNEL", "https://acme.slack.com/archives/C0REV", "C0REV"),
    ("REVIEW_CHANNEL", "https://acme.slack.com/archives/C0REV/p1712345678901234?thread_ts=1.2&cid=C0REV", "C0REV"),
    ("REVIEW_CHANNEL", "https://app.slack.com/client/T0ACME/C0REV/", "C0REV"),
    ("APPROVERS", "https://acme.slack.com/team/U0ANA, S0TEAM", frozenset({"U0ANA", "S0TEAM"})),
    ("REVIEWERS", "a@x.com:2 b@x.com;c@x.com", ("a@x.com:2", "b@x.com", "c@x.com")),
    ("WEEKLY_POST", "mon-wed 9am europe/berlin", WeeklyTime(("mon", "tue", "wed"), time(9), "Europe/Berlin")),
    ("HTTPS_PROXY", "proxy.example.com:3128", None),
    ("REQUESTS_CA_BUNDLE", DEFAULT_CA_BUNDLE_PATH, None),
    ("REQUESTS_CA_BUNDLE", str(Path(DEFAULT_CA_BUNDLE_PATH).parent), None),
    ("HTTPS_PROXY", "http://me:p%23ss@proxy.example.com:3128/", None),
]


@pytest.mark.parametrize(("name", "text", "expected"), UNDERSTOOD)
def test_what_is_pasted_is_understood(name: str, text: str, expected: object) -> None:
    settings = Settings.from_env({**FULL, name: text})

    assert name not in VALUES or value_at(settings, VALUES[name][0]) == expected


@pytest.mark.parametrize(
    ("address", "readable"),
    [
        ("http://braintrust.internal:8000", True),
        ("https://braintrust.internal", False),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://localhost.example.com", True),
    ],
)
def test_what_leaves_the_machine_unencrypted_can_be_read_on_the_way(address: str, readable: bool) -> None:
    assert is_readable_on_the_way(address) is readable


@pytest.mark.parametrize("name", [name for name in VALUES if name not in ("AWAY_EMOJI", "DATABASE_URL")])
def test_characters_that_nobody_sees_do_not_count(name: str) -> None:
    """Pasting brings them: marks of direction, and spaces without a width or that break no line."""
    path, text, expected = VALUES[name]
    pasted = f"\u202a\ufeff{text.replace(' ', chr(0xA0))}\u200b\u00a0"

    assert value_at(Settings.from_env({**FULL, name: pasted}), path) == expected


def test_what_can_be_read_is_read_beside_what_cannot() -> None:
    settings, problems = Settings.as_far_as_readable({**FULL, "REVIEW_DAYS": "a week", "APPROVERS": "ana"})

    assert list(problems) == ["REVIEW_DAYS", "APPROVERS"]
    assert (settings.queue.days, settings.policy.approvers) == (DEFAULTS["queue.days"], frozenset())
    assert settings.queue.tag == VALUES["REVIEW_TAG"][2]


@pytest.mark.parametrize(("name", "text"), BAD_VALUES)
def test_a_bad_value_is_told_in_a_sentence_that_names_the_variable(name: str, text: str) -> None:
    problems = problems_of({**FULL, name: text})

    assert [problem.partition(": ")[0] for problem in problems] == [name]
    assert problems[0].rstrip("`").endswith(".")


@pytest.mark.parametrize("name", SECRETS)
def test_a_bad_secret_is_not_repeated(name: str) -> None:
    problems = problems_of({name: "h\u00fcsh-hush"})

    assert "hush" not in "".join(problems)
    assert len(problems) == 1


def test_all_problems_are_told_at_once() -> None:
    bad = {"REVIEW_DAYS": "0", "PORT": "x", "SLACK_BOT_TOKEN": "nope", "BRAINTRUST_PROJECT_ID": "nope"}

    with pytest.raises(SettingsError) as raised:
        Settings.from_env(bad, required=("SLACK_BOT_TOKEN", "BRAINTRUST_API_KEY", "REVIEW_TAG"))

    told = [problem.replace(":", " ").split()[0] for problem in raised.value.problems]
    assert sorted(told) == sorted([*bad, "BRAINTRUST_API_KEY", "REVIEW_TAG"])
    assert str(raised.value).splitlines() == raised.value.problems


@pytest.mark.parametrize("required", [FOR_PLANNING, FOR_SOCKET_MODE, FOR_HTTP], ids=["plan", "socket", "http"])
def test_each_command_asks_only_for_what_it_uses(required: tuple[str, ...]) -> None:
    problems = problems_of({}, required=required)

    assert [problem.split(" is not set. ")[0] for problem in problems] == list(required)
    assert all(problem.endswith(".") for problem in problems)
    assert problems_of({name: FULL[name] for name in required}, required=required) == []


def test_socket_mode_needs_an_app_token_and_http_a_signing_secret() -> None:
    assert "SLACK_APP_TOKEN" in FOR_SOCKET_MODE
    assert "SLACK_SIGNING_SECRET" not in FOR_SOCKET_MODE
    assert "SLACK_SIGNING_SECRET" in FOR_HTTP
    assert "SLACK_APP_TOKEN" not in FOR_HTTP


def test_a_weekly_post_needs_a_channel_a_tag_and_reviewers() -> None:
    problems = problems_of({"WEEKLY_POST": "mon 09:00 UTC"})

    assert [problem.split()[0] for problem in problems] == ["REVIEW_CHANNEL", "REVIEW_TAG", "REVIEWERS"]


@pytest.mark.parametrize(
    ("env", "count"),
    [
        ({"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "x"}, 1),
        ({"SLACK_CLIENT_ID": "1.2"}, 0),
        ({"SLACK_CLIENT_SECRET": "x"}, 0),
    ],
)
def test_variables_that_would_switch_bolt_to_oauth_are_refused(env: dict[str, str], count: int) -> None:
    problems = problems_of(env)

    assert len(problems) == count
    assert all("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET" in problem for problem in problems)


@pytest.mark.parametrize(
    ("env", "fine"),
    [
        ({}, True),
        ({"DYNO": "web.1"}, False),
        ({"DYNO": "web.1", "DATABASE_URL": ""}, False),
        ({"DYNO": "web.1", "DATABASE_URL": " sqlite:///data/x.db"}, False),
        ({"DYNO": "web.1", "DATABASE_URL": "sqlite:///data/x.db"}, False),
        ({"DYNO": "web.1", "DATABASE_URL": "postgres://bot@db/reviews"}, True),
        ({"DYNO": "", "DATABASE_URL": "sqlite:///data/x.db"}, True),
    ],
)
def test_plans_are_not_kept_in_files_where_files_do_not_last(env: dict[str, str], fine: bool) -> None:
    problems = problems_of(env)

    assert [problem.partition(":")[0] for problem in problems] == ([] if fine else ["DATABASE_URL"])


def test_no_secret_is_in_the_repr() -> None:
    settings = Settings.from_env(SECRETS)

    assert "hush" not in repr(settings)
    assert "hush" not in repr((settings.slack, settings.braintrust))


@pytest.mark.parametrize(
    "url",
    [
        "postgres://bot@db/reviews",
        "postgresql://bot@db/reviews",
        "postgresql+psycopg://bot@db/reviews",
        "sqlite:///data/x.db",
        "sqlite:////var/x.db",
    ],
)
def test_every_usual_database_address_is_accepted(url: str) -> None:
    assert Settings.from_env({"DATABASE_URL": url}).database.url == url


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("1", True), ("ON", True), ("yes", True), ("false", False), ("0", False), ("no", False)],
)
def test_a_yes_or_no_has_many_spellings(text: str, expected: bool) -> None:
    assert Settings.from_env({"FOUR_EYES": text}).policy.four_eyes is expected


@pytest.mark.parametrize("text", ["none", " NONE "])
def test_each_sign_of_absence_can_be_switched_off(text: str) -> None:
    without_emoji = Settings.from_env({"AWAY_EMOJI": text}).people.away
    without_words = Settings.from_env({"AWAY_WORDS": text}).people.away

    assert without_emoji == AwayRules(frozenset(), USUAL_SIGNS.words)
    assert without_words == AwayRules(USUAL_SIGNS.emoji, ())


def test_the_process_s_environment_is_read_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's environment itself is what is read here, so it has to be set."""
    file = tmp_path / ".env"
    file.write_text("REVIEW_TAG=from the file\nREVIEW_DAYS=30\n")
    monkeypatch.setenv("REVIEW_TAG", "from the environment")
    monkeypatch.delenv("REVIEW_DAYS", raising=False)

    found = environment(file)

    assert (found["REVIEW_TAG"], found["REVIEW_DAYS"]) == ("from the environment", "30")


def test_problems_of_the_file_and_of_settings_are_told_together(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=x\nREVIEW_TAG: mine\n")

    problems = problems_of(Environment({}, EnvFile(file)))

    assert [problem.partition(":")[0] for problem in problems] == [".env, line 2", "PORT"]


def test_every_variable_has_its_name_listed() -> None:
    assert set(VALUES) <= NAMES
