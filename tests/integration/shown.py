"""A plan on a real store, shown in a Slack that refuses what a test tells it to; the clock moves when told to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from bot.adapters.slack.client import PrivateAnswerer, SlackClient, web_client
from bot.adapters.store.tables import database_clock, plans
from bot.domain.plan import Batch, BatchState, DropReason, Origin, PlanState
from bot.domain.surfaces import Shown, Surface
from bot.services.surfaces import SlackAnnouncer
from bot.settings import Settings, SlackSettings
from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from tests.integration.stored import ANA, BO, NOW, Store
from tests.integration.world import FakeWork, Time

ADA, REVIEWS = "U0ADA", "C0REVIEWS"


class Window:
    """One plan, everything that shows it, and what people see of it."""

    def __init__(self, store: Store, slack: SlackStandIn, *, settings: Settings | None = None) -> None:
        self.store = store
        self.slack = slack
        self.now = NOW
        client = SlackClient(web_client(SlackSettings(bot_token="xoxb-sandbox", api_url=slack.api_url), waits=False))
        self.announcer = SlackAnnouncer(
            store.books,
            surfaces=store.surfaces,
            slack=client,
            answers=PrivateAnswerer(client),
            settings=settings or Settings(),
            clock=lambda: self.now,
        )

    # --- what happens to the plan ---

    def proposed(self, *, people: int = 2, **request: Any) -> None:
        """A plan of three rows, or of a row for each of many people, that somebody asked for by the command."""
        url = self.slack.response_urls.issue(REVIEWS, ADA)
        asked = {"origin": Origin.COMMAND, "requested_by": ADA, "response_url": url, **request}
        self.store.proposed(**asked)
        if people > 2:
            ids = [ANA.id, BO.id, *map(str, range(people - 2))]
            shares = [[reviewer_id, f"Person {number}", 1, {}] for number, reviewer_id in enumerate(ids)]
            self.store.change(shares=shares)

    def approved(self) -> None:
        assert self.store.plans.approve("plan", edition=1, who="U0BEN", now=self.now)

    def done(self, state: PlanState = PlanState.DONE, *, all_left: bool = False) -> None:
        """The plan is carried out; in a state other than done, the second batch failed.  Perhaps every row left it."""
        lease = self.store.claim()
        assert self.store.plans.begin_running(lease, now=self.now)
        ends = (BatchState.CONFIRMED, BatchState.CONFIRMED if state is PlanState.DONE else BatchState.FAILED)
        batches = [_emptied(some) if all_left else some for some in self.store.batches.of("plan")]
        self.store.batches.save(lease, [replace(some, state=end) for some, end in zip(batches, ends, strict=True)])
        self.store.plans.begin_reporting(lease, reason=None, now=self.now)
        self.store.plans.finish(lease, state=state, counts={}, now=self.now)
        self.store.leases.release(lease, wake_in_seconds=None)

    def change(self, **columns: Any) -> None:
        """Something happens to the plan, so that it is drawn again."""
        with self.store.database.write() as connection:
            connection.execute(update(plans).values(revision=plans.c.revision + 1, **columns))

    # --- what is shown ---

    def draw(self) -> bool:
        """As the worker does it, with a lease, which is given back; whether everything is shown now."""
        lease = self.store.claim()
        self.announcer.draw(FakeWork(lease, Time()))
        self.store.leases.release(lease, wake_in_seconds=None)
        plan = self.store.get()
        return plan.drawn == plan.revision

    @property
    def rests(self) -> int:
        """For how many seconds nobody draws it, by the database's clock."""
        with self.store.database.read() as connection:
            return round(float(connection.execute(select(plans.c.draw_at - database_clock())).scalar_one()))

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def known(self) -> dict[Surface, Shown]:
        return self.store.surfaces.of("plan")

    @property
    def posts(self) -> list[Message]:
        """What the bot posted to the channel, threads aside."""
        return self.slack.workspace.channel_messages(REVIEWS)

    @property
    def thread(self) -> list[Message]:
        """The messages in the plan's thread, files aside."""
        found = self.slack.workspace.thread(REVIEWS, self.store.get().message_ts or "")
        return [message for message in found if message.text or message.blocks]

    @property
    def files(self) -> list[str]:
        return [file.name for file in self.slack.workspace.files(REVIEWS, self.store.get().message_ts or "")]

    @property
    def notes(self) -> list[str]:
        """What the requester reads in private, in the channel."""
        return [note.text for note in self.slack.workspace.ephemerals(ADA)]

    @property
    def direct(self) -> list[str]:
        return [message.text for message in self.slack.workspace.direct_messages(ADA)]

    def calls(self, method: str) -> int:
        return len(self.slack.calls.of(method))


def _emptied(batch: Batch) -> Batch:
    return replace(batch, dropped=tuple((row_id, DropReason.GONE) for row_id, _ in batch.rows))


def actions_of(message: Message) -> list[str]:
    """The buttons of a message, by their action ids."""
    return [
        element["action_id"] for block in message.blocks if block["type"] == "actions" for element in block["elements"]
    ]
