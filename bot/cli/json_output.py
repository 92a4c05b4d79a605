"""Plans, their history and findings as JSON, for scripts: fields are added, and none is renamed or taken away."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from bot.domain.plan import REPORTED, WORKED_ON, Batch, Event, Plan, PlanState, Share
from bot.domain.report import planned_pairs, report_of
from bot.preflight.finding import Finding, Verdict


def plan_in_full(plan: Plan, batches: Sequence[Batch]) -> dict[str, Any]:
    """A plan with its reviewers and row ids; once it was approved, with what became of its rows."""
    report = report_of(plan, batches)
    outcome = {
        "assigned": report.seen,
        "assigned_to": _shares(report.assigned),
        "left_alone": {reason.value: rows for reason, rows in report.dropped},
        "failed": report.failed,
        "unknown": report.unknown,
        "unconfirmed": report.unconfirmed,
        "not_sent": report.unsent,
        "reasons": list(report.reasons),
    }
    return {
        **plan_in_short(plan),
        "version": plan.version,
        "read": asdict(plan.counts),
        "reviewers": _shares(plan.shares),
        "left_out": [{"name": left.name, "reason": left.reason} for left in plan.left_out],
        "row_ids": [row_id for row_id, _ in planned_pairs(batches)],
        "outcome": outcome if plan.state in WORKED_ON | REPORTED | {PlanState.UNDONE} else None,
    }


def plan_in_short(plan: Plan) -> dict[str, Any]:
    """A plan as a list shows it."""
    request = plan.request
    return {
        "plan": plan.id,
        "state": plan.state.value,
        "asked_for_at": plan.created_at.isoformat(),
        "asked_for_by": request.requested_by or request.origin.value,
        "project_id": request.project_id,
        "queue": request.queue,
        "tag": request.tag,
        "filter": request.choices.filter,
        "days": request.days,
        "rows": plan.planned_rows,
        "reason": plan.reason,
    }


def steps(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The history of one plan, oldest first."""
    return [
        {
            "at": event.at.isoformat(),
            "from": event.before,
            "to": event.after,
            "by": event.who,
            "counts": event.counts,
            "reason": event.reason,
        }
        for event in events
    ]


def check(found: Sequence[Finding]) -> dict[str, Any]:
    """The findings of a check, and whether nothing is wrong."""
    is_ok = all(finding.verdict is not Verdict.WRONG for finding in found)
    return {"ok": is_ok, "findings": [{**asdict(finding), "verdict": finding.verdict.value} for finding in found]}


def _shares(shares: Iterable[Share]) -> list[dict[str, Any]]:
    return [{"id": share.reviewer.id, "name": share.reviewer.name, "rows": share.rows} for share in shares]
