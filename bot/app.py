"""The composition root: from settings to a running bot.  The one module that knows every part."""

import logging
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime

from slack_bolt import App, BoltContext
from slack_sdk import WebClient

import handlers
from bot.adapters.braintrust import BraintrustClient
from bot.adapters.slack import Identity, PrivateAnswerer, SlackClient, web_client
from bot.adapters.store.batches import BatchStore
from bot.adapters.store.database import Database
from bot.adapters.store.leases import LeaseStore
from bot.adapters.store.plans import PlanStore
from bot.adapters.store.schedules import ScheduleStore
from bot.adapters.store.undos import UndoStore
from bot.domain.model import PlanState
from bot.scheduler import Scheduler
from bot.services.announcing import Announcing
from bot.services.assigning import Assigning
from bot.services.deciding import Deciding
from bot.services.greeting import Greeting
from bot.services.permissions import Permissions
from bot.services.planning import Planning
from bot.services.ports import Announcer, Slack
from bot.services.rechecking import Rechecking
from bot.services.scheduling import Scheduling
from bot.services.undoing import Undoing
from bot.settings import Settings
from bot.worker import Worker

log = logging.getLogger(__name__)

LISTENER_THREADS = 16  # Bolt's own default is 5; a listener waits for one transaction, which others may hold up
ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is easily misread
ID_LENGTH = 7
STOP_SECONDS = 25.0  # platforms kill 30 s after SIGTERM; a write takes up to 20 s


class Store:
    """The database and what is kept in it."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.database.migrate()
        self.plans = PlanStore(self.database)
        self.batches = BatchStore(self.database)
        self.undos = UndoStore(self.database)
        self.schedules = ScheduleStore(self.database)
        self.leases = LeaseStore(self.database, owner=f"{socket.gethostname()}-{secrets.token_hex(3)}")


class Core:
    """What plans and assigns, with or without Slack."""

    def __init__(self, settings: Settings, store: Store, *, slack: Slack | None, announcer: Announcer) -> None:
        self.store = store
        self.braintrust = BraintrustClient(settings.braintrust)
        self.planning = Planning(
            plans=store.plans,
            braintrust=self.braintrust,
            slack=slack,
            announcer=announcer,
            settings=settings,
            clock=utc_now,
            new_id=new_plan_id,
            wake=self._wake,
        )
        rechecking = Rechecking(
            plans=store.plans,
            batches=store.batches,
            braintrust=self.braintrust,
            announcer=announcer,
            settings=settings,
            clock=utc_now,
        )
        assigning = Assigning(
            plans=store.plans,
            batches=store.batches,
            braintrust=self.braintrust,
            rechecking=rechecking,
            announcer=announcer,
            settings=settings.work,
            clock=utc_now,
        )
        self.undoing = Undoing(
            plans=store.plans,
            batches=store.batches,
            undos=store.undos,
            braintrust=self.braintrust,
            announcer=announcer,
            settings=settings,
            clock=utc_now,
        )
        steps = {
            PlanState.READING: self.planning.read,
            PlanState.CHECKING: assigning.check,
            PlanState.RUNNING: assigning.run,
            PlanState.REPORTING: assigning.report,
            PlanState.UNDOING: self.undoing.take_back,
        }
        self.worker = Worker(leases=store.leases, plans=store.plans, steps=steps, announcer=announcer)

    def _wake(self) -> None:
        self.worker.wake()


class Bot:
    """The whole bot: door, worker and scheduler in one process."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.database_url)
        client = web_client(settings.slack)
        self.slack = SlackClient(client)
        self._answers = PrivateAnswerer(self.slack)
        announcing = Announcing(
            plans=self.store.plans,
            batches=self.store.batches,
            undos=self.store.undos,
            slack=self.slack,
            answers=self._answers,
            clock=utc_now,
            settings=settings,
        )
        core = Core(settings, self.store, slack=self.slack, announcer=announcing)
        self.worker = core.worker
        self._undoing = core.undoing
        permissions = Permissions(settings.policy, self.slack)
        deciding = Deciding(
            plans=self.store.plans,
            permissions=permissions,
            answers=self._answers,
            undoing=core.undoing,
            clock=utc_now,
            wake=self.worker.wake,
        )
        scheduling = Scheduling(
            schedules=self.store.schedules, planning=core.planning, queue=settings.queue, clock=utc_now
        )
        self.scheduler = Scheduler(scheduling=scheduling, plans=self.store.plans, clock=utc_now, wake=self.worker.wake)
        services = {
            "planning": core.planning,
            "permissions": permissions,
            "deciding": deciding,
            "greeting": Greeting(self.slack, aside=self._answers.run),
            "private_answers": self._answers,
        }
        self._identity = Identity(client)
        self._listeners = ThreadPoolExecutor(LISTENER_THREADS, thread_name_prefix="listener")
        self.bolt = _bolt(settings, self._identity, services, self._listeners)

    def start(self) -> None:
        """Start worker and scheduler; a door is opened by `bot.web` or `bot.socket_mode`."""
        self._answers.run(self._identity.learn)
        self.worker.start()
        self.scheduler.start()
        log.info("the bot works")

    def stop(self) -> None:
        """Begin nothing new, finish what is on its way, hand the rest over."""
        self.scheduler.stop()
        self._undoing.close()
        self._listeners.shutdown(wait=True)
        self.worker.stop(timeout_seconds=STOP_SECONDS)
        self._answers.close()
        self.store.database.close()
        log.info("the bot stopped")


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def new_plan_id() -> str:
    """A short id that people can read to each other."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


def _bolt(settings: Settings, identity: Identity, services: dict[str, object], listeners: Executor) -> App:
    """The Bolt app with every listener.  Building it asks Slack nothing."""

    def provide(context: BoltContext, next_: Callable[[], None]) -> None:
        """Services reach the listeners by name."""
        context.update(services)
        next_()

    app = App(
        client=WebClient(base_url=settings.slack.api_url),
        before_authorize=provide,
        authorize=lambda: identity.authorize(),  # noqa: PLW0108 - Bolt would look for an argument called self
        signing_secret=settings.slack.signing_secret,
        token_verification_enabled=False,
        listener_executor=listeners,
    )
    handlers.register(app)
    return app
