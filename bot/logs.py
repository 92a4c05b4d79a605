"""Logging: plain lines for people, or JSON for collectors.  Values given as `extra` stand behind the message.

A record is one line, whatever is in it: what cannot be seen is escaped, and what is too long is cut.
Libraries are heard from warnings on: below, some repeat what they were sent.  Those that speak to servers are not
heard at all: they repeat addresses and answers, and raise what they say, so that the bot can tell it.
"""

import json
import logging
import threading
from datetime import UTC, datetime
from math import isfinite

from bot.domain.plain_text import visible

LONGEST = 2_000  # characters of a message or value
LONGEST_TRACEBACK = 10_000
MOST = 2**53  # a collector's numbers are exact up to here
_OURS = ("bot", "handlers")
_RAISING = ("slack_sdk", "urllib3", "websocket")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(log_format: str, *, quiet: bool = False) -> None:
    """Log to standard error in `log_format` (`text` or `json`); with `quiet`, only what an operator has to see."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handler.addFilter(_is_for_operators)
    logging.basicConfig(level=logging.ERROR if quiet else logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_end_of_thread
    # Bolt finds the token in the environment and warns that it does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda record: not record.getMessage().startswith("As you gave"))


class TextFormatter(logging.Formatter):
    """`2026-11-23T09:00:00Z INFO bot.work.worker: a plan was assigned plan=k7f3q2 state=done`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a name or value that could be taken for several stands in quotes."""
        extra = "".join(f" {_quoted(name)}={_quoted(value)}" for name, value in _extra(record).items())
        return visible(f"{_time(record)} {record.levelname} {record.name}: {_message(record)}{extra}")


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; numbers stay numbers."""
        fields = {"time": _time(record), "level": record.levelname, "logger": record.name, "event": _message(record)}
        return visible(json.dumps(fields | _extra(record) | fields, ensure_ascii=False))


def _is_for_operators(record: logging.LogRecord) -> bool:
    # A level of the library's own loggers would not do: Bolt sets that of its loggers to the root's.
    library = record.name.partition(".")[0]
    return library in _OURS or (record.levelno >= logging.WARNING and library not in _RAISING)


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        about = {"ended": ended.thread.name if ended.thread else "unknown"}
        logging.getLogger(__name__).critical("a thread ended with a fault", extra=about, exc_info=ended.exc_value)


def _message(record: logging.LogRecord) -> str:
    try:
        return _cut(record.getMessage(), LONGEST)
    except (TypeError, ValueError, LookupError):  # a library's arguments do not fit its own message
        return _cut(str(record.msg), LONGEST)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """What stands behind the message: a number, a yes or no, or text."""
    values = {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info:
        values["traceback"] = _cut(logging.Formatter().formatException(record.exc_info), LONGEST_TRACEBACK)
    return values


def _plain(value: object) -> object:
    if (
        value is None
        or (isinstance(value, int) and abs(value) <= MOST)
        or (isinstance(value, float) and isfinite(value))
    ):
        return value
    try:
        return _cut(str(value), LONGEST)
    except ValueError:  # a number of thousands of digits
        return "unreadable"


def _quoted(value: object) -> str:
    text = str(value)
    return text if text and not set(text) & set(' "=') else json.dumps(text, ensure_ascii=False)


def _cut(text: str, most: int) -> str:
    """`text`, without its middle where it is longer than `most`."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {len(text) - 2 * half:,} characters ... {text[-half:]}"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
