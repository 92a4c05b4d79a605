"""A workspace, a Braintrust project and the real bot as its own process, as its users would meet them."""

import json
import os
import re
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg
import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed
from urllib3 import Retry

from bot.adapters.slack.identity import SCOPES
from bot.adapters.store.batches import BatchStore
from bot.adapters.store.database import Database
from bot.adapters.store.plans import PlanStore
from bot.domain.plan import Batch, BatchState, Plan
from bot.domain.report import planned_pairs, written_pairs
from sandbox.braintrust.row import Row
from sandbox.braintrust.seed import SeedSummary, seed_rows, seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from sandbox.slack.workspace import Workspace
from tests.ports import free_port
from tests.processes import ROOT, bot_process

T = TypeVar("T")
TAG = "needs-review"
ADA, BEN, CHLOE, GUEST, EXTERNAL = "U0ADA", "U0BEN", "U0CHLOE", "U0GUS", "U0XENIA"
REVIEWS, GENERAL, SECRET = "C0REVIEWS", "C0GENERAL", "C0SECRET"
PARTNERS = "C0PARTNERS"  # shared with another organisation
FINAL = ("Done.", "Partly done.", "Stopped.", "Failed.")
PLAN_ID = re.compile(r"plan `(\w+)`")
PERSON_LINE = re.compile(r"^• (.+): ([\d,]+) rows?$", re.MULTILINE)
HEADLINE = re.compile(r"^\w+(?: done)?\. Assigned ([\d,]+) ")
FREE = ((), None)
PATIENCE_SECONDS = 60.0  # for what comes; a busy machine is late, not wrong
ACKNOWLEDGE_SECONDS = 12.0  # likewise: Slack itself waits for three


class World:
    """Everything around one bot.  Use it as a context manager.

    The bot serves the `door` "http" or "socket"; with "terminal" there is none but the commands that a test runs.
    """

    def __init__(
        self, folder: Path, *, rows: int = 300, door: str = "http", database: str | None = None, **settings: str
    ) -> None:
        self.folder = folder
        self.door = door
        self.database_url = database or f"sqlite:///{folder / 'bot.db'}"
        self.braintrust = BraintrustStandIn()
        self.slack = SlackStandIn()
        self.slack.scopes.intersection_update(SCOPES)  # what the manifest asks for, and no more
        self.slack.backend.acknowledge_seconds = ACKNOWLEDGE_SECONDS
        self.unset: frozenset[str] = frozenset()
        """Variables that no process has."""
        self._rows = rows
        self.settings = settings
        self._bot: subprocess.Popen[str] | None = None
        self._others: list[subprocess.Popen[str]] = []
        self._commands: list[subprocess.Popen[str]] = []
        self.seeded: SeedSummary

    def __enter__(self) -> "World":
        self.braintrust.start()
        self.slack.start()
        self.braintrust.directory.users[:] = seed_users()
        now = datetime.now(UTC)
        assigned, finished = self._rows // 5, self._rows // 50
        self.seeded = seed_rows(
            self.braintrust.rows,
            DEFAULT_PROJECT_ID,
            count=self._rows,
            tag=TAG,
            assigned=assigned,
            finished=finished,
            now=now,
        )
        self.before = {row.id: row for row in self.all_rows()}
        with ExitStack() as unless_started:
            unless_started.push(self)
            self.start_bot()
            unless_started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for command in self._commands:
            command.kill()  # one that a failed test left behind: later ones are not to suffer from it
            command.communicate()
        for process in self._others:
            process.terminate()
            process.wait(40)
        self.stop_bot(signal.SIGTERM)
        self.slack.stop()
        self.braintrust.stop()

    # --- the bot's process ---

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the bot, and what a process needs."""
        people = [user["email"] for user in self.braintrust.directory.users if user["email"]][:5]
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_APP_TOKEN": "xapp-sandbox",
            "SLACK_SIGNING_SECRET": "sandbox-signing-secret",
            "SLACK_API_URL": self.slack.api_url,
            "BRAINTRUST_API_KEY": self.braintrust.api_key,
            "BRAINTRUST_API_URL": self.braintrust.url,
            "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEWERS": ",".join(people),
            "SETTLE_SECONDS": "2",
            "LEASE_SECONDS": "10",
            "DATABASE_URL": self.database_url,
            "PORT": str(free_port()),
            **self.settings,
        }
        return {name: value for name, value in variables.items() if name not in self.unset}

    def start_bot(self) -> None:
        """Start it through its door, and wait until it is ready."""
        if self.door != "terminal":
            (self._start_http if self.door == "http" else self._start_socket)()

    def stop_bot(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self._bot is None:
            return 0
        self._bot.send_signal(number)
        code = self._bot.wait(40)
        self._bot = None
        return code

    def kill_bot(self) -> None:
        """kill -9, the whole process group: no clean-up runs."""
        assert self._bot is not None
        os.killpg(self._bot.pid, signal.SIGKILL)
        self._bot.wait(40)
        self._bot = None

    def signal_bot(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, and wait for nothing."""
        assert self._bot is not None
        os.killpg(self._bot.pid, number)

    def processes(self) -> list[psutil.Process]:
        """The bot's processes: the one that was started, and those that it started."""
        assert self._bot is not None
        first = psutil.Process(self._bot.pid)
        return [first, *first.children(recursive=True)]

    def freeze_bot(self) -> None:
        """Stop the process in the middle of whatever it does; when this returns, none of its threads runs."""
        assert self._bot is not None
        frozen = psutil.Process(self._bot.pid)
        frozen.suspend()
        again = retry_if_result(lambda status: status != psutil.STATUS_STOPPED)
        Retrying(stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_fixed(0.01), retry=again)(frozen.status)

    def start_another(self) -> None:
        """Start a second bot on the same database, with a log of its own.  Commands and clicks reach the first one."""
        log = f"another-{len(self._others)}.log"
        self._others.append(self._spawn("run", {}, log=log))
        self.wait_for_log("connected to Slack", log=log)

    def bot(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the terminal to its end, in the world's folder."""
        process = self.begin_bot(*arguments, **settings)
        said, complained = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, said, complained)

    def begin_bot(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command of the terminal."""
        self._commands.append(bot_process(*arguments, folder=self.folder, environment={**self.environment, **settings}))
        return self._commands[-1]

    def wait_for_log(self, *words: str, log: str = "bot.log", seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the bot logged one of `words`."""
        again = retry_if_result(lambda logged: not any(some in logged for some in words))
        try:
            Retrying(stop=stop_after_delay(seconds), wait=wait_fixed(0.1), retry=again)(self.log, log)
        except RetryError:
            raise AssertionError(f"not logged within {seconds} s: {words}\n{self.log(log)}") from None

    def log(self, name: str = "bot.log") -> str:
        """What the bot logged so far."""
        return (self.folder / name).read_text()

    def _start_http(self) -> None:
        port = free_port()
        self._bot = self._spawn("web", {"PORT": str(port)})
        self.address = f"http://127.0.0.1:{port}"
        with requests.Session() as session:
            session.mount(
                "http://",
                HTTPAdapter(max_retries=Retry(40, backoff_factor=0.05, backoff_max=2, status_forcelist=[503])),
            )
            session.get(f"{self.address}/readyz", timeout=10).raise_for_status()
        self.slack.bot_url = f"{self.address}/slack/events"

    def _start_socket(self) -> None:
        self._bot = self._spawn("run", {})
        self.slack.bot_url = None
        self.slack.wait_for_socket(timeout_seconds=PATIENCE_SECONDS)

    def _spawn(self, command: str, more: dict[str, str], *, log: str = "bot.log") -> subprocess.Popen[str]:
        with (self.folder / log).open("ab") as file:
            return bot_process(
                command,
                folder=ROOT,
                environment={**self.environment, **more},
                stdout=file,
                stderr=file,
                new_session=True,
            )

    # --- what the bot stored ---

    @contextmanager
    def stored(self) -> Iterator["Stored"]:
        """The bot's database, as another process may look at it."""
        database = Database(self.database_url)
        try:
            yield Stored(database, PlanStore(database), BatchStore(database))
        finally:
            database.close()

    def wait_until(self, condition: Callable[["Stored"], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the database is in a certain condition."""
        with self.stored() as stored:
            again = retry_if_result(lambda holds: not holds)
            Retrying(stop=stop_after_delay(seconds), wait=wait_fixed(0.1), retry=again)(condition, stored)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everybody else from writing to the bot's database."""
        if self.database_url.startswith("sqlite"):
            path = self.database_url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
                connection.execute("begin immediate")
                yield
        else:
            with psycopg.connect(self.database_url) as connection:
                connection.execute("lock table plans, batches, events in access exclusive mode")
                yield

    def batches(self, message: Message) -> tuple[Batch, ...]:
        """The batches of the plan that a message shows, as they are stored now."""
        with self.stored() as stored:
            return stored.batches.of(plan_id(message.text))

    def transitions(self, message: Message) -> list[str]:
        """The states that the plan of a message came to, one after the other, as the audit trail has them."""
        with self.stored() as stored:
            return [event.after for event in stored.plans.history(plan_id(message.text))]

    def stored_plans(self) -> list[str]:
        """The ids of the plans that are stored."""
        with self.stored() as stored:
            return [plan.id for plan in stored.plans.recent()]

    # --- people ---

    def type(self, text: str = "", *, user: str = ADA, channel: str = REVIEWS) -> str:
        """Type the command; the private answer in the acknowledgement."""
        delivery = self.slack.command(user, channel, text)
        assert delivery.acknowledged, f"{delivery}\n{self.log()}"
        return self.slack.workspace.ephemerals(user, channel)[-1].text

    def proposed(self, text: str = "", *, user: str = ADA, channel: str = REVIEWS) -> Message:
        """Type the command, and wait for the plan's message."""
        known = {message.ts for message in self.slack.workspace.channel_messages(channel)}
        self.type(text, user=user, channel=channel)
        return self.wait(
            lambda w: _first(m for m in w.channel_messages(channel) if m.ts not in known and m.user == "U0BOT")
        )

    def press(self, message: Message, action: str, *, user: str = ADA, value: str | None = None) -> None:
        """Press a button."""
        delivery = self.slack.press(user, message, action, value=value)
        assert delivery.acknowledged, f"{delivery}\n{self.log()}"

    def answer(self, user: str, words: str) -> str:
        """The private answer to `user` that contains `words`, once it is there."""
        return self.wait(lambda w: _first(e for e in w.ephemerals(user) if words in e.text)).text

    def report(self, plan: Message, *, seconds: float = PATIENCE_SECONDS) -> Message:
        """The final report in the plan's thread."""
        return self.wait(
            lambda w: _first(m for m in w.thread(plan.channel, plan.ts) if m.text.startswith(FINAL)), seconds=seconds
        )

    def now(self, message: Message) -> Message:
        """A message as it is now."""
        found = self.slack.workspace.message(message.channel, message.ts)
        assert found is not None
        return found

    def shows(self, message: Message, words: str) -> Message:
        """The message, once it shows `words`."""
        return self.wait(
            lambda w: _first(m for m in w.channel_messages(message.channel) if m.ts == message.ts and words in m.text)
        )

    def shows_in_thread(self, plan: Message, words: str) -> Message:
        """The message in the plan's thread that shows `words`, once it does."""
        return self.wait(lambda w: _first(m for m in w.thread(plan.channel, plan.ts) if words in m.text))

    def wait(self, condition: Callable[[Workspace], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
        """What `condition` finds, once it does."""
        try:
            found = self.slack.wait_for(condition, timeout_seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nThe bot's log:\n{self.log()}") from None
        assert found is not None
        return found

    # --- rows ---

    def all_rows(self) -> list[Row]:
        """Every row of the project."""
        return self.braintrust.rows.all(DEFAULT_PROJECT_ID)

    def free_rows(self) -> list[Row]:
        """The rows that a plan for the default queue hands out."""
        since = datetime.now(UTC) - timedelta(days=7)
        tagged = [row for row in self.all_rows() if TAG in (row.tags or ()) and row.created >= since]
        return [row for row in tagged if not row.assignments and row.status is None]

    def written_rows(self) -> list[Row]:
        """The rows that were written since the start."""
        return [
            row for row in self.all_rows() if (row != self.before[row.id] if row.id in self.before else row.history)
        ]

    def newly_assigned(self) -> dict[str, tuple[str, ...]]:
        """The rows that were written since the start, and to whom."""
        return {row.id: row.assignments for row in self.written_rows()}

    def assert_each_written_once(self, *, by_hand: Collection[str] = ()) -> None:
        """Every row that the bot wrote was free, exists, and was written exactly once; those `by_hand`, never."""
        for row_id in by_hand:
            row = self.braintrust.rows.get(DEFAULT_PROJECT_ID, row_id)
            assert row is not None
            assert "api" not in [change.source for change in row.history[len(self.before[row_id].history) :]], row_id
        for row_id in set(self.newly_assigned()) - set(by_hand):
            row = self.braintrust.rows.get(DEFAULT_PROJECT_ID, row_id)
            assert row is not None
            assert not row.phantom, row_id
            assert [change.source for change in row.history[len(self.before[row_id].history) :]] == ["api"], row_id
            assert self.before[row_id].assignments == (), row_id
            assert self.before[row_id].status is None, row_id

    def assert_agreement(self, *reports: Message, unknown: Collection[str] = (), by_hand: Collection[str] = ()) -> None:
        """Rows, reports and database say the same, and every row has one value.

        None was overwritten, re-opened or made by a merge.  None was sent twice, but those in `unknown`: of those
        nobody could know what became of the first request.  Rows that people changed, `by_hand`, are theirs.
        """
        with self.stored() as stored:
            plans = [stored.plan(plan_id(report.text)) for report in reports]
            batches = [stored.batches.of(plan.id) for plan in plans]
        together = [batch for some in batches for batch in some]
        changes = {row.id: row.history[len(self.before[row.id].history) :] for row in self._known_rows()}
        api = {row_id: [one for one in history if one.source == "api"] for row_id, history in changes.items()}

        planned = {(row_id, (who,)) for row_id, who in planned_pairs(together)}
        written = {row_id: (who,) for row_id, who in written_pairs(together)}
        open_rows = {row for batch in together if batch.state is BatchState.UNKNOWN for row, _ in batch.kept}
        mine = {row.id: row.assignments for row in self.all_rows() if api[row.id]}
        theirs = {*by_hand, *open_rows}
        assert _without(theirs, mine) == _without(theirs, written)
        assert len(written) == len(written_pairs(together)), "two plans say that they wrote the same row"
        for row_id, wrote in api.items():
            assert len({change.assignments for change in wrote}) <= 1, f"{row_id} has two values"
            assert {(row_id, change.assignments) for change in wrote} <= planned, f"{row_id}: not what was planned"
            assert len(wrote) <= 1 or row_id in unknown, f"{row_id} was sent {len(wrote)} times"
            self._assert_nobody_s(row_id)
        for report, plan, some in zip(reports, plans, batches, strict=True):
            self._assert_says(report, plan, written_pairs(some))

    def _known_rows(self) -> list[Row]:
        rows = self.all_rows()
        assert [row.id for row in rows if row.phantom or row.id not in self.before] == []
        return rows

    def _assert_nobody_s(self, row_id: str) -> None:
        """Whenever the bot wrote the row, it was nobody's, or the bot's own, and not finished."""
        row = self.braintrust.rows.get(DEFAULT_PROJECT_ID, row_id)
        assert row is not None
        before = (self.before[row_id].assignments, self.before[row_id].status)
        for change in row.history[len(self.before[row_id].history) :]:
            after = (change.assignments, change.status)
            if change.source == "api":
                assert before in (FREE, after), f"{row_id} was {before}, and is {after}"
            before = after

    def _assert_says(self, report: Message, plan: Plan, pairs: list[tuple[str, str]]) -> None:
        """The report and its file have exactly `pairs`."""
        names = {share.reviewer.id: share.reviewer.name for share in plan.shares}
        counts = {name: int(rows.replace(",", "")) for name, rows in PERSON_LINE.findall(report.text)}
        headline = HEADLINE.match(report.text)
        assert counts == Counter(names[who] for _, who in pairs)
        assert len(pairs) == (int(headline[1].replace(",", "")) if headline else 0)
        if report.thread_ts is not None and pairs:
            [file, *_] = self.wait(lambda w: w.files(report.channel, report.thread_ts))
            entries = [(entry["row_id"], entry["reviewer_id"]) for entry in json.loads(file.content)]
            assert sorted(entries) == sorted(pairs)


@dataclass(frozen=True)
class Stored:
    """A look into the bot's database."""

    database: Database
    plans: PlanStore
    batches: BatchStore

    def plan(self, plan_id: str) -> Plan:
        plan = self.plans.get(plan_id)
        assert plan is not None
        return plan


def plan_id(text: str) -> str:
    """The id of the plan that a message shows."""
    found = PLAN_ID.search(text)
    assert found is not None, text
    return found[1]


def _without(some: Collection[str], rows: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {row_id: who for row_id, who in rows.items() if row_id not in some}


def _first(found: Iterable[T]) -> T | None:
    return next(iter(found), None)
