"""How soon commands are acknowledged that arrive together while Braintrust is slow.  Slack waits for 3 seconds."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sandbox.slack.records import Delivery
from sandbox.slack.sample import ADA, REVIEWS
from sandbox.slack.stand_in import SlackStandIn
from tests.bench.bot_process import bot_process
from tests.bench.bot_run import PARALLEL
from tests.bench.stand_in_process import TAG, StandInProcess, World

COMMANDS = 30
BRAINTRUST_SECONDS = 20.0

_WORLD = World(rows=100, assigned=30, latency_seconds=BRAINTRUST_SECONDS)
_UNTIL_READING_SECONDS = 2.0


def acknowledgements() -> list[Delivery]:
    """What the bot answered to each of 30 commands, all for other tags, so that none replaces another."""
    with SlackStandIn() as slack:
        stand_in = StandInProcess(_WORLD)
        with stand_in, bot_process(slack, stand_in, parallel=PARALLEL):
            slack.command(ADA.id, REVIEWS.id, "")
            time.sleep(_UNTIL_READING_SECONDS)  # now a reading waits for Braintrust
            try:
                return _typed_together(slack)
            finally:
                stand_in.stop()  # or the bot waits for its answers before it ends


def _typed_together(slack: SlackStandIn) -> list[Delivery]:
    start = Barrier(COMMANDS)

    def typed(number: int) -> Delivery:
        start.wait()
        return slack.command(ADA.id, REVIEWS.id, f'tag="{TAG} {number}"')

    with ThreadPoolExecutor(COMMANDS) as people:
        return list(people.map(typed, range(COMMANDS)))
