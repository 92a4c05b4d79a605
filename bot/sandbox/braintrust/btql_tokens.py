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
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise BtqlError(_complaint(query, position))
        if match.lastgroup != "space":
            found.append(_token(match))
        position = match.end()
    found.append(Token(TokenKind.END, "", position, position))
    return found


# Inside quotes only doubling escapes; a backslash or a control character has no documented meaning there.
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
    |(?P<number>\d{1,25}(?:\.\d{1,25})?(?![\w.]))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>'[^'\\\x00-\x1f\x7f-\x9f]*(?:''[^'\\\x00-\x1f\x7f-\x9f]*)*')
    |(?P<quoted>"(?:[^"\\\x00-\x1f\x7f-\x9f]|"")+")
    |(?P<mark><=|>=|!=|<>|[|:,()\[\].=<>?*+;-])""",
    re.VERBOSE | re.ASCII,
)
_KINDS = {
    "number": TokenKind.NUMBER,
    "word": TokenKind.WORD,
    "text": TokenKind.TEXT,
    "quoted": TokenKind.QUOTED,
    "mark": TokenKind.MARK,
}


def _token(match: re.Match[str]) -> Token:
    group = match.lastgroup or ""
    value = match.group()
    if group == "text":
        value = value[1:-1].replace("''", "'")
    elif group == "quoted":
        value = value[1:-1].replace('""', '"')
    return Token(_KINDS[group], value, match.start(), match.end())


def _complaint(query: str, position: int) -> str:
    character = query[position]
    if character in "'\"":
        return f"Unterminated literal, or a backslash or control character in it, at position {position}"
    return f"Unexpected character {character!r} at position {position}"
