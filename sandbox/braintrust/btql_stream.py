"""A reader over the tokens of one query: look, take, or fail with a sentence."""

from typing import NoReturn

from sandbox.braintrust.btql_syntax import Path
from sandbox.braintrust.btql_tokens import BtqlError, Token, TokenKind, tokens

RESERVED = frozenset(
    {"and", "or", "not", "in", "is", "null", "includes", "as", "asc", "desc", "interval", "true", "false"}
)


class TokenStream:
    """The tokens of `query` and a place among them."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._tokens = tokens(query)
        self._place = 0

    @property
    def next(self) -> Token:
        """The token that comes next, not taken."""
        return self._tokens[self._place]

    def take(self) -> Token:
        """Take the next token; the END token stays for ever."""
        token = self._tokens[self._place]
        if token.kind is not TokenKind.END:
            self._place += 1
        return token

    def sees_mark(self, mark: str) -> bool:
        """Whether the next token is this punctuation mark."""
        return self.next.kind is TokenKind.MARK and self.next.value == mark

    def accept_mark(self, mark: str) -> bool:
        """Take this punctuation mark if it comes next."""
        if not self.sees_mark(mark):
            return False
        self._place += 1
        return True

    def expect_mark(self, mark: str) -> None:
        """Take this punctuation mark, which has to come next."""
        if not self.accept_mark(mark):
            self.fail(f"expected `{mark}`")

    def sees_word(self, word: str, *, ahead: int = 0) -> bool:
        """Whether this keyword comes next (or `ahead` tokens later), in any case of letters."""
        index = min(self._place + ahead, len(self._tokens) - 1)
        token = self._tokens[index]
        return token.kind is TokenKind.WORD and token.value.lower() == word

    def accept_word(self, word: str) -> bool:
        """Take this keyword if it comes next."""
        if not self.sees_word(word):
            return False
        self._place += 1
        return True

    def expect_word(self, word: str) -> None:
        """Take this keyword, which has to come next."""
        if not self.accept_word(word):
            self.fail(f"expected `{word}`")

    def sees_call(self, name: str) -> bool:
        """Whether `name(` comes next."""
        if not self.sees_word(name):
            return False
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        return following.kind is TokenKind.MARK and following.value == "("

    def expect(self, kind: TokenKind) -> str:
        """Take a token of this kind and return its value."""
        if self.next.kind is not kind:
            self.fail(f"expected a {kind.value}")
        return self.take().value

    def expect_name(self) -> str:
        """Take a name: a word that is not reserved, or a quoted one."""
        token = self.next
        if token.kind is TokenKind.QUOTED:
            return self.take().value
        if token.kind is not TokenKind.WORD or token.value.lower() in RESERVED:
            self.fail("expected a name")
        return self.take().value

    def expect_path(self) -> Path:
        """Take a column or a dotted place inside one."""
        start = self.next.start
        names = [self.expect_name()]
        while self.accept_mark("."):
            if self.next.kind not in (TokenKind.WORD, TokenKind.QUOTED):
                self.fail("expected a name after `.`")
            names.append(self.take().value)
        return Path(tuple(names), self.query[start : self._tokens[self._place - 1].end])

    def fail(self, why: str) -> NoReturn:
        """Refuse the query at the next token."""
        token = self.next
        seen = "the end of the query" if token.kind is TokenKind.END else f"`{token.value}`"
        raise BtqlError(f"Syntax error at position {token.start}: {why}, found {seen}")
