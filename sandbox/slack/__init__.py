"""A strict stand-in for Slack, in memory, on 127.0.0.1: for tests, the demo page and benchmarks."""

from sandbox.http.fault_kinds import AppliedThenReset, Delay, Error, RateLimited, Reset, Status
from sandbox.http.faults import Faults
from sandbox.slack.calls import Call, CallLog
from sandbox.slack.clock import Clock
from sandbox.slack.records import (
    SLACKBOT,
    Change,
    ChangeKind,
    Channel,
    Delivery,
    Ephemeral,
    Message,
    Person,
    StoredFile,
    UserGroup,
    View,
)
from sandbox.slack.rendering import render_text
from sandbox.slack.sample import sample_workspace
from sandbox.slack.stand_in import SlackStandIn
from sandbox.slack.transcript import transcript
from sandbox.slack.workspace import Workspace

__all__ = [
    "SLACKBOT",
    "AppliedThenReset",
    "Call",
    "CallLog",
    "Change",
    "ChangeKind",
    "Channel",
    "Clock",
    "Delay",
    "Delivery",
    "Ephemeral",
    "Error",
    "Faults",
    "Message",
    "Person",
    "RateLimited",
    "Reset",
    "SlackStandIn",
    "Status",
    "StoredFile",
    "UserGroup",
    "View",
    "Workspace",
    "render_text",
    "sample_workspace",
    "transcript",
]
