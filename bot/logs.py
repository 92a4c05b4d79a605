"""Logging: plain lines for people, or JSON for collectors.  Values given as `extra` stand behind the message."""

import json
import logging
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(log_format: str, *, quiet: bool = False) -> None:
    """Log to standard error in `log_format` (`text` or `json`); with `quiet`, only what an operator has to see."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=logging.ERROR if quiet else logging.INFO, handlers=[handler], force=True)
    for noisy in ("apscheduler", "slack_bolt", "slack_sdk", "urllib3", "alembic", "websocket"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Bolt finds the token in the environment and warns that it does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda record: not record.getMessage().startswith("As you gave"))


class TextFormatter(logging.Formatter):
    """`2026-11-23T09:00:00Z INFO bot.worker: a plan was assigned plan=k7f3q2 state=done`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback where there is one."""
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {"time": _time(record), "level": record.levelname, "logger": record.name, "event": record.getMessage()}
        fields |= {name: str(value) for name, value in _extra(record).items()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
