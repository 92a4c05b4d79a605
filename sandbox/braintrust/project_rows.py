"""The rows of one project in `_pagination_key` order, found by id or by place.  Not thread-safe: RowStore is."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from sandbox.braintrust.row import Columns, Row


class Place:
    """Where a row stands: `row` is what is stored, `shown` what queries see (None: nothing yet)."""

    __slots__ = ("number", "row", "shown")

    def __init__(self, number: int, row: Row, shown: Columns | None) -> None:
        self.number = number
        self.row = row
        self.shown = shown


class ProjectRows:
    """An index by id over places that are kept in the order of their numbers."""

    def __init__(self) -> None:
        self._by_id: dict[str, Place] = {}
        self._numbers: list[int] = []
        self._places: list[Place] = []

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._by_id

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places)

    def get(self, row_id: str) -> Place | None:
        """The place of the row with this id."""
        return self._by_id.get(row_id)

    def append(self, place: Place) -> None:
        """Add a place whose number is greater than all before."""
        self._by_id[place.row.id] = place
        self._numbers.append(place.number)
        self._places.append(place)

    def remove(self, row_id: str) -> None:
        """Forget a row; nothing happens when it is not there."""
        place = self._by_id.pop(row_id, None)
        if place is None:
            return
        index = bisect_left(self._numbers, place.number)
        del self._numbers[index], self._places[index]

    def after(self, cursor: int | None) -> Iterator[Place]:
        """The places with greater numbers than `cursor`, ascending."""
        start = 0 if cursor is None else bisect_right(self._numbers, cursor)
        return (self._places[index] for index in range(start, len(self._places)))

    def before(self, cursor: int | None) -> Iterator[Place]:
        """The places with smaller numbers than `cursor`, descending."""
        end = len(self._places) if cursor is None else bisect_left(self._numbers, cursor)
        return (self._places[index] for index in range(end - 1, -1, -1))

    def picked(self, row_ids: Iterable[str]) -> list[Place]:
        """The places of these ids, ascending; unknown ids are left out."""
        found = {row_id: place for row_id in row_ids if (place := self._by_id.get(row_id))}
        return sorted(found.values(), key=lambda place: place.number)
