"""Plans: what is asked for, who gets how much, in which batches, and the states of them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from bot.domain.choices import AS_ALWAYS, Choices
from bot.domain.reading import NOTHING_READ, ReadingCounts


class PlanState(StrEnum):
    """Where a plan is in its life; docs/how-it-works.md draws the transitions."""

    READING = "reading"
    PROPOSED = "proposed"
    SHOWN = "shown"
    EMPTY = "empty"
    CHECKING = "checking"
    RUNNING = "running"
    REPORTING = "reporting"
    DONE = "done"
    PARTIAL = "partial"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    UNDOING = "undoing"
    UNDONE = "undone"


WRITING = frozenset({PlanState.CHECKING, PlanState.RUNNING, PlanState.REPORTING})
"""The states between the approval and the report."""

WORKED_ON = WRITING | {PlanState.UNDOING}
"""The states in which rows are written, or taken back."""

REPORTED = frozenset({PlanState.DONE, PlanState.PARTIAL, PlanState.STOPPED, PlanState.FAILED})
"""The states in which an approved plan rests once its counts are known."""

RETRIABLE = frozenset({PlanState.PARTIAL, PlanState.STOPPED})
"""The states from which the rows that are left can be tried again."""

UNDOABLE = frozenset({PlanState.DONE, PlanState.PARTIAL, PlanState.STOPPED})
"""The states from which an assignment can be taken back."""

_ENDED_UNASSIGNED = frozenset(
    {PlanState.SHOWN, PlanState.EMPTY, PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED}
)
RESTING = REPORTED | _ENDED_UNASSIGNED | {PlanState.UNDONE}
"""The states in which nothing more happens by itself."""


SCHEDULED_HOURS = 72
"""How long a scheduled plan waits for its approval."""


class Origin(StrEnum):
    """Who asked for a plan."""

    COMMAND = "command"
    SCHEDULE = "schedule"
    TERMINAL = "terminal"


def lifetime(origin: Origin, *, usual_hours: int) -> timedelta:
    """How long a proposal can be approved; one that nobody asked for waits over a weekend."""
    return timedelta(hours=SCHEDULED_HOURS if origin is Origin.SCHEDULE else usual_hours)


class BatchState(StrEnum):
    """What is known about one batch of rows."""

    PLANNED = "planned"
    """Certainly not written yet."""
    SENDING = "sending"
    """A request is, or was at the time of a crash, on its way."""
    UNKNOWN = "unknown"
    """A request ended without a usable answer; only reading the rows back can tell."""
    WRITTEN = "written"
    """Braintrust acknowledged every row that was not dropped; they were not all seen there yet."""
    CONFIRMED = "confirmed"
    """Every row that was not dropped was seen in Braintrust with our value."""
    FAILED = "failed"
    """Certainly not written, and not tried again by itself."""


class DropReason(StrEnum):
    """Why a planned row is not written after all."""

    ASSIGNED = "assigned"
    """Somebody else assigned it meanwhile."""
    FINISHED = "finished"
    """Its review was finished meanwhile."""
    GONE = "gone"
    """It does not exist any more."""
    UNMATCHED = "unmatched"
    """It does not match the queue's filter any more, or does not exist: one reading cannot tell which."""
    UNTAGGED = "untagged"
    """It does not match the plan's tag any more."""
    OTHER_PLAN = "other_plan"
    """Another plan of this bot wrote it, or may have, a moment ago."""
    REVIEWER = "reviewer"
    """Its reviewer is not a user of Braintrust any more."""
    AWAY = "away"
    """Its reviewer is away meanwhile."""


@dataclass(frozen=True, slots=True)
class Window:
    """The span of `created` a plan covers: from `start` (inclusive) to `end` (exclusive), both UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who scores rows, as Braintrust knows them."""

    id: str
    name: str
    slack_id: str | None = None
    """Who that is in Slack, where it is known."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What somebody asks for, whoever asks: a command, a schedule or the terminal."""

    queue: str
    project_id: str
    tag: str
    days: int
    reviewers: tuple[str, ...]
    """Braintrust user ids and e-mails, as they were written."""
    limit: int | None
    dry_run: bool
    origin: Origin
    choices: Choices = AS_ALWAYS
    requested_by: str | None = None
    """The Slack user; None for schedules and the terminal."""
    channel: str | None = None
    response_url: str | None = None
    approvers: frozenset[str] = frozenset()
    """The Slack users and user groups who may approve, where its queue says so; empty: those of the settings."""

    @property
    def is_direct(self) -> bool:
        """Whether the plan goes to direct messages, where one person sees it."""
        return self.channel is not None and self.channel.startswith("D")

    @property
    def subject(self) -> "PlanRequest":
        """The request without who asked, how, and where they are answered privately: the same one has the same answer
        at the same time, in the same place.
        """
        return replace(self, origin=Origin.COMMAND, requested_by=None, response_url=None)


@dataclass(frozen=True, slots=True)
class Share:
    """One reviewer's part of a plan: how many rows."""

    reviewer: Reviewer
    rows: int
    open_rows: int | None = None
    """How many rows they had before, assigned and not finished; None where nobody could say."""
    weight: int = 1
    is_full: bool = False
    """Whether a cap kept them from getting more."""
    carried: Fraction = Fraction(0)
    """How many rows more than their exact share this is; the next plans make up for it."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who was named and gets nothing, as people see it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that one request writes; the unit of progress, retry and recovery."""

    seq: int
    rows: tuple[tuple[str, str], ...]
    """(row id, reviewer id), fixed before the first request and never changed."""
    state: BatchState = BatchState.PLANNED
    dropped: tuple[tuple[str, DropReason], ...] = ()
    attempts: int = 0
    attempt_began_at: datetime | None = None
    attempt_ended_at: datetime | None = None
    error: str | None = None

    @property
    def size(self) -> int:
        """How many rows were not dropped."""
        return len(self.rows) - len(self.dropped)

    def without(self, reasons: Mapping[str, DropReason]) -> "Batch":
        """The same batch, with these rows dropped."""
        return replace(self, dropped=(*self.dropped, *reasons.items()))

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """The (row id, reviewer id) pairs that were not dropped."""
        if not self.dropped:
            return self.rows
        gone = {row_id for row_id, _ in self.dropped}
        return tuple(pair for pair in self.rows if pair[0] not in gone)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a plan's audit trail; `before` is None where the state did not change, or began."""

    at: datetime
    who: str
    before: str | None
    after: str
    counts: dict[str, int]
    reason: str | None = None
    """Why it went like this, where that is not plain."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the reading of a plan's rows led to."""

    counts: ReadingCounts
    shares: tuple[Share, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    batches: tuple[Batch, ...] = ()
    without_room: int = 0
    """Rows that find nobody with room."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a row is whose, where it is not what the strategy says for all."""
    expires_at: datetime | None = None


NO_PROPOSAL = Proposal(NOTHING_READ)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading or an assignment is, for the people who watch it."""

    pages: int = 0
    rows: int = 0
    waiting: str | None = None
    """Why nothing moves just now, in words; None while it does."""


NOT_BEGUN = Progress()


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to one request, with its state, as stored."""

    id: str
    request: PlanRequest
    window: Window
    state: PlanState
    created_at: datetime
    version: int = 1
    """How often it was proposed, as people count."""
    edition: int = 1
    """Grows with every decision and every version: a press names it, and only the current one can be decided about."""
    revision: int = 1
    """Grows with every change; `drawn` is the revision that Slack shows."""
    drawn: int = 0
    expires_at: datetime | None = None
    counts: ReadingCounts = NOTHING_READ
    shares: tuple[Share, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    without_room: int = 0
    drift: tuple[tuple[DropReason, int], ...] = ()
    """Why rows left the plan since the version before."""
    reason: str | None = None
    """The sentence, of our own words, that explains a plan which failed or ended early."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    stopped_by: str | None = None
    superseded_by: str | None = None
    message_ts: str | None = None
    """The message that the plan's thread belongs to."""
    message_url: str | None = None
    progress: Progress = NOT_BEGUN
    finished_at: datetime | None = None
    undone_by: str | None = None
    """Who asked for the rows to be taken back."""
    undone_from: PlanState | None = None
    """The state before."""

    @property
    def is_stopping(self) -> bool:
        """Whether its assignment is to end after the batches that are on their way."""
        return self.stopped_by is not None and self.state is not PlanState.UNDOING

    @property
    def planned_rows(self) -> int:
        """How many rows the plan hands out."""
        return sum(share.rows for share in self.shares)
