"""`init`: one question after the other, each answer tried at once, and a `.env` in the end."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from bot.adapters.slack.client import SlackClient, web_client
from bot.cli.console import Console
from bot.cli.init.answers import HTTP, MOST_SHOWN, SOCKET_MODE, Answerer, AnswerFile, Person, answers_in
from bot.cli.init.draft import Draft
from bot.cli.init.questions import QUESTIONS, Offers, Question
from bot.environment import EnvFile, Environment
from bot.errors import BotError, SettingsError
from bot.preflight.everything import findings
from bot.preflight.finding import Finding, Verdict
from bot.settings import Settings, environment

OK, FAILED = 0, 1
TARGET = Path(".env")
NOTHING = EnvFile(Path(os.devnull))
_ELSEWHERE = frozenset({"Slack", "Braintrust"})
"""What findings blame that are no setting's fault."""


class Wizard:
    """Asks until every question has an answer that was tried."""

    def __init__(self, answerer: Answerer, draft: Draft, process: Mapping[str, str], console: Console) -> None:
        self._answerer = answerer
        self._draft = draft
        self._console = console
        self._process = process
        self._left: set[str] = set()
        self._way = ""

    def carry_out(self) -> list[str]:
        """Ask what is open; the names of the settings whose answers were wrong in the end."""
        for name in sorted(self._process.keys() & {question.name for question in QUESTIONS}):
            self._console.say(f"{name} is set in the environment, which wins over .env; it is not asked for.")
        known = [way for way in (SOCKET_MODE, HTTP) if way in {**self._draft.before, **self._answers}]
        self._way = known[0] if known else self._answerer.way()
        wrong: list[str] = []
        while question := self._next(wrong):
            blamed = self._asked(question)
            if blamed is not None:
                self._draft.forget(blamed)
                wrong += [] if self._answerer.is_patient else [blamed, question.name]
        return sorted({*wrong})

    @property
    def _answers(self) -> Mapping[str, str]:
        return {**self._draft.answers, **self._process}

    def _next(self, wrong: list[str]) -> Question | None:
        """The first open question; none that rests on an answer that nobody will correct."""
        closed = {*self._answers, *self._left, *wrong, HTTP if self._way == SOCKET_MODE else SOCKET_MODE}
        if "WEEKLY_POST" in self._left:
            closed.add("REVIEW_CHANNEL")
        open_ones = (question for question in QUESTIONS if question.name not in closed)
        return next((question for question in open_ones if not {*question.needs} & {*wrong}), None)

    def _asked(self, question: Question) -> str | None:
        """Ask once, and try the answer; the setting that is to blame where it cannot be kept."""
        offers = self._offers(question)
        if question.is_plain_where_one and len(offers) == 1:
            text: str | None = next(iter(offers))
        else:
            text = self._answerer.answer(question, offers, usual=self._draft.before.get(question.name, ""))
        if text is None:
            self._left.add(question.name)
            if question.is_optional:
                return None
            self._console.say(f"wrong: {question.name}: there is no answer. {question.help}")
            return question.name
        value = _meant(question, text, offers)
        for finding in self._findings(question, value):
            self._console.say(f"{finding.verdict}: {finding.setting}: {finding.sentence}")
            if finding.verdict is Verdict.WRONG:
                return finding.setting if finding.setting in question.needs else question.name
            if finding.verdict is Verdict.WARNING and not self._answerer.accepts(finding):
                return question.name
        self._draft.keep(question.name, value)
        if question.name == "REVIEW_CHANNEL":
            self._join(value)
        return None

    def _trial(self, question: Question, **answer: str) -> Environment:
        """What is set here, and those answers that the question needs."""
        others = {other.name for other in QUESTIONS} - {*question.needs}
        return Environment({name: self._answers[name] for name in self._answers.keys() - others} | answer, NOTHING)

    def _offers(self, question: Question) -> Offers:
        try:
            return question.offers(Settings.as_far_as_readable(self._trial(question))[0])
        except BotError:
            return {}  # what is wrong shows when the answer is tried

    def _findings(self, question: Question, value: str) -> list[Finding]:
        """What a trial finds: about what the answer rests on, where that is wrong, then about the answer."""
        found = list(findings(self._trial(question, **{question.name: value})))
        rests_on = [one for one in found if one.setting in question.needs and one.verdict is Verdict.WRONG]
        return [*rests_on, *(one for one in found if one.setting in {question.name, *_ELSEWHERE})]

    def _join(self, channel: str) -> None:
        slack = SlackClient(web_client(Settings.as_far_as_readable(self._answers)[0].slack))
        try:
            slack.join(slack.channel(channel))
        except BotError as error:
            self._console.say(f"warning: REVIEW_CHANNEL: the bot is not in it yet. {error}")


def _meant(question: Question, text: str, offers: Offers) -> str:
    """The value behind a number or a name that was offered; anything else as it stands."""
    known = {name.lower().lstrip("#"): value for name, value in offers.items()}
    numbered = dict(enumerate(list(offers.values())[:MOST_SHOWN], 1))

    def value(part: str) -> str:
        number = int(part) if part.isascii() and part.isdecimal() and len(part) < 4 else 0
        return numbered.get(number) or known.get(part.lower().lstrip("#"), part)

    parts = text.split(",") if question.is_list else [text]
    return ",".join(value(part.strip()) for part in parts)


def init(options: argparse.Namespace, console: Console) -> int:
    """Make a `.env`, by questions or from a file; raises `SettingsError`, `EOFError`, `OSError`."""
    answers = answers_in(options.answers) if options.answers else None
    if answers is None and not console.can_ask:
        console.complain("init asks questions, and nobody can be asked here: pass --from FILE with NAME=VALUE lines.")
        return FAILED
    process = environment().process
    hidden = [question.name for question in QUESTIONS if not process.get(question.name, "-").strip()]
    if hidden:
        sentence = "it is set to nothing in the environment, which wins over .env. Type: unset"
        raise SettingsError([f"{name}: {sentence} {name}" for name in hidden])
    draft = Draft(TARGET, anew=answers is not None)
    if draft.target_exists and not options.overwrite and not _may_change(console, asked=answers is None):
        return FAILED
    if draft.answers:
        console.say(f"Going on with what was answered last time: {', '.join(draft.answers)}.")
    answerer = Person(console) if answers is None else AnswerFile(answers)
    wrong = Wizard(answerer, draft, process, console).carry_out()
    if wrong:
        console.complain(f"No .env was written. Correct {', '.join(wrong)}, and run init again.")
        return FAILED
    for name, value in (answers or {}).items():
        draft.keep(name, draft.answers.get(name, value))
    draft.finish()
    console.say("", f"{TARGET} is written, and only you can read it.")
    return OK


def _may_change(console: Console, *, asked: bool) -> bool:
    if not asked:
        console.complain(f"There is a {TARGET} here already. Pass --overwrite: what the answers do not name stays.")
        return False
    console.say(f"There is a {TARGET} here already. Its values are offered as answers, and its other lines stay.")
    return console.ask("Change it? [y/N]") in ("y", "yes")
