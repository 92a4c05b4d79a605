"""A local stand-in for Braintrust's API: rows, BTQL, inserts, users, and every fault that a client has to survive."""

from bot.sandbox.braintrust.asked import Asked
from bot.sandbox.braintrust.fault_kinds import (
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
from bot.sandbox.braintrust.faults import Faults
from bot.sandbox.braintrust.gates import Gate
from bot.sandbox.braintrust.refusals import ORGANIZATION_NAME
from bot.sandbox.braintrust.request_log import RequestLog, Seen
from bot.sandbox.braintrust.row import Change, NewRow, Row
from bot.sandbox.braintrust.row_store import RowsChanged, RowStore
from bot.sandbox.braintrust.seed import SeedSummary, seed_rows, seed_users
from bot.sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from bot.sandbox.braintrust.unassigning import UnassignMode

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
    "RowsChanged",
    "SeedSummary",
    "Seen",
    "ShortPage",
    "SlowBody",
    "Status",
    "UnassignMode",
    "WrongCount",
    "seed_rows",
    "seed_users",
]
