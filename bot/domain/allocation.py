"""The allocation of rows to people: how many each gets, and which.

Pure: the same rows and people have the same answer, in whatever order they come.

Targets are found by water-filling, in exact arithmetic: each person is a vessel, as wide as their weight, in which the
rows that they have open already stand; what is poured in rises to one level everywhere.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from math import floor

_HALF = 16  # bytes; one digest serves two orders, because hashing is what a hundred thousand rows cost


class Strategy(StrEnum):
    """What is to come out even."""

    EVEN = "even"
    """The rows of this plan."""
    BALANCED = "balanced"
    """What people have open once the plan is written."""


class Reason(StrEnum):
    """Why somebody gets a row, in words that can stand behind their name."""

    EVEN = "even share"
    WEIGHTED = "weighted share"
    LOWEST_LOAD = "lowest open load"
    REMAINDER = "your turn for the remainder"
    TOGETHER = "together"
    """It belongs to a group; with what, only the caller can say."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may get rows; `id` is unique among them."""

    id: str
    weight: int = 1
    """How many times a single share they get; 0: nothing at all."""
    open_rows: int = 0
    """Rows that they have and did not finish."""
    room: int | None = None
    """How many more rows fit; None: any number; below 0 counts as 0."""
    balance: Fraction = Fraction(0)
    """How many rows more (or, below 0, fewer) than their target they got in earlier plans."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The rows of a plan, dealt out."""

    pairs: tuple[tuple[str, str], ...]
    """(row id, candidate id), in the order in which they are written."""
    left: tuple[str, ...]
    """The rows for which nobody has room, in an order fixed by the seed."""
    carried: Mapping[str, Fraction]
    """What the plan adds to the balance of each candidate, in rows; the sum is 0."""
    reasons: Mapping[str, Reason]
    """Why, for each row whose reason is not that of all."""


@dataclass(frozen=True, slots=True)
class _Vessel:
    """What rows are poured into: `room` of them fit in, the first at the level `load` / `weight`."""

    weight: int
    load: int
    room: int


@dataclass(frozen=True, slots=True)
class _Quota:
    """What one candidate is to get: ideally `target` rows, in fact `rows`, and `room` at most."""

    person: Candidate
    room: int
    target: Fraction
    rows: int


def allotted(
    groups: Sequence[Sequence[str]], candidates: Sequence[Candidate], *, strategy: Strategy, seed: str
) -> Allotment:
    """Deal the rows of `groups` out; the rows of one group stay together, and nobody gets more than they have room for.

    Each row id stands in one group, a row without company in a group of one.  A group that fits nobody is left.  By
    `even`, each gets their weight's part of the rows; by `balanced`, the open rows of all rise to one level for each
    unit of weight.  What does not divide falls to those whom earlier plans owe most.
    """
    digests = {row_id: _digest(seed, row_id) for group in groups for row_id in group}
    quotas = _quotas(len(digests), candidates, strategy, seed=seed)

    companies = [group for group in groups if len(group) > 1]
    companies.sort(key=lambda group: (-len(group), min(digests[row_id] for row_id in group)))
    together, left = _together(companies, quotas)
    rest = iter(sorted((group[0] for group in groups if len(group) == 1), key=digests.__getitem__))
    alone = [list(islice(rest, count)) for count in _counts(len(digests) - sum(map(len, companies)), quotas, together)]
    left += rest

    hands = list(zip(quotas, together, alone, strict=True))
    pairs = [(row_id, quota.person.id) for quota, grouped, single in hands for row_id in (*grouped, *single)]
    remainders = [  # none of a group is one, because it comes with the others
        single[-1]
        for quota, grouped, single in hands
        if single and floor(quota.target) < quota.rows <= len(grouped) + len(single)
    ]
    return Allotment(
        pairs=tuple(sorted(pairs, key=lambda pair: digests[pair[0]][_HALF:])),
        left=tuple(sorted(left, key=digests.__getitem__)),
        carried={quota.person.id: quota.rows - quota.target for quota in quotas},
        reasons={row_id: Reason.TOGETHER for rows in together for row_id in rows}
        | dict.fromkeys(remainders, Reason.REMAINDER),
    )


def _quotas(rows: int, candidates: Sequence[Candidate], strategy: Strategy, *, seed: str) -> list[_Quota]:
    """A quota for each candidate, in the seeded order that settles ties from here on."""
    people = sorted(candidates, key=lambda person: (_digest(seed, person.id), person.id))
    vessels = []
    for person in people:
        room = rows if person.room is None else min(max(person.room, 0), rows)
        load = person.open_rows if strategy is Strategy.BALANCED else 0
        vessels.append(_Vessel(person.weight, load, room) if person.weight > 0 else _Vessel(1, 0, 0))
    targets = _targets(rows, vessels)
    counts = _rounded(targets, vessels, [person.balance for person in people])
    return list(map(_Quota, people, (vessel.room for vessel in vessels), targets, counts))


def _targets(rows: int, vessels: Sequence[_Vessel]) -> list[Fraction]:
    """What each vessel holds once `rows`, or as many as fit, are poured in.

    The water rises from one edge to the next, where a vessel begins or ceases to take some, and that changes the width.
    So the work goes by the number of vessels and not by that of rows.
    """
    poured = min(rows, sum(vessel.room for vessel in vessels))
    if not poured:
        return [Fraction(0)] * len(vessels)
    edges = [(Fraction(vessel.load, vessel.weight), vessel.weight) for vessel in vessels]
    edges += [(Fraction(vessel.load + vessel.room, vessel.weight), -vessel.weight) for vessel in vessels]
    level, width, water = Fraction(0), 0, Fraction(0)
    for edge, change in sorted(edges):
        if water + width * (edge - level) >= poured:
            break
        water += width * (edge - level)
        level, width = edge, width + change
    level += (poured - water) / width
    return [min(max(level * vessel.weight - vessel.load, Fraction(0)), Fraction(vessel.room)) for vessel in vessels]


def _rounded(targets: Sequence[Fraction], vessels: Sequence[_Vessel], balances: Sequence[Fraction]) -> list[int]:
    """Whole numbers for `targets`, each rounded down or one more, with the same sum.

    The method of largest remainders (Hamilton's, for seats in parliaments), where what earlier plans owe counts as
    part of the remainder.  Who is not reached by the water gets nothing, whatever they are owed.
    """
    counts = [floor(target) for target in targets]
    extra = int(sum(targets)) - sum(counts)
    able = [index for index, vessel in enumerate(vessels) if 0 < targets[index] < vessel.room]
    able.sort(key=lambda index: counts[index] - targets[index] + balances[index])
    for index in able[:extra]:
        counts[index] += 1
    return counts


def _together(groups: Sequence[Sequence[str]], quotas: Sequence[_Quota]) -> tuple[list[list[str]], list[str]]:
    """(for each quota the rows that come in groups, the rows of groups that fit nobody).

    A group goes to who lacks most rows, of those with room.  The groups come largest first: whoever has too little room
    is parked until a group is small enough, so nobody is passed over again and again.
    """
    together: list[list[str]] = [[] for _ in quotas]
    left: list[str] = []
    room = [quota.room for quota in quotas]
    waiting = [(-quota.rows, index) for index, quota in enumerate(quotas)]
    parked: list[tuple[int, tuple[int, int]]] = []
    heapify(waiting)
    for group in groups:
        size = len(group)
        while parked and -parked[0][0] >= size:
            heappush(waiting, heappop(parked)[1])
        while waiting and room[waiting[0][1]] < size:
            passed = heappop(waiting)
            heappush(parked, (-room[passed[1]], passed))
        if not waiting:
            left += group
            continue
        surplus, index = waiting[0]
        heapreplace(waiting, (surplus + size, index))
        room[index] -= size
        together[index] += group
    return together, left


def _counts(rows: int, quotas: Sequence[_Quota], together: Sequence[Sequence[str]]) -> list[int]:
    """How many single rows fill up each quota: always the next one to who lacks most.

    That is water-filling once more, where who lacks 3 rows begins 3 below zero.  So no row is looked at by itself.
    """
    given = list(map(len, together))
    vessels = [_Vessel(1, got - quota.rows, quota.room - got) for quota, got in zip(quotas, given, strict=True)]
    return _rounded(_targets(rows, vessels), vessels, [Fraction(0)] * len(vessels))


def _digest(seed: str, text: str) -> bytes:
    """32 bytes that look random, are fixed by `seed`, and are the same on every version of Python."""
    return hashlib.sha256(f"{seed}:{text}".encode()).digest()
