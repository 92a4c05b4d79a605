"""Log lines: for people, or one JSON object each for collectors."""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import PlanState
from bot.logs import LONGEST, LONGEST_TRACEBACK, JsonFormatter, TextFormatter, configure


@pytest.fixture
def _untouched_logging() -> Iterator[None]:
    """`configure` replaces the root logger's handlers; put them and every level back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in [*logging.root.manager.loggerDict, "slack_bolt.App"]}
    bolt = logging.getLogger("slack_bolt.App")
    filters = list(bolt.filters)
    hook = threading.excepthook
    root.handlers = []
    yield
    logging.captureWarnings(capture=False)
    threading.excepthook = hook
    bolt.filters = filters
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def record(message: str = "a plan was assigned", level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("bot.work.worker").makeRecord(
        "bot.work.worker", level, __file__, 1, message, (), None, extra=extra
    )
    made.created = 1_779_094_800.25
    return made


def failed_record(error: Exception) -> logging.LogRecord:
    made = record("a step failed", logging.ERROR)
    try:
        raise error
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_line_for_people_says_when_who_what_and_with_which_ids() -> None:
    line = TextFormatter().format(record(plan="k7f3q2", state="done"))

    assert line == "2026-05-18T09:00:00.250Z INFO bot.work.worker: a plan was assigned plan=k7f3q2 state=done"


FORMATTERS = [TextFormatter(), JsonFormatter()]
CONTROLS = [
    chr(code) for code in [*range(0x20), *range(0x7F, 0xA1), 0x200B, 0x200F, 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF]
]
HOSTILE = f"a{''.join(CONTROLS)}\ud800\n2026-05-18T09:00:00.250Z INFO bot.work.worker: forged plan=k7f3q2"


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_record_is_one_line_whatever_is_in_it(formatter: logging.Formatter) -> None:
    failed = failed_record(ValueError(HOSTILE))
    failed.args = (HOSTILE,)
    failed.msg = f"{HOSTILE} %s"
    failed.value = HOSTILE

    line = formatter.format(failed)

    assert line.isprintable()
    assert line.count("\\u202e") == line.count("\\u001b") == 4


@pytest.mark.parametrize("formatter", FORMATTERS)
@given(text=st.text(), value=st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_every_record_is_one_line_of_what_can_be_seen(formatter: logging.Formatter, text: str, value: object) -> None:
    assert formatter.format(record(text, value=value)).isprintable()


@given(
    value=st.text() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)
def test_a_collector_reads_each_value_as_it_was(value: object) -> None:
    assert json.loads(JsonFormatter().format(record(value=value)))["value"] == value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**64, pytest.param(10**5000, id="huge"), Path("x"), PlanState.DONE],
)
def test_what_json_has_no_number_for_is_told_as_text(value: object) -> None:
    assert isinstance(json.loads(JsonFormatter().format(record(value=value)))["value"], str)


def test_a_value_cannot_pass_for_another_one() -> None:
    line = TextFormatter().format(record(error="no answer plan=k7f3q2", empty="", quoted='say "no"'))

    assert line.endswith(r'''assigned error="no answer plan=k7f3q2" empty="" quoted="say \"no\""''')


def test_a_name_cannot_pass_for_a_value() -> None:
    """Counts are named by words that others wrote, such as review statuses."""
    counted = record()
    vars(counted)["status ok plan=k7f3q2"] = 2

    line = TextFormatter().format(counted)

    assert line.endswith('assigned "status ok plan=k7f3q2"=2')


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_long_record_is_cut(formatter: logging.Formatter) -> None:
    failed = failed_record(ValueError("e" * 1_000_000))
    failed.msg = "m" * 1_000_000
    failed.value = "v" * 1_000_000

    assert len(formatter.format(failed)) < 2 * LONGEST + LONGEST_TRACEBACK + 500


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_record_whose_arguments_do_not_fit_is_told_all_the_same(formatter: logging.Formatter) -> None:
    odd = record("%d rows")
    odd.args = ("no",)

    assert "%d rows" in formatter.format(odd)


def test_a_line_for_collectors_has_numbers_as_numbers() -> None:
    line = JsonFormatter().format(
        record("odd \u2028 line\nbreaks", plan="k7f3q2", rows=7, share=0.5, last=None, late=True)
    )

    assert json.loads(line) == {
        "time": "2026-05-18T09:00:00.250Z",
        "level": "INFO",
        "logger": "bot.work.worker",
        "event": "odd \u2028 line\nbreaks",
        "plan": "k7f3q2",
        "rows": 7,
        "share": 0.5,
        "last": None,
        "late": True,
    }


def test_what_a_record_is_cannot_be_overwritten() -> None:
    assert json.loads(JsonFormatter().format(record(event="other", logger="x")))["event"] == "a plan was assigned"


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_fault_carries_its_traceback(formatter: logging.Formatter) -> None:
    line = formatter.format(failed_record(ValueError("no such thing")))

    assert "a step failed" in line
    assert "Traceback (most recent call last):\\n" in line
    assert "ValueError: no such thing" in line


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(("log_format", "formatter"), [("text", TextFormatter), ("json", JsonFormatter)])
def test_the_settings_choose_the_format(log_format: str, formatter: type[logging.Formatter]) -> None:
    configure(log_format)

    assert [type(handler.formatter) for handler in logging.getLogger().handlers] == [formatter]


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(("quiet", "level"), [(False, logging.INFO), (True, logging.ERROR)])
def test_quiet_shows_only_what_an_operator_has_to_see(quiet: bool, level: int) -> None:
    configure("text", quiet=quiet)

    assert logging.getLogger("bot.work.worker").getEffectiveLevel() == level


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize("name", ["slack_bolt.RequestVerification", "apscheduler", "alembic", "any.other"])
def test_libraries_are_heard_from_warnings_on_whatever_level_they_set(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("text")
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)

    library.info("a body of a request")
    library.warning("a pool is full")

    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(f"WARNING {name}: a pool is full")


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize("name", ["slack_sdk.web.base_client", "urllib3.connection", "websocket"])
def test_what_libraries_repeat_of_servers_is_not_heard(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")

    logging.getLogger(name).error("an answer, its headers, a signed address")

    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("_untouched_logging")
@pytest.mark.parametrize(
    ("message", "is_logged"), [("As you gave `authorize`, the token is unused.", False), ("Unhandled request", True)]
)
def test_only_the_warning_about_the_unused_token_is_left_out(message: str, is_logged: bool) -> None:
    configure("text")

    warning = logging.makeLogRecord({"msg": message, "levelno": logging.WARNING})
    assert bool(logging.getLogger("slack_bolt.App").filter(warning)) == is_logged


@pytest.mark.usefixtures("_untouched_logging")
def test_warnings_and_faults_of_threads_are_records_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("something\nis old", stacklevel=1)
    ended = threading.Thread(target=lambda: json.loads("no"), name="some-thread")
    ended.start()
    ended.join()

    warned, failed = capsys.readouterr().err.splitlines()
    assert "WARNING py.warnings" in warned
    assert "CRITICAL bot.logs: a thread ended with a fault ended=some-thread traceback=" in failed
