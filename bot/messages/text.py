"""Words, numbers and times as they stand in Slack's mrkdwn; nothing a person wrote gets through as markup."""

from datetime import UTC, datetime

NAME_LENGTH = 60
TAG_LENGTH = 80
SENTENCE_LENGTH = 600
_ZERO_WIDTH = "\u200b"


def escaped(text: str, *, length: int = SENTENCE_LENGTH) -> str:
    """`text` on one line, cut, mentioning nobody, and without formatting of its own."""
    line = " ".join(text.split())
    line = line if len(line) <= length else line[: length - 1] + "…"
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "*_~`":
        line = line.replace(mark, f"{mark}{_ZERO_WIDTH}") if mark in line else line
    return line.replace("@", f"@{_ZERO_WIDTH}")


def code(text: str, *, length: int = TAG_LENGTH) -> str:
    """`text` set apart from the sentence around it, as it was written."""
    line = " ".join(text.split()).replace("`", "\u02cb")
    line = line if len(line) <= length else line[: length - 1] + "…"
    return "`" + line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "`"


def number(value: int) -> str:
    """`value` with thousands apart: 1,949."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """`value` and its noun: `1 row`, `1,949 rows`."""
    return f"{number(value)} {noun if value == 1 else noun + 's'}"


def moment(instant: datetime) -> str:
    """An instant in each reader's own time zone, with UTC for those who cannot show that.

    https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    return f"<!date^{int(instant.timestamp())}^{{date_short_pretty}} at {{time}}|{utc(instant)}>"


def absolute(instant: datetime) -> str:
    """Like `moment`, never as "today"."""
    return f"<!date^{int(instant.timestamp())}^{{date_short}} {{time}}|{utc(instant)}>"


def utc(instant: datetime) -> str:
    """An instant as `2026-11-23 09:00 UTC`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def mention(user: str) -> str:
    """A Slack user, as a mention."""
    return f"<@{user}>"


def link(url: str, words: str) -> str:
    """A link; `words` must be ours."""
    return f"<{url}|{words}>"
