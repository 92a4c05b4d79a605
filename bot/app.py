"""The composition root: from settings to a running bot.  The one module that knows every part."""

import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from slack_bolt import App, BoltContext
from slack_sdk import WebClient
from typing_extensions import override

import handlers
from bot.adapters.braintrust.client import BraintrustClient, organisation
from bot.adapters.slack.client import PrivateAnswerer, SlackClient, web_client
from bot.adapters.slack.directory import SlackDirectory, SlackPeople
from bot.adapters.slack.identity import Identity, workspace
from bot.adapters.store.store import Store
from bot.domain.plan import Plan, PlanState
from bot.metrics import LISTENER_SECONDS
from bot.services.decisions import Decider
from bot.services.greeting import Greeting
from bot.services.homes import Finder, HomeCheck
from bot.services.notices import NoticeSender
from bot.services.permissions import Permissions, enter
from bot.services.planning import Planner, ProposalStep
from bot.services.ports.people import People
from bot.services.ports.work import Announcer
from bot.services.preferences import PreferenceKeeper
from bot.services.queue_forms import QueueForms
from bot.services.queues import QueueKeeper
from bot.services.reviewers import StaffReader
from bot.services.schedules import ScheduleKeeper
from bot.services.step import StepContext
from bot.services.surfaces import SlackAnnouncer
from bot.services.timetable import Timetable
from bot.services.writing.assignment import AssignmentSteps
from bot.services.writing.undo import UndoSteps
from bot.settings import Settings
from bot.work.ticks import Ticks
from bot.work.turn import Step, Turn
from bot.work.worker import Worker
from handlers.actions import Desk
from handlers.commands import Counter

log = logging.getLogger(__name__)

LISTENER_THREADS = 16  # Bolt's own default is 5; a listener waits for one transaction, which others may hold up
ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is easily misread
ID_LENGTH = 7
SCHEDULE_ID_LENGTH = 4
STOP_SECONDS = 25.0  # platforms kill 30 s after SIGTERM; a write takes up to 20 s


class Core:
    """What plans and assigns, with or without Slack."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        announcer: Announcer,
        people: People | None = None,
        enter: Callable[[Plan], None] = lambda _: None,
    ) -> None:
        self.store = store
        self._settings = settings
        rhythm, policy = settings.database.rhythm, settings.policy
        self.braintrust = BraintrustClient(settings.braintrust, write_seconds=rhythm.write_seconds)
        staffing = StaffReader(
            braintrust=self.braintrust,
            people=people,
            preferences=store.preferences,
            matches=store.matches,
            settings=settings,
            clock=store.clock,
        )
        context = StepContext(self.braintrust, announcer, settings.work, store.clock, store.books)
        hours = policy.plan_expires_hours
        reading = ProposalStep(context, staffing=staffing, enter=enter, expires_hours=hours)
        assigning = AssignmentSteps(context, staffing=staffing, expires_hours=hours)
        self.undoing = UndoSteps(context, hours=policy.undo_hours)
        self.steps: dict[PlanState, Step] = {
            PlanState.READING: reading.carry_out,
            PlanState.CHECKING: assigning.check,
            PlanState.RUNNING: assigning.run,
            PlanState.REPORTING: assigning.report,
            PlanState.UNDOING: self.undoing.take_back,
        }
        turn = Turn(
            plans=store.plans, fault_book=store.faults, steps=self.steps, announcer=announcer, clock=store.clock
        )
        self.worker = Worker(leases=store.leases, plans=store.plans, turn=turn, rhythm=rhythm)
        self.queues = QueueKeeper(store.queues, braintrust=self.braintrust, settings=settings, clock=store.clock)
        self.planner = Planner(
            store.plans,
            queues=store.queues,
            settings=settings,
            clock=store.clock,
            new_id=new_plan_id,
            wake=self.worker.wake,
        )

    def belonging(self, others: Mapping[str, Finder]) -> HomeCheck:
        """Whether the database is that of Braintrust's organisation, and of `others`; if not, the process is to end."""
        finders: dict[str, Finder] = {
            **others,
            "Braintrust": lambda patience: organisation(self.braintrust, self._settings.braintrust, patience=patience),
        }
        return HomeCheck(self.store.homes, finders, stop=lambda: os.kill(os.getpid(), signal.SIGTERM))


class Bot:
    """The whole bot: door, worker and scheduler in one process."""

    def __init__(self, settings: Settings) -> None:
        self.store = store = Store(settings.database)
        client = web_client(settings.slack, waits=False)  # who is asked to wait does something else meanwhile
        self.slack = SlackClient(client)
        self._answers = PrivateAnswerer(self.slack)
        self._people = SlackPeople(client)
        self._database = settings.database
        self._permissions = Permissions(settings.policy, SlackDirectory(client))
        announcer = SlackAnnouncer(
            store.books,
            surfaces=store.surfaces,
            slack=self.slack,
            answers=self._answers,
            settings=settings,
            clock=store.clock,
        )
        self._core = Core(
            settings,
            store,
            announcer=announcer,
            people=self._people,
            enter=partial(enter, slack=self.slack, permissions=self._permissions, chosen=settings.queue.channel),
        )
        self.worker = self._core.worker
        self.scheduler = self._make_scheduler(settings)
        identity = Identity(web_client(settings.slack, waits=False))
        self._belonging = self._core.belonging({"Slack": lambda _: workspace(identity)})
        self._listeners = _TimedExecutor(LISTENER_THREADS, thread_name_prefix="listener")
        self._desk = self._make_desk()
        self._forms = QueueForms(
            self._core.queues, views=self.slack, permissions=self._permissions, answers=self._answers
        )
        self.bolt = _bolt(settings, identity, self._services(), self._listeners)

    def _make_scheduler(self, settings: Settings) -> Ticks:
        store = self.store
        timetable = Timetable(
            store.schedules,
            planner=self._core.planner,
            people=self._people,
            slack=self.slack,
            settings=settings,
            clock=store.clock,
        )
        notifying = NoticeSender(
            store.books,
            queue=store.notices,
            preferences=store.preferences,
            messenger=self.slack,
            settings=settings,
            clock=store.clock,
        )
        return Ticks(
            timetable=timetable,
            notifying=notifying,
            plans=store.plans,
            surfaces=store.surfaces,
            clock=store.clock,
            wake=self.worker.wake,
        )

    def _make_desk(self) -> Desk:
        deciding = Decider(
            plans=self.store.plans,
            permissions=self._permissions,
            answers=self._answers,
            undoing=self._core.undoing,
            clock=self.store.clock,
            wake=self.worker.wake,
        )
        return Desk(deciding, self.store.surfaces, self._answers)

    def _make_counter(self) -> Counter:
        preferences = PreferenceKeeper(
            preferences=self.store.preferences,
            time_zones=self.slack,
            private_answers=self._answers,
            clock=self.store.clock,
        )
        schedules = ScheduleKeeper(
            self.store.schedules,
            queues=self.store.queues,
            permissions=self._permissions,
            slack=self.slack,
            clock=self.store.clock,
            new_id=new_schedule_id,
        )
        return Counter(self._core.planner, self._permissions, preferences, self._core.queues, schedules, self._answers)

    def _services(self) -> dict[str, object]:
        """What listeners reach by name."""
        return {
            "counter": self._make_counter(),
            "queue_forms": self._forms,
            "desk": self._desk,
            "greeting": Greeting(self.slack, aside=self._answers.run),
            "private_answers": self._answers,
        }

    def start(self) -> None:
        """Start worker and scheduler.

        Raises `SettingsError` where Slack refuses the bot's token, and `StoreUnusableError` where the database belongs
        to another workspace or organisation.
        """
        self._belonging.begin()
        if skew := self.store.clock.skew():
            log.warning("the clocks differ", extra={"error": skew})
        self.worker.start()
        retention = timedelta(days=self._database.retention_days)
        self.scheduler.start(self._database.rhythm, retention=retention)
        log.info("the bot works")

    def stop(self) -> None:
        """Begin nothing new, finish what is on its way, hand the rest over; raises what `start` did not know yet."""
        self._belonging.end()
        self.scheduler.stop()
        self._core.undoing.close()
        self._core.queues.close()
        self._listeners.shutdown(wait=True)
        self._desk.close()
        self.worker.stop(timeout_seconds=STOP_SECONDS)
        self._answers.close()
        self.store.database.close()
        log.info("the bot stopped")
        self._belonging.require()


def new_plan_id() -> str:
    """A short id that people can read to each other."""
    return _new_id(ID_LENGTH)


def new_schedule_id() -> str:
    """A still shorter one: it is typed."""
    return _new_id(SCHEDULE_ID_LENGTH)


def _new_id(length: int) -> str:
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(length))


class _TimedExecutor(ThreadPoolExecutor):
    """Tells the metrics how long each task took, with its wait for a thread."""

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        began = time.monotonic()
        task = super().submit(fn, *args, **kwargs)
        task.add_done_callback(lambda _: LISTENER_SECONDS.observe(time.monotonic() - began))
        return task


def _bolt(settings: Settings, identity: Identity, services: dict[str, object], listeners: Executor) -> App:
    """The Bolt app with every listener.  Building it asks Slack nothing."""

    def provide(context: BoltContext, next_: Callable[[], None]) -> None:
        """Services reach the listeners by name."""
        context.update(services, installation=identity.installation)
        next_()

    app = App(
        name="assign-reviews",  # else Bolt looks for a name in the source of every module
        client=WebClient(base_url=settings.slack.api_url),
        before_authorize=provide,
        authorize=lambda: identity.authorize(),  # noqa: PLW0108 - Bolt would look for an argument called self
        request_verification_enabled=False,  # the door did that, by the secret as it is now
        token_verification_enabled=False,
        listener_executor=listeners,
        raise_error_for_unhandled_request=True,  # else Bolt logs the request itself
    )
    handlers.register(app)
    return app
