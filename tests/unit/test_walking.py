"""Reading from both ends: every row comes, whatever the server makes of the order that was asked for."""

import threading
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.reading import LogRow
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError
from bot.services.ports import Page
from bot.services.walking import End, Step, from_both_ends
from tests.unit.builders import a_row

SIZE = 3


class Server:
    """Rows in pages from either end, and how many pages were asked for."""

    def __init__(self, rows: int) -> None:
        self.rows = [a_row(f"row-{number:03}", key=f"p{number:03}") for number in range(rows)]
        self.asked = {End.NEWEST: 0, End.OLDEST: 0}

    def pages(self, end: End) -> Iterator[Page]:
        rows = self.rows if end is End.OLDEST else self.rows[::-1]
        for start in range(0, len(rows) + SIZE, SIZE):
            self.asked[end] += 1
            part = rows[start : start + SIZE]
            yield Page(tuple(part), "more" if part else None, 0.0)

    def read(self, oldest: Iterator[Page] | None = None) -> list[Step]:
        return list(from_both_ends(self.pages(End.NEWEST), oldest or self.pages(End.OLDEST), full=SIZE))


def ids(steps: Iterable[Step]) -> set[str]:
    return {row.id for step in steps for row in step.page.rows}


def pages(*pages: Sequence[LogRow]) -> Iterator[Page]:
    return (Page(tuple(rows), "more", 0.0) for rows in pages)


@given(st.integers(0, 60))
def test_every_row_comes_for_hardly_more_pages_than_from_one_end(rows: int) -> None:
    server = Server(rows)

    steps = server.read()

    assert ids(steps) == {row.id for row in server.rows}
    assert sum(server.asked.values()) <= -(-rows // SIZE) + 2


def test_both_ends_do_their_part() -> None:
    server = Server(60)
    second_asked = threading.Event()

    def newest() -> Iterator[Page]:
        for number, page in enumerate(server.pages(End.NEWEST)):
            if number == 1:
                assert second_asked.wait(5)  # the other walk does not wait for this one's answer
            yield page

    def oldest() -> Iterator[Page]:
        for number, page in enumerate(server.pages(End.OLDEST)):
            if number == 1:
                second_asked.set()
            yield page

    steps = list(from_both_ends(newest(), oldest(), full=SIZE))

    assert ids(steps) == {row.id for row in server.rows}
    assert {step.end for step in steps} == {End.NEWEST, End.OLDEST}


def test_what_fits_one_page_is_not_asked_for_from_the_other_end() -> None:
    server = Server(SIZE - 1)

    assert len(ids(server.read())) == SIZE - 1
    assert server.asked[End.OLDEST] == 0


def test_one_walk_reads_alone_where_one_request_at_a_time_is_allowed() -> None:
    server = Server(20)

    steps = list(from_both_ends(server.pages(End.NEWEST), None, full=SIZE))

    assert [row.id for step in steps for row in step.page.rows] == [row.id for row in server.rows[::-1]]


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(lambda rows: pages(rows[:-4:-1], rows[-4:-7:-1]), id="the order asked for is ignored"),
        pytest.param(lambda rows: pages(rows[:3], rows[:3], rows[:3]), id="the first page again and again"),
        pytest.param(lambda rows: pages(rows[:3], rows[6:3:-1]), id="the order changes on the way"),
        pytest.param(lambda rows: pages([a_row("row-000"), a_row("row-001")]), id="rows without keys"),
        pytest.param(lambda _rows: pages([]), id="nothing at all"),
        pytest.param(lambda rows: pages(rows[:3]), id="an early end"),
    ],
)
def test_a_second_walk_that_cannot_be_trusted_is_given_up(strange: object) -> None:
    server = Server(30)

    steps = server.read(strange(server.rows))  # type: ignore[operator]

    assert [row.id for step in steps if step.end is End.NEWEST for row in step.page.rows] == [
        row.id for row in server.rows[::-1]
    ]


def test_a_second_walk_that_is_refused_is_given_up() -> None:
    def refused() -> Iterator[Page]:
        raise BraintrustRejectedError("Braintrust does not take this query.")
        yield

    server = Server(30)

    assert ids(server.read(refused())) == {row.id for row in server.rows}


def test_rows_in_no_order_are_read_from_one_end_to_the_other() -> None:
    server = Server(30)
    server.rows.sort(key=lambda row: row.id[::-1])

    steps = server.read()

    assert [row.id for step in steps if step.end is End.NEWEST for row in step.page.rows] == [
        row.id for row in server.rows[::-1]
    ]


def test_keys_of_different_lengths_do_not_tell_where_the_walks_meet() -> None:
    server = Server(30)
    server.rows = [a_row(f"row-{number}", key=str(number)) for number in range(5, 35)]  # as numbers
    first_there = threading.Event()

    def newest() -> Iterator[Page]:
        for number, page in enumerate(server.pages(End.NEWEST)):
            if number == 1:
                assert first_there.wait(5)
            yield page

    def oldest() -> Iterator[Page]:
        for page in server.pages(End.OLDEST):
            first_there.set()
            yield page

    steps = list(from_both_ends(newest(), oldest(), full=SIZE))

    assert ids(steps) == {row.id for row in server.rows}


def test_a_walk_that_fails_fails_the_reading() -> None:
    def failing() -> Iterator[Page]:
        yield from pages(server.rows[:-4:-1])
        raise BraintrustUnavailableError("Braintrust does not answer.")

    server = Server(30)

    with pytest.raises(BraintrustUnavailableError):
        list(from_both_ends(failing(), pages(server.rows[:3]), full=SIZE))
