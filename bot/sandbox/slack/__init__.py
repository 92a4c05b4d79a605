"""A strict stand-in for Slack, in memory, on 127.0.0.1: for tests, the demo page and benchmarks."""

from bot.sandbox.slack.calls import Call, CallLog
from bot.sandbox.slack.clock import Clock
from bot.sandbox.slack.faults import AppliedThenReset, Delay, Error, RateLimited, Reset, SlackFaults, Status
from bot.sandbox.slack.records import (
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
from bot.sandbox.slack.rendering import render_text
from bot.sandbox.slack.sample import sample_workspace
from bot.sandbox.slack.stand_in import SlackStandIn
from bot.sandbox.slack.transcript import transcript
from bot.sandbox.slack.workspace import Workspace

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
    "Message",
    "Person",
    "RateLimited",
    "Reset",
    "SlackFaults",
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
