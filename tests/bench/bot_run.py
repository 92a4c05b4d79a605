"""One run of the real bot: the command is typed, the plan comes, Approve is pressed, the report is read."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from bot.sandbox.slack import Change, ChangeKind, Delivery, Message, SlackStandIn
from bot.sandbox.slack.sample import ADA, REVIEWS
from tests.bench.bot_process import bot_process
from tests.bench.measure import Run, Times, UsageSampler
from tests.bench.stand_in_process import REVIEWERS, StandInProcess, World, counted, writing_span
from tests.bench.stand_in_process import mistakes as mistakes_of

PARALLEL = 4
RESULT_FILE = "to_assign_ids.json"

_PATIENCE_SECONDS = 300.0
_LOOK_SECONDS = 1.0  # nobody presses in the moment in which a plan appears
_ENDINGS = ("Done.", "Partly done.", "Stopped.", "Failed.")
_SHARE = re.compile(r"• (.+?): ([\d,]+) rows?(?: · .*)?$", re.MULTILINE)


def bot_run(world: World, *, parallel: int = PARALLEL) -> Run:
    """Have the bot assign all the open rows of a fresh `world`."""
    with (
        SlackStandIn() as slack,
        StandInProcess(world) as stand_in,
        bot_process(slack, braintrust_url=stand_in.url, parallel=parallel) as pid,
        UsageSampler(pid) as usage,
    ):
        watch = _Watch(slack)
        typed = time.monotonic()
        _accepted(slack.command(ADA.id, REVIEWS.id, ""))
        plan, planned = watch.first(_is_plan)
        time.sleep(_LOOK_SECONDS)

        pressed = time.monotonic()
        _accepted(slack.press(ADA.id, plan, "approve"))
        _, told = watch.first(lambda message: message.thread_ts == plan.ts)
        report, reported = watch.first(lambda message: message.thread_ts == plan.ts and _is_report(message))

        sent = stand_in.requests()
        first_write, last_write = writing_span(sent)
        times = Times(
            reading=planned - typed,
            first_progress=told - pressed,
            first_write=first_write - pressed,
            writing=last_write - first_write,
            whole=planned - typed + reported - pressed,
        )
        wrong = mistakes_of(stand_in, sent, _result(slack)) + _unlike_plan(plan, report, stand_in.assignees())
    return Run(times, counted(sent), usage.usage, wrong)


class _Watch:
    """Notes when people saw what."""

    def __init__(self, slack: SlackStandIn) -> None:
        self._seen: list[tuple[Message, float]] = []
        self._changed = threading.Condition()
        slack.subscribe(self._note)

    def first(self, wanted: Callable[[Message], bool]) -> tuple[Message, float]:
        """Wait for a message (or a version of one) that is `wanted`; it, and when it was shown."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(wanted(message) for message, _ in self._seen), _PATIENCE_SECONDS):
                said = "\n\n".join(message.text for message, _ in self._seen)
                raise AssertionError(f"The bot does not go on.  It said:\n{said}")
            return next(seen for seen in self._seen if wanted(seen[0]))

    def _note(self, change: Change) -> None:
        if change.kind in (ChangeKind.MESSAGE_POSTED, ChangeKind.MESSAGE_CHANGED) and isinstance(change.item, Message):
            with self._changed:
                self._seen.append((change.item, time.monotonic()))
                self._changed.notify_all()


def _accepted(delivery: Delivery) -> None:
    if not delivery.acknowledged:
        raise AssertionError(f"The bot did not acknowledge: {delivery}")


def _is_plan(message: Message) -> bool:
    return message.thread_ts is None and message.text.startswith("Review plan")


def _is_report(message: Message) -> bool:
    return message.text.startswith(_ENDINGS)


def _result(slack: SlackStandIn) -> dict[str, str]:
    """Who got which row, as the bot says it in the file that it attaches."""
    files = slack.wait_for(
        lambda workspace: [file for file in workspace.files() if file.name == RESULT_FILE],
        timeout_seconds=_PATIENCE_SECONDS,
    )
    return {entry["row_id"]: entry["reviewer_id"] for entry in json.loads(files[0].content)}


def _unlike_plan(plan: Message, report: Message, assignees: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Where the counts that people approved and those that they were told are not what Braintrust holds."""
    held = Counter(REVIEWERS[who] for people in assignees.values() for who in people)
    complaints = [] if report.text.startswith(_ENDINGS[0]) else [f"The report says: {report.text}"]
    complaints += [] if _shares(plan) == held else ["The plan showed other counts than Braintrust holds"]
    complaints += [] if _shares(report) == held else ["The report has other counts than Braintrust holds"]
    return tuple(complaints)


def _shares(message: Message) -> dict[str, int]:
    return {name: int(rows.replace(",", "")) for name, rows in _SHARE.findall(message.text)}
