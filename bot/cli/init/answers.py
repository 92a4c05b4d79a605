"""The answers that `init` gets: from a person at a terminal, or from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from bot import addresses
from bot.cli.console import Console
from bot.cli.init.manifest import creation_link
from bot.cli.init.questions import Offers, Question
from bot.environment import EnvFile
from bot.errors import SettingsError
from bot.preflight.finding import Finding
from bot.settings import NAMES

MOST_SHOWN = 15
SOCKET_MODE, HTTP = "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"
"""The two ways in which Slack reaches the bot, by what each needs."""


class Answerer(Protocol):
    """Whoever answers: a person, or a file."""

    is_patient: bool
    """Whether a wrong answer is followed by another one."""

    def way(self) -> str:
        """Which of `SOCKET_MODE` and `HTTP` the bot is to use."""

    def answer(self, question: Question, offers: Offers, *, usual: str) -> str | None:
        """What is answered, or `usual`; None where nothing is."""

    def accepts(self, finding: Finding) -> bool:
        """Whether an answer that may not be meant is kept all the same."""


class Person:
    """Answers at a terminal; raises `EOFError` at Ctrl-D."""

    is_patient = True

    def __init__(self, console: Console) -> None:
        self._console = console

    def way(self) -> str:
        """Ask, and show where the app is created."""
        self._console.say(
            "",
            "How does Slack reach the bot?",
            "  1  Socket Mode: the bot opens the connection, and needs no public address",
            "  2  HTTP: Slack calls an address of yours that begins with https://",
        )
        while (choice := self._line("1 or 2 [1]")) not in ("", "1", "2"):
            self._console.say("wrong: type 1 or 2.")
        address = self._address() if choice == "2" else None
        self._console.say(
            "",
            "Create the Slack app with this link, in your workspace, and install it there:",
            creation_link(address=address),
        )
        return HTTP if choice == "2" else SOCKET_MODE

    def answer(self, question: Question, offers: Offers, *, usual: str) -> str | None:
        """Ask until something is answered, or nothing where that is possible."""
        self._console.say("", question.name, f"  {question.help}")
        for number, name in enumerate(list(offers)[:MOST_SHOWN], 1):
            value = "" if offers[name] == name else f"  {offers[name]}"
            self._console.say(f"  {number:>2}  {name}{value}")
        if offers:
            more = f"There are {len(offers) - MOST_SHOWN} more. " if len(offers) > MOST_SHOWN else ""
            several = ", or several with commas between them" if question.is_list else ""
            self._console.say(f"  {more}Type a number or a name{several}; anything else is taken as it is.")
        kept = f"Enter keeps {'the one in .env' if question.is_secret else usual}"
        hint = kept if usual else "Enter: none" if question.is_optional else ""
        while True:
            answer = self._line(f"[{hint}]" if hint else "", is_secret=question.is_secret) or usual
            if answer:
                return answer
            if question.is_optional:
                return None
            self._console.say("This is needed. Ctrl-C keeps what was answered so far, for another time.")

    def accepts(self, finding: Finding) -> bool:
        """Ask whether it is meant."""
        return self._line(f"Keep this {finding.setting} all the same? [y/N]").lower() in ("y", "yes")

    def _address(self) -> str:
        while True:
            try:
                address = addresses.url(self._line("The bot's public address, such as https://reviews.example.com"))
            except ValueError as error:
                self._console.say(f"wrong: {error}")
                continue
            if address.startswith("https://"):
                return address
            self._console.say("wrong: it begins with https://, because Slack sends what people write there.")

    def _line(self, question: str, *, is_secret: bool = False) -> str:
        return self._console.line(f"{question} >".lstrip(), is_secret=is_secret)


class AnswerFile:
    """Answers by lines NAME=VALUE."""

    is_patient = False

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def way(self) -> str:
        """The one whose secret is there; Socket Mode where both are, or none."""
        return HTTP if self._values.get(HTTP) and not self._values.get(SOCKET_MODE) else SOCKET_MODE

    def answer(self, question: Question, offers: Offers, *, usual: str) -> str | None:
        """The line of the question, if there is one."""
        return self._values.get(question.name) or usual or None

    def accepts(self, finding: Finding) -> bool:
        """A warning stops nobody; it was shown."""
        return True


def answers_in(path: str) -> Mapping[str, str]:
    """The answers in a file; raises `SettingsError` where not all of it can be read, or is known."""
    file = EnvFile(Path(path))
    unknown = [f"{name}: nothing of this name is read. Take the line out." for name in file.values if name not in NAMES]
    missing = [] if Path(path).exists() else [f"{path}: there is no such file."]
    if problems := [*missing, *file.problems.values(), *unknown]:
        raise SettingsError(problems)
    return {name: value for name, value in file.values.items() if value.strip()}
