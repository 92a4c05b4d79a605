"""The environment: what stands in `.env` is read, or told by its line; never passed over, never repeated."""

import os
from pathlib import Path

import pytest

from bot.environment import EnvFile, Environment

SECRET = "xoxb-hush"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def problems(path: Path, content: str | bytes) -> list[str]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(EnvFile(path).problems.values())


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("REVIEW_TAG=My tag\n", {"REVIEW_TAG": "My tag"}),
        ('REVIEW_TAG="My tag"  # the usual one\n', {"REVIEW_TAG": "My tag"}),
        ("export REVIEW_TAG = 'My tag'\r\nREVIEW_DAYS=7\r\n", {"REVIEW_TAG": "My tag", "REVIEW_DAYS": "7"}),
        ("\ufeffREVIEW_TAG=My tag", {"REVIEW_TAG": "My tag"}),
        ("REVIEW_TAG=\u00dcbung \U0001f44d\n", {"REVIEW_TAG": "\u00dcbung \U0001f44d"}),
        ("# nothing\n\n  # REVIEW_TAG: x\n", {}),
        ("REVIEW_TAG=\n", {"REVIEW_TAG": ""}),
        ("", {}),
    ],
)
def test_what_is_written_well_is_read(path: Path, content: str, values: dict[str, str]) -> None:
    assert problems(path, content) == []
    assert EnvFile(path).values == values


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("SLACK_BOT_TOKEN: xoxb-hush\n", ".env, line 1: write SLACK_BOT_TOKEN=value, with = in place of the colon."),
        ("SLACK_BOT_TOKEN:xoxb-hush\n", ".env, line 1: write SLACK_BOT_TOKEN=value, with = in place of the colon."),
        ("A=1\n\n# x\n\n  KEY: xoxb-hush\n", ".env, line 5: write KEY=value, with = in place of the colon."),
        ("A=1\r\n\r\nKEY: xoxb-hush\r\n", ".env, line 3: write KEY=value, with = in place of the colon."),
        ('A=1\nKEY="xoxb-hush\nB=2\n', ".env, line 2: the quote that KEY begins with is not closed."),
        ("A=1\nKEY='xoxb-hush\nB='2'\n", ".env, line 2: the quote that KEY begins with is not closed."),
        ('KEY="xoxb-hush\nB="2"\n', ".env, line 1: the quote that KEY begins with is not closed."),
        ("KEY xoxb-hush\n", ".env, line 1: write KEY=value, or remove the line."),
        ("KEY\n", ".env, line 1: write KEY=value, or remove the line."),
        ("xoxb-hush\n", ".env, line 1: write NAME=value, with a name in capital letters."),
        ("=xoxb-hush\n", ".env, line 1: write NAME=value, with a name in capital letters."),
        ("- KEY=xoxb-hush\n", ".env, line 1: write NAME=value, with a name in capital letters."),
        (
            'KEY="xoxb-hush" xoxb-hush\n',
            ".env, line 1: KEY has something behind its closing quote. Remove it, or write the quotes around all.",
        ),
    ],
)
def test_a_line_that_cannot_be_read_is_told_without_its_value(path: Path, content: str, problem: str) -> None:
    assert problems(path, content)[0] == problem
    assert SECRET not in "".join(problems(path, content))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("A=1\nREVIEW_TAG=\u00dcbung\n".encode("latin-1"), 2),
        ("A=1\nREVIEW_TAG=\u00dcbung\n".encode("utf-16"), 1),
        ("A=1\nREVIEW_TAG=\u00dcbung\n".encode("utf-16-le"), 1),
        ("A=1\n".encode("utf-16-be"), 1),
        ("A=1\nB=2\n".encode("utf-32"), 1),
        (b"A=1\nB=2\nC=\0\n", 3),
        (b"\x80\x04", 1),
    ],
)
def test_another_encoding_is_told_by_its_line(path: Path, content: bytes, line: int) -> None:
    assert problems(path, content) == [f".env, line {line}: this is not UTF-8. Save the file in this encoding."]


def test_a_folder_or_a_file_that_may_not_be_read_is_told(path: Path) -> None:
    path.mkdir()

    assert EnvFile(path).problems == {".env": ".env: the file cannot be read: Is a directory."}


def test_a_file_without_rights_is_told(path: Path) -> None:
    path.touch(mode=0)
    mine = os.geteuid()
    if mine == 0:  # who may read everything
        os.seteuid(65_534)

    try:
        file = EnvFile(path)
    finally:
        os.seteuid(mine)

    assert file.problems == {".env": ".env: the file cannot be read: Permission denied."}


def test_a_missing_file_is_no_problem(path: Path) -> None:
    file = EnvFile(path)

    assert (file.values, file.problems) == ({}, {})


def test_the_process_wins_over_the_file(path: Path) -> None:
    path.write_text("REVIEW_TAG=from the file\nREVIEW_DAYS=30\n")

    found = Environment({"REVIEW_TAG": "from the process"}, EnvFile(path))

    assert dict(found) == {"REVIEW_TAG": "from the process", "REVIEW_DAYS": "30"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"My tag"', "My tag"),
        ("'My tag'", "My tag"),
        (' "My tag" ', "My tag"),
        ("\u201cMy tag\u201d", "My tag"),
        ('""', ""),
        ('"', '"'),
        ('My "tag"', 'My "tag"'),
        ("\"My tag'", "\"My tag'"),
        ("O'Brien", "O'Brien"),
    ],
)
def test_quotes_that_were_kept_around_a_value_are_taken_off(path: Path, text: str, value: str) -> None:
    found = Environment({"REVIEW_TAG": text, "PS1": '"x"'}, EnvFile(path))

    assert found["REVIEW_TAG"] == value
    assert found.quoted(frozenset({"REVIEW_TAG", "REVIEWERS"})) == (["REVIEW_TAG"] if value != text else [])
