"""The findings of a check: one line and one sentence each, whatever others wrote into it."""

import pytest

from bot.preflight.finding import Verdict, judged, none_of, ok, warning, wrong


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fine", "fine."),
        ("It is refused (401). Check X: it may be wrong.", "It is refused (401); check X: it may be wrong."),
        ("It is refused. Braintrust says why.", "It is refused. Braintrust says why."),
        ("at https://a.b. Check x.", "at https://a.b; check x."),
        ("evil\nok       all: fine", "evil\\nok       all: fine."),
        ("\x1b[2Jbot\u202e", "\\u001b[2Jbot\\u202e."),
    ],
)
def test_a_finding_is_one_line_and_one_sentence(text: str, sentence: str) -> None:
    assert wrong("X", text).sentence == sentence


def test_the_worst_part_decides_and_only_it_is_told() -> None:
    parts = [ok("X", "a"), warning("X", "b"), wrong("X", "c"), wrong("X", "d"), wrong("X", "c")]

    finding = judged("X", parts)

    assert (finding.verdict, finding.sentence) == (Verdict.WRONG, "c; d.")
    assert judged("X", parts[:2]).sentence == "b."
    assert judged("X", [ok("X", "a"), ok("X", "b")]).sentence == "a, b."


@pytest.mark.parametrize(
    ("ids", "words"), [(["A"], "no A"), (["A", "B"], "neither A nor B"), (["A", "B", "C"], "none of A, B, C")]
)
def test_what_is_unknown_is_listed_in_words(ids: list[str], words: str) -> None:
    assert none_of(ids) == words
