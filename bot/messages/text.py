"""Words, numbers and times as they stand in Slack's mrkdwn; nothing a person wrote gets through as markup."""

import html
import re
from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from itertools import accumulate

from bot.domain.plain_text import readable

NAME_LENGTH = 60
TAG_LENGTH = 80
SENTENCE_LENGTH = 600
_ZERO_WIDTH = "\u200b"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_HARMLESS = _ENTITIES | {mark: mark + _ZERO_WIDTH for mark in "*_~`@"}
_OURS_OR_SIGN = re.compile(r"`[^`]*`|(?P<mention><(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!subteam\^S[A-Z0-9]+)>)|[&<>]")
_AS_CODE = _ENTITIES | {"`": "\u02cb"}


def escaped(text: str, *, length: int = SENTENCE_LENGTH) -> str:
    """`text` on one line, cut, mentioning nobody, and without formatting of its own."""
    return _drawn(text, _HARMLESS, length=length)


def code(text: str, *, length: int = TAG_LENGTH) -> str:
    """`text` set apart from the sentence around it, as it was written."""
    return f"`{_drawn(text, _AS_CODE, length=length)}`"


def said(sentence: str) -> str:
    """A sentence of ours in plain text, such as an error's, in mrkdwn.

    What others wrote stands between backticks in it, and mentions nobody; our own mentions stand outside of them.
    """
    return _OURS_OR_SIGN.sub(
        lambda found: found[0] if found["mention"] else html.escape(found[0], quote=False), sentence
    )


def number(value: int) -> str:
    """`value` with thousands apart: 1,949."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """`value` and its noun: `1 row`, `1,949 rows`."""
    return f"{number(value)} {noun if value == 1 else noun + 's'}"


def staying(value: int) -> str:
    """So many rows that nobody gets: `1 row stays unassigned`, `1,949 rows stay unassigned`."""
    return f"{counted(value, 'row')} {'stays' if value == 1 else 'stay'} unassigned"


def last_days(value: int) -> str:
    """A span that ends now: `the last day`, `the last 7 days`."""
    return "the last day" if value == 1 else f"the last {counted(value, 'day')}"


def percent(part: Fraction) -> str:
    """A fraction of 1 as `12.5%`."""
    return f"{float(part * 100):g}%"


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


def mention(who: str) -> str:
    """A Slack user, as a mention; whoever else acts (the terminal, the bot), by name."""
    return f"<@{who}>" if who[:1] in ("U", "W") else f"the {who}"


def link(url: str, words: str) -> str:
    """A link; `words` must be ours."""
    return f"<{url}|{words}>"


def _drawn(text: str, drawings: Mapping[str, str], *, length: int) -> str:
    """`text` on one line, some characters drawn otherwise, cut to `length` as drawn: that is what Slack counts.

    What cannot be seen is shown.
    """
    pieces = [drawings.get(character, character) for character in readable(" ".join(text.split()))]
    ends = list(accumulate(map(len, pieces)))
    if not ends or ends[-1] <= length:
        return "".join(pieces)
    return "".join(pieces[: bisect_right(ends, length - 1)]) + "…"
