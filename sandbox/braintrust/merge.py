"""The merge of inserted events into stored rows, as SQL; the rules are those of Braintrust's SDK
(`merge_dicts_with_paths`) for what the bot writes: arrays are replaced, dicts united.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.braintrust.row import ASSIGNMENTS, REVIEW_LISTS, Columns, Source
from sandbox.braintrust.row_sql import STATUS

to_json = json.JSONEncoder(separators=(",", ":")).encode


class UnassignMode(StrEnum):
    """The one way that empties a list of assignees; the others are accepted and leave it as it was."""

    ANY = "any"
    ARRAY_DELETE = "array_delete"
    EMPTY_LIST = "empty_list"
    NULL = "null"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class WriteRules:
    """Where a write comes from, for how long queries do not see it, and which way of unassigning works."""

    source: Source = "api"
    lag_seconds: float = 0.0
    unassign: UnassignMode = UnassignMode.ANY

    def allow(self, way: UnassignMode) -> bool:
        """Whether a list of assignees can be emptied in this way."""
        return self.unassign in (UnassignMode.ANY, way)


def merge(table: str) -> str:
    """SQL that merges the `brief` events of `:events` into the rows that it finds in `table`."""
    return f"""
    WITH event AS MATERIALIZED (
        SELECT value ->> 0 AS row_id, value -> '$[1][0]' AS people,
            nullif(value -> 2, 'null') AS lists, nullif(value -> 3, 'null') AS taken
        FROM json_each(:events)
    )
    UPDATE {table} SET
        xact_id = :xact_id,
        shows_at = :shows_at,
        review_lists = iif(lists IS NULL, review_lists, json_patch(ifnull(review_lists, '{{}}'), lists)),
        assignments = CASE
            WHEN people IS NOT NULL THEN nullif(people, 'null')
            WHEN taken IS NULL OR assignments IS NULL THEN assignments
            ELSE coalesce(
                nullif((SELECT json_group_array(value) FROM json_each(assignments)
                        WHERE value NOT IN (SELECT value FROM json_each(taken))), '[]'),
                iif(:delete_works, '[]', assignments))
        END
    FROM event WHERE id = row_id AND project = :project
    RETURNING number, id, assignments, {STATUS}"""


def brief(event: Columns, rules: WriteRules) -> tuple[Any, ...]:
    """An event for `merge`: a row's id, its new assignees in a list of one, its review lists, who is taken away.

    Assignees that are emptied in a way that does not work stay as they are.
    """
    metadata = event.get("metadata", {})
    people = [metadata[ASSIGNMENTS]] if ASSIGNMENTS in metadata else None
    if people and not people[0]:
        way = UnassignMode.NULL if people[0] is None else UnassignMode.EMPTY_LIST
        people = people if rules.allow(way) else None
    deletions = event.get("_array_delete")
    return event["id"], people, metadata.get(REVIEW_LISTS), deletions and deletions[0]["delete"]
