"""The proof that the bot's report agrees with what Braintrust's stand-in stores: every row is looked at."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.braintrust.row import Row

_HEADLINE = re.compile(r"Assigned ([\d,]+) rows? across ([\d,]+) reviewers?\.")
_SHARE = re.compile(r"^• (.+): ([\d,]+) rows?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is compared: the rows before and after, the report's text, and the attached list."""

    before: Sequence[Row]
    after: Sequence[Row]
    report: str
    attachment: bytes
    names: Mapping[str, str]

    @property
    def written(self) -> list[Row]:
        """The rows that were written since `before`."""
        old = {row.id: row.columns["_xact_id"] for row in self.before}
        return [row for row in self.after if row.columns["_xact_id"] != old.get(row.id)]

    @property
    def assigned(self) -> dict[str, int]:
        """How many of the written rows each person has, by name."""
        people = Counter(self.names.get(who, who) for row in self.written for who in row.assignments)
        return dict(sorted(people.items()))

    @property
    def reported(self) -> dict[str, int]:
        """How many rows each reviewer got, as the report says."""
        return {name: _number(count) for name, count in _SHARE.findall(self.report)}


def problems(evidence: Evidence) -> list[str]:
    """Every disagreement, as a sentence; none when all is well."""
    return [*_count_problems(evidence), *_row_problems(evidence), *_file_problems(evidence)]


def _count_problems(evidence: Evidence) -> Iterator[str]:
    headline = _HEADLINE.search(evidence.report)
    if headline is None:
        yield "The report has no headline with the counts."
        return
    if _number(headline[1]) != len(evidence.written):
        yield f"The report says {headline[1]} rows, but {len(evidence.written):,} were written."
    if _number(headline[2]) != len(evidence.assigned):
        yield f"The report says {headline[2]} reviewers, but {len(evidence.assigned)} got rows."
    for name in sorted(evidence.reported.keys() | evidence.assigned.keys()):
        said, stored = evidence.reported.get(name, 0), evidence.assigned.get(name, 0)
        if said != stored:
            yield f"{name}: the report says {said:,} rows, {stored:,} are stored."


def _row_problems(evidence: Evidence) -> Iterator[str]:
    old = {row.id: row for row in evidence.before}
    gone = old.keys() - {row.id for row in evidence.after}
    yield from _sentence(len(gone), "lost")
    yield from _sentence(sum(row.phantom for row in evidence.after), "made out of nothing")
    known = [(old[row.id], row) for row in evidence.written if row.id in old]
    yield from _sentence(sum(len(now.history) != len(was.history) + 1 for was, now in known), "written more than once")
    yield from _sentence(sum(bool(was.assignments) for was, _ in known), "taken from somebody")
    yield from _sentence(sum(was.status not in (None, "PENDING") for was, _ in known), "written after their review")
    yield from _sentence(sum(len(now.assignments) != 1 for _, now in known), "not assigned to exactly one person")
    yield from _sentence(sum(now.status != "PENDING" for _, now in known), "not waiting for review")


def _file_problems(evidence: Evidence) -> Iterator[str]:
    listed = {(entry["row_id"], entry["reviewer_id"]) for entry in json.loads(evidence.attachment)}
    if listed != {(row.id, who) for row in evidence.written for who in row.assignments}:
        yield "The attached list is not the list of rows that were written."


def _sentence(count: int, what: str) -> list[str]:
    return [f"{count:,} {'row was' if count == 1 else 'rows were'} {what}."] if count else []


def _number(text: str) -> int:
    return int(text.replace(",", ""))
