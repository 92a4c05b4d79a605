"""One run of the real bot: the command is typed, the plan comes, Approve is pressed, the report is read."""

import json
import re
import time
from collections import Counter

from sandbox.slack.records import Message
from sandbox.slack.sample import ADA, REVIEWS
from sandbox.slack.stand_in import SlackStandIn
from tests.bench.bot_process import bot_process
from tests.bench.measure import Run, Times, UsageSampler
from tests.bench.stand_in_process import StandInProcess, World, counted, reviewers_of, writing_span
from tests.bench.stand_in_process import mistakes as mistakes_of
from tests.bench.watch import PATIENCE_SECONDS, Watch, accepted, is_plan

PARALLEL = 8
RESULT_FILE = "to_assign_ids.json"

_LOOK_SECONDS = 1.0  # nobody presses in the moment in which a plan appears
_ENDINGS = ("Done.", "Partly done.", "Stopped.", "Failed.")
_SHARE = re.compile(r"• (.+?): ([\d,]+) rows?(?: · .*)?$", re.MULTILINE)


def bot_run(world: World, *, parallel: int = PARALLEL) -> Run:
    """Have the bot assign all the open rows of a fresh `world`."""
    with (
        SlackStandIn() as slack,
        StandInProcess(world) as stand_in,
        bot_process(slack, stand_in, parallel=parallel) as pid,
        UsageSampler(pid) as usage,
    ):
        watch = Watch(slack)
        before = stand_in.cpu
        typed = time.monotonic()
        accepted(slack.command(ADA.id, REVIEWS.id, ""))
        plan, planned = watch.first(is_plan)
        time.sleep(_LOOK_SECONDS)

        pressed = time.monotonic()
        accepted(slack.press(ADA.id, plan, "approve"))
        _, told = watch.first(lambda message: message.thread_ts == plan.ts)
        report, reported = watch.first(lambda message: message.thread_ts == plan.ts and is_report(message))

        sent = stand_in.requests()
        first_write, last_write = writing_span(sent)
        times = Times(
            reading=planned - typed,
            first_progress=told - pressed,
            first_write=first_write - pressed,
            writing=last_write - first_write,
            whole=planned - typed + reported - pressed,
        )
        used = stand_in.cpu - before
        wrong = mistakes_of(stand_in, sent, _result(slack)) + _unlike_plan(plan, report, stand_in)
    return Run(times, counted(sent), usage.usage, used, wrong)


def is_report(message: Message) -> bool:
    """Whether it says how an assignment ended."""
    return message.text.startswith(_ENDINGS)


def _result(slack: SlackStandIn) -> dict[str, str]:
    """Who got which row, as the bot says it in the file that it attaches."""
    files = slack.wait_for(
        lambda workspace: [file for file in workspace.files() if file.name == RESULT_FILE],
        timeout_seconds=PATIENCE_SECONDS,
    )
    return {entry["row_id"]: entry["reviewer_id"] for entry in json.loads(files[0].content)}


def _unlike_plan(plan: Message, report: Message, stand_in: StandInProcess) -> tuple[str, ...]:
    """Where the counts that people approved and those that they were told are not what Braintrust holds."""
    names = reviewers_of(stand_in.world)
    held = Counter(names[who] for people in stand_in.assignees().values() for who in people)
    complaints = [] if report.text.startswith(_ENDINGS[0]) else [f"The report says: {report.text}"]
    complaints += [] if _shares(plan) == held else ["The plan showed other counts than Braintrust holds"]
    complaints += [] if _shares(report) == held else ["The report has other counts than Braintrust holds"]
    return tuple(complaints)


def _shares(message: Message) -> dict[str, int]:
    return {name: int(rows.replace(",", "")) for name, rows in _SHARE.findall(message.text)}
