"""The findings of a check: a verdict on one setting, in one sentence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.plain_text import visible


class Verdict(StrEnum):
    """What was found, the worst last."""

    OK = "ok"
    WARNING = "warning"
    """It works, but perhaps not as it was meant; or nobody can tell."""
    WRONG = "wrong"
    """It does not work as it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, how it went, and what that means."""

    verdict: Verdict
    setting: str
    """The name of the setting, or another word for what was tried."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Misread:
    """A setting that could not be read, and why."""

    text: str
    """Empty where it is not set."""
    sentence: str


_NEXT = re.compile(r"\.\s+(?!(?:Slack|Braintrust)\b)([A-Z])(?=[a-z])")


def ok(setting: str, sentence: str) -> Finding:
    """It works."""
    return Finding(Verdict.OK, setting, _one(sentence))


def warning(setting: str, sentence: str) -> Finding:
    """It may not be what was meant."""
    return Finding(Verdict.WARNING, setting, _one(sentence))


def wrong(setting: str, sentence: str) -> Finding:
    """It does not work."""
    return Finding(Verdict.WRONG, setting, _one(sentence))


def judged(setting: str, parts: Sequence[Finding]) -> Finding:
    """One finding on a setting that has several parts: the worst of theirs, and only what is said of those."""
    worst = max((part.verdict for part in parts), key=list(Verdict).index)
    sentences = dict.fromkeys(part.sentence.rstrip(".") for part in parts if part.verdict is worst)
    return Finding(worst, setting, _one(("; " if worst is not Verdict.OK else ", ").join(sentences)))


def with_ids(setting: str, misread: Misread, ids: Mapping[str, str]) -> Finding:
    """What to write in place of names: their `ids`, by names in small letters, as far as they are known."""
    names = [part.strip() for part in misread.text.split(",")]
    known = {name: ids[bare] for name in names if (bare := name.lstrip("@#").lower()) in ids}
    meant = ", ".join(f"`{name}` is {found}" for name, found in known.items())
    return wrong(setting, f"write ids in place of names: {meant}." if meant else misread.sentence)


def none_of(ids: Sequence[str]) -> str:
    """`no U1`, `neither U1 nor U2`, `none of U1, U2, U3`."""
    if len(ids) == 1:
        return f"no {ids[0]}"
    return f"neither {ids[0]} nor {ids[1]}" if len(ids) == 2 else f"none of {', '.join(ids)}"


def _one(text: str) -> str:
    """`text`, which may be two sentences and hold what others wrote, as one line and one sentence."""
    return _NEXT.sub(lambda match: f"; {match[1].lower()}", visible(text)).rstrip(". ") + "."
