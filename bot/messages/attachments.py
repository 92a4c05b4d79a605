"""The attached files: whose each row is, and why, as JSON."""

import json
from collections.abc import Mapping, Sequence
from io import BytesIO

from bot.domain.deal import default_reason
from bot.domain.model import Plan
from bot.domain.plain_text import visible


def assignments_file(plan: Plan, pairs: Sequence[tuple[str, str]], reasons: Mapping[str, str]) -> bytes:
    """(row, reviewer) pairs as JSON: row id, reviewer id and name, and why that row is theirs; no e-mails.

    Written entry by entry, a line each: a plan may have a hundred thousand.
    """
    names = {share.reviewer.id: share.reviewer.name for share in plan.shares}
    usually = default_reason(plan.request.choices, plan.shares)
    file = BytesIO()
    file.write(b"[")
    for number, (row_id, who) in enumerate(pairs):
        reason = reasons.get(row_id, usually)
        entry = {"row_id": row_id, "reviewer_id": who, "reviewer_name": names.get(who, ""), "reason": reason}
        line = visible(json.dumps(entry, ensure_ascii=False))  # escaped as JSON does it, so that it reads the same
        file.write((b",\n " if number else b"\n ") + line.encode())
    file.write(b"\n]\n")
    return file.getvalue()
