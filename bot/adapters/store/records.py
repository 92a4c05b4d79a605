"""The conversion between rows of the tables and values of the domain."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from bot.domain.allocation import Strategy
from bot.domain.choices import Choices, RowOrder
from bot.domain.plan import (
    NO_PROPOSAL,
    Batch,
    BatchState,
    DropReason,
    LeftOut,
    Origin,
    Plan,
    PlanRequest,
    PlanState,
    Progress,
    Proposal,
    Reviewer,
    Share,
    Window,
)
from bot.domain.reading import ReadingCounts


def plan_record(plan: Plan) -> dict[str, Any]:
    """The columns of a new plan."""
    request = plan.request
    return {
        "id": plan.id,
        "queue": request.queue,
        "project_id": request.project_id,
        "tag": request.tag,
        "days": request.days,
        "asked_reviewers": request.reviewers,
        "row_limit": request.limit,
        "dry_run": request.dry_run,
        "choices": _choices_record(request.choices),
        "origin": request.origin,
        "requested_by": request.requested_by,
        "channel": request.channel,
        "response_url": request.response_url,
        "approvers": sorted(request.approvers),
        "window_start": plan.window.start,
        "window_end": plan.window.end,
        "created_at": plan.created_at,
        "state": plan.state,
        "version": plan.version,
        "edition": plan.edition,
        "revision": plan.revision,
        "drawn": plan.drawn,
        "progress": asdict(plan.progress),
        "fence": 0,
        **proposal_record(NO_PROPOSAL),
    }


def proposal_record(proposal: Proposal) -> dict[str, Any]:
    """The columns of what a plan proposes."""
    return {
        "counts": asdict(proposal.counts),
        "shares": shares_record(proposal.shares),
        "left_out": [[left.name, left.reason] for left in proposal.left_out],
        "notes": proposal.notes,
        "without_room": proposal.without_room,
    }


def shares_record(shares: Iterable[Share]) -> list[list[Any]]:
    """Shares as they are stored: the reviewer, their rows, and what explains them."""
    return [[share.reviewer.id, share.reviewer.name, share.rows, _explanation(share)] for share in shares]


def plan_of(row: Row[Any]) -> Plan:
    """The plan in a row of `plans`."""
    return Plan(
        id=row.id,
        request=_request(row),
        window=Window(row.window_start, row.window_end),
        state=PlanState(row.state),
        version=row.version,
        edition=row.edition,
        revision=row.revision,
        drawn=row.drawn,
        created_at=row.created_at,
        expires_at=row.expires_at,
        counts=ReadingCounts(**{**row.counts, "statuses": tuple(map(tuple, row.counts.get("statuses", ())))}),
        shares=tuple(_share(*share) for share in row.shares),
        left_out=tuple(LeftOut(name, reason) for name, reason in row.left_out),
        notes=tuple(row.notes),
        without_room=row.without_room,
        drift=tuple((DropReason(reason), count) for reason, count in row.drift or ()),
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        stopped_by=row.stopped_by,
        superseded_by=row.superseded_by,
        message_ts=row.message_ts,
        message_url=row.message_url,
        progress=Progress(**row.progress),
        finished_at=row.finished_at,
        undone_by=row.undone_by,
        undone_from=PlanState(row.undone_from) if row.undone_from else None,
    )


def batch_record(plan_id: str, batch: Batch) -> dict[str, Any]:
    """The columns of a new batch."""
    return {"plan_id": plan_id, "seq": batch.seq, "rows": batch.rows, **batch_outcome(batch)}


def batch_outcome(batch: Batch) -> dict[str, Any]:
    """The columns that change while a batch is worked off; its rows never do."""
    changing = ("state", "dropped", "attempts", "attempt_began_at", "attempt_ended_at", "error")
    return {name: getattr(batch, name) for name in changing}


def batch_of(row: Row[Any]) -> Batch:
    """The batch in a row of `batches`."""
    return Batch(
        seq=row.seq,
        rows=tuple((row_id, reviewer_id) for row_id, reviewer_id in row.rows),
        state=BatchState(row.state),
        dropped=tuple((row_id, DropReason(reason)) for row_id, reason in row.dropped),
        attempts=row.attempts,
        attempt_began_at=row.attempt_began_at,
        attempt_ended_at=row.attempt_ended_at,
        error=row.error,
    )


def _explanation(share: Share) -> dict[str, Any]:
    return {
        "slack_id": share.reviewer.slack_id,
        "open_rows": share.open_rows,
        "weight": share.weight,
        "is_full": share.is_full,
        "carried": str(share.carried),
    }


def _share(reviewer_id: str, name: str, rows: int, explained: Mapping[str, Any] = MappingProxyType({})) -> Share:
    """A share as it is stored; those of the first version end after the rows."""
    return Share(
        Reviewer(reviewer_id, name, explained.get("slack_id")),
        rows,
        open_rows=explained.get("open_rows"),
        weight=explained.get("weight", 1),
        is_full=explained.get("is_full", False),
        carried=Fraction(explained.get("carried", 0)),
    )


def _choices_record(choices: Choices) -> dict[str, Any]:
    sample = None if choices.sample is None else str(choices.sample)
    return {name: value for name, value in (asdict(choices) | {"sample": sample}).items() if value is not None}


def _choices(record: Mapping[str, Any]) -> Choices:
    """Plans of older versions have none: they are dealt out as they always were."""
    sample = record.get("sample")
    return Choices(
        strategy=Strategy(record.get("strategy", Strategy.EVEN)),
        order=RowOrder(record.get("order", RowOrder.NEWEST)),
        sample=Fraction(sample) if sample else None,
        group_by=record.get("group_by"),
        filter=record.get("filter"),
        max_open_rows=record.get("max_open_rows"),
        max_new_rows=record.get("max_new_rows"),
    )


def _request(row: Row[Any]) -> PlanRequest:
    return PlanRequest(
        queue=row.queue,
        project_id=row.project_id,
        tag=row.tag,
        days=row.days,
        reviewers=tuple(row.asked_reviewers),
        limit=row.row_limit,
        dry_run=row.dry_run,
        choices=_choices(row.choices or {}),
        origin=Origin(row.origin),
        requested_by=row.requested_by,
        channel=row.channel,
        response_url=row.response_url,
        approvers=frozenset(row.approvers or ()),
    )
