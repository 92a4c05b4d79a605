"""How soon `/metrics` answers while a plan is written."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import requests

from sandbox.slack.sample import ADA, REVIEWS
from sandbox.slack.stand_in import SlackStandIn
from tests.bench.bot_process import bot_process
from tests.bench.bot_run import PARALLEL, is_report
from tests.bench.stand_in_process import StandInProcess, World
from tests.bench.watch import Watch, accepted, is_plan

PAUSE_SECONDS = 0.05

_WORLD = World(rows=30_000, assigned=10_000, latency_seconds=0.3)


def scrapes() -> list[float]:
    """The seconds that each scrape took between an approval and its report."""
    with SlackStandIn() as slack, StandInProcess(_WORLD) as stand_in, bot_process(slack, stand_in, parallel=PARALLEL):
        watch, address = Watch(slack), urljoin(slack.bot_url or "", "/metrics")
        accepted(slack.command(ADA.id, REVIEWS.id, ""))
        plan, _ = watch.first(is_plan)
        accepted(slack.press(ADA.id, plan, "approve"))

        seconds = []
        with ThreadPoolExecutor(1) as aside:
            ended = aside.submit(watch.first, lambda message: message.thread_ts == plan.ts and is_report(message))
            while not ended.done():
                began = time.monotonic()
                requests.get(address, timeout=10).raise_for_status()
                seconds.append(time.monotonic() - began)
                time.sleep(PAUSE_SECONDS)
    return seconds
