"""The file of queues: what is typed there is what counts, and writing it leaves nothing half done."""

import stat
from pathlib import Path

import pytest

from bot.cli.queue_file import LARGEST_FILE, read_queues, write_queues
from bot.domain.queue import queue_of
from bot.errors import BotError
from tests.unit.builders import PROJECT
from tests.unit.test_queue import NEEDED, TEXTS

LAUGHS = "a: &a [x, x]\n" + "\n".join(
    f"{new}: &{new} [*{old}, *{old}]" for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)


def a_file(folder: Path, text: str | bytes) -> str:
    path = folder / "queues.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    "typed", ["yes", "on", "no", "007", "1_000", "1:30", "2026-01-01", "2026-13-45", "7.0", "1e3", ".inf"]
)
def test_a_value_is_what_was_typed(typed: str, tmp_path: Path) -> None:
    found = read_queues(a_file(tmp_path, f"queues: {{support: {{tag: {typed}, reviewers: [{typed}, b]}}}}"))

    assert found == {"support": {"tag": typed, "reviewers": f"{typed},b"}}


def test_no_value_is_no_text_and_an_anchor_stands_for_what_it_names(tmp_path: Path) -> None:
    text = "queues:\n  a: {limit: , days: null, channel: ~, reviewers: &team [x, y]}\n  b: {reviewers: *team}\n"

    found = read_queues(a_file(tmp_path, text))

    assert found == {"a": {"limit": "", "days": "", "channel": "", "reviewers": "x,y"}, "b": {"reviewers": "x,y"}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("queues: {a: {tag: x}, a: {tag: y}}", "`a` stands there twice"),
        ("queues: {a: {tag: x, tag: y}}", "`tag` stands there twice"),
        ("queues: {a: {tag: [x, y]}}", "a.tag: This is one value"),
        ("queues: {a: {filter: {x: y}}}", "a.filter: This is one value"),
        ("queues: {a: {reviewers: [[x], y]}}", "a.reviewers: This is one value or, of reviewers and approvers, a list"),
        ("queues: {a: {reviewers: &a [*a]}}", "a.reviewers: This is one value"),
        ("queues: {a: {tag: !!int x}}", "is not YAML"),
        ("queues: {a: {tag: !!timestamp 2026-13-45}}", "is not YAML"),
        ("queues: {a: {tag: !!python/name:os.system x}}", "is not YAML"),
        ("queues: {? [a] : {tag: x}}", "is not YAML"),
        (b"queues: {a: {tag: \xff\xfe}}", "is not YAML"),
        (b"\x00", "is not YAML"),
        ("[" * 5_000, "nested too deeply"),
        ("- a", "has to begin with `queues:`"),
        ("", "has to begin with `queues:`"),
        ("x" * (LARGEST_FILE + 1), "too large"),
        (f"queues: {{a: {{reviewers: *k}}}}\n{LAUGHS}", "is not YAML"),
        (f"{LAUGHS}\nqueues: {{a: {{reviewers: *k}}}}", "has to begin with `queues:`"),
    ],
)
def test_a_file_that_is_none_of_queues_is_refused_with_a_sentence(
    text: str | bytes, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BotError) as caught:
        read_queues(a_file(tmp_path, text))

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("file", "sentence"), [("/dev/zero", "too large"), (".", "cannot be read"), ("a\0b", "cannot be read")]
)
def test_what_is_no_file_is_refused(file: str, sentence: str) -> None:
    with pytest.raises(BotError) as caught:
        read_queues(file)

    assert sentence in str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = str(tmp_path / "queues.yml")
    queues = [queue_of("one", TEXTS, project_id=PROJECT), queue_of("two", NEEDED | {"tag": "yes"}, project_id=PROJECT)]

    write_queues(file, queues)

    assert read_queues(file) == {queue.name: queue.texts for queue in queues}
    assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["queues.yml"]


def test_a_file_that_is_there_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    there, link = tmp_path / "there.yml", tmp_path / "link.yml"
    there.write_text("old")
    there.chmod(0o640)
    link.symlink_to(there)

    write_queues(str(link), [queue_of("one", NEEDED, project_id=PROJECT)])

    assert link.is_symlink()
    assert "one" in read_queues(str(there))
    assert stat.S_IMODE(there.stat().st_mode) == 0o640


def test_what_cannot_be_written_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"(?s).*"):
        write_queues(str(tmp_path / "nowhere" / "queues.yml"), [])
    with pytest.raises(OSError, match=r"(?s).*"):
        write_queues(str(tmp_path), [])

    assert list(tmp_path.iterdir()) == []
