"""Cut a BTQL query into tokens.  Strict: what is not understood is an error, never skipped."""

import re
from enum import Enum
from typing import NamedTuple


class BtqlError(ValueError):
    """A query that is refused; the message says why and where."""


class TokenKind(Enum):
    """What a token is; a keyword is a word like any other until the parser asks for it."""

    WORD = "word"
    QUOTED = "quoted name"
    TEXT = "text"
    TEXTS = "list of texts"
    NUMBER = "number"
    MARK = "mark"
    END = "end"


class Token(NamedTuple):
    """One token: its value (unquoted) and where it stands in the query."""

    kind: TokenKind
    value: str
    start: int
    end: int


def tokens(query: str) -> list[Token]:
    """The tokens of `query`, closed by an END token; BtqlError on the first character that fits nowhere."""
    found: list[Token] = []
    position = 0
    for match in _TOKEN.finditer(query):
        start, end = match.span()
        if start != position:
            break
        kind = _KINDS.get(match.lastgroup or "")
        if kind is not None:
            found.append(Token(kind, _value(kind, match[0]), start, end))
        position = end
    if position < len(query):
        raise BtqlError(_complaint(query, position))
    found.append(Token(TokenKind.END, "", position, position))
    return found


# Inside quotes only doubling escapes; a backslash or a control character has no documented meaning there.
_TEXT = r"'[^'\\\x00-\x1f\x7f-\x9f]*(?:''[^'\\\x00-\x1f\x7f-\x9f]*)*'"
_ITEM = re.compile(_TEXT)
_TOKEN = re.compile(
    rf"""(?P<space>\s+|--[^\n]*)
    |(?P<number>\d{{1,25}}(?:\.\d{{1,25}})?(?![\w.]))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<texts>\[{_TEXT}(?:,\s*{_TEXT})*\])  # one token, because thousands of ids stand there
    |(?P<text>{_TEXT})
    |(?P<quoted>"(?:[^"\\\x00-\x1f\x7f-\x9f]|"")+")
    |(?P<mark><=|>=|!=|<>|[|:,()\[\].=<>?*+;-])""",
    re.VERBOSE | re.ASCII,
)
_KINDS = {
    "number": TokenKind.NUMBER,
    "word": TokenKind.WORD,
    "texts": TokenKind.TEXTS,
    "text": TokenKind.TEXT,
    "quoted": TokenKind.QUOTED,
    "mark": TokenKind.MARK,
}


def texts_in(listed: str) -> tuple[str, ...]:
    """The values of a TEXTS token."""
    return tuple(_unquoted(item) for item in _ITEM.findall(listed))


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _value(kind: TokenKind, text: str) -> str:
    if kind is TokenKind.TEXT:
        return _unquoted(text)
    return text[1:-1].replace('""', '"') if kind is TokenKind.QUOTED else text


def _complaint(query: str, position: int) -> str:
    character = query[position]
    if character in "'\"":
        return f"Unterminated literal, or a backslash or control character in it, at position {position}"
    return f"Unexpected character {character!r} at position {position}"
