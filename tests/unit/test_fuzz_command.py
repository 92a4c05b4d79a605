"""What nobody would type."""

import random
import time

import pytest

from bot.domain.command import HelpCommand, PlanCommand, parsed
from bot.errors import CommandError
from bot.messages.text import said

PIECES = (
    *("tag=", "days=", "limit=", "reviewers=", "--tag", "--dry-run", "help", "\u2014days", "<mailto:", "|", ">"),
    *(" ", "  ", "\t", "\n", "=", '"', "'", "\u201c", "\u2019", "`", "\\", ",", "x", "9" * 30, "\u00b2", "\u0661"),
    *(
        "\x00",
        "\ud800",
        "\u202e",
        "\U0001f469\u200d\U0001f52c",
        "<@U0ADA>",
        "<!channel>",
        "a@b",
        "%s",
        "{0}",
        "x" * 300,
    ),
    *("<@U0ADA|ada>", "<!subteam^S0T>", "@u0ada", "group:", ":2", ":101"),
    *("-1", "&amp;", "&lt;!channel&gt;"),
)


def answer_to(text: str) -> str:
    """What a person would be told about `text`; nothing, when it is understood."""
    try:
        assert isinstance(parsed(text), HelpCommand | PlanCommand)
    except CommandError as error:
        return str(error)
    return ""


def test_any_text_is_a_command_or_gets_a_sentence() -> None:
    chance = random.Random(1)

    answers = {answer_to("".join(chance.choices(PIECES, k=chance.randrange(12)))) for _ in range(5_000)} - {""}

    assert len(answers) > 100
    assert [answer for answer in answers if not answer.endswith((".", "`", "?"))] == []
    assert [answer for answer in map(said, answers) if "<" in answer or len(answer) > 400] == []


def test_many_unclosed_addresses_are_read_at_once() -> None:
    """A regular expression holds the interpreter's lock: while it searches, the whole bot stands still."""
    began = time.thread_time()

    with pytest.raises(CommandError):
        parsed("<mailto:" * 5_000)

    assert time.thread_time() - began < 0.2
