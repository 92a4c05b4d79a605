"""Log lines: for people, or one JSON object each for collectors."""

import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import JsonFormatter, TextFormatter, configure


@pytest.fixture
def _untouched_logging() -> Iterator[None]:
    """`configure` replaces the root logger's handlers; put them and every level back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in [*logging.root.manager.loggerDict, "slack_bolt.App"]}
    bolt = logging.getLogger("slack_bolt.App")
    filters = list(bolt.filters)
    root.handlers = []
    yield
    bolt.filters = filters
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def record(message: str = "a plan was assigned", level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("bot.worker").makeRecord("bot.worker", level, __file__, 1, message, (), None, extra=extra)
    made.created = 1_779_094_800.25
    return made


def failed_record() -> logging.LogRecord:
    made = record("a step failed", logging.ERROR)
    error = ValueError("no such thing")
    made.exc_info = (ValueError, error, error.__traceback__)
    return made


def test_a_line_for_people_says_when_who_what_and_with_which_ids() -> None:
    line = TextFormatter().format(record(plan="k7f3q2", state="done"))

    assert line == "2026-05-18T09:00:00.250Z INFO bot.worker: a plan was assigned plan=k7f3q2 state=done"


def test_a_line_for_people_is_followed_by_the_traceback() -> None:
    lines = TextFormatter().format(failed_record()).splitlines()

    assert lines[0].endswith("ERROR bot.worker: a step failed")
    assert lines[-1] == "ValueError: no such thing"


def test_a_line_for_collectors_is_one_json_object() -> None:
    line = JsonFormatter().format(record("odd \u2028 line\nbreaks", plan="k7f3q2", rows=7))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-05-18T09:00:00.250Z",
        "level": "INFO",
        "logger": "bot.worker",
        "event": "odd \u2028 line\nbreaks",
        "plan": "k7f3q2",
        "rows": "7",
    }


def test_a_line_for_collectors_carries_the_traceback() -> None:
    line = JsonFormatter().format(failed_record())

    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("ValueError: no such thing")


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(("log_format", "formatter"), [("text", TextFormatter), ("json", JsonFormatter)])
def test_the_settings_choose_the_format(log_format: str, formatter: type[logging.Formatter]) -> None:
    configure(log_format)

    assert [type(handler.formatter) for handler in logging.getLogger().handlers] == [formatter]


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(("quiet", "level"), [(False, logging.INFO), (True, logging.ERROR)])
def test_quiet_shows_only_what_an_operator_has_to_see(quiet: bool, level: int) -> None:
    configure("text", quiet=quiet)

    assert logging.getLogger("bot.worker").getEffectiveLevel() == level


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize("name", ["slack_sdk", "slack_bolt", "urllib3", "apscheduler"])
def test_libraries_that_log_payloads_are_kept_quiet(name: str) -> None:
    configure("text")

    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(
    ("message", "is_logged"), [("As you gave `authorize`, the token is unused.", False), ("Unhandled request", True)]
)
def test_only_the_warning_about_the_unused_token_is_left_out(message: str, is_logged: bool) -> None:
    configure("text")

    warning = logging.makeLogRecord({"msg": message, "levelno": logging.WARNING})
    assert bool(logging.getLogger("slack_bolt.App").filter(warning)) == is_logged
