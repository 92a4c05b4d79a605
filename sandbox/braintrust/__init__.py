"""A local stand-in for Braintrust's API: rows, BTQL, inserts, users, and every fault that a client has to survive."""

from sandbox.braintrust.merge import UnassignMode, WriteRules
from sandbox.braintrust.refusals import ORGANIZATION_NAME
from sandbox.braintrust.request_log import RequestLog, Seen
from sandbox.braintrust.row import Change, NewRow, Row
from sandbox.braintrust.row_store import RowStore
from sandbox.braintrust.seed import SeedSummary, seed_rows, seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.fault_kinds import (
    AppliedLate,
    AppliedThenReset,
    AppliedThenStatus,
    CutBody,
    Fault,
    Garbage,
    Hang,
    Oversized,
    RedirectToStorage,
    RepeatedCursor,
    Reset,
    ShortPage,
    SlowBody,
    Status,
    WrongCount,
)
from sandbox.http.faults import Faults
from sandbox.http.gates import Gate
from sandbox.http.request import Asked

__all__ = [
    "DEFAULT_PROJECT_ID",
    "ORGANIZATION_NAME",
    "AppliedLate",
    "AppliedThenReset",
    "AppliedThenStatus",
    "Asked",
    "BraintrustStandIn",
    "Change",
    "CutBody",
    "Fault",
    "Faults",
    "Garbage",
    "Gate",
    "Hang",
    "NewRow",
    "Oversized",
    "RedirectToStorage",
    "RepeatedCursor",
    "RequestLog",
    "Reset",
    "Row",
    "RowStore",
    "SeedSummary",
    "Seen",
    "ShortPage",
    "SlowBody",
    "Status",
    "UnassignMode",
    "WriteRules",
    "WrongCount",
    "seed_rows",
    "seed_users",
]
