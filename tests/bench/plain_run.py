"""One run of the plain sequential way, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from tests.bench.bot_process import ROOT
from tests.bench.measure import Run, Times, UsageSampler
from tests.bench.stand_in_process import (
    API_KEY,
    DAYS,
    PROJECT_ID,
    TAG,
    StandInProcess,
    World,
    counted,
    reviewers_of,
    writing_span,
)
from tests.bench.stand_in_process import mistakes as mistakes_of


def plain_run(world: World) -> Run:
    """Assign all the open rows of a fresh `world`."""
    with StandInProcess(world) as stand_in:
        settings = {"url": stand_in.url, "api_key": API_KEY, "project_id": PROJECT_ID, "tag": TAG, "days": DAYS}
        before = stand_in.cpu
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.sequential"],
            cwd=ROOT,
            env={"NO_PROXY": "*"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with UsageSampler(process.pid) as usage:
            said, _ = process.communicate(json.dumps(settings | {"reviewers": list(reviewers_of(world))}))
        if process.returncode:
            raise RuntimeError("the sequential script failed")
        result: dict[str, Any] = json.loads(said)
        used = stand_in.cpu - before
        sent = stand_in.requests()
        mistakes = mistakes_of(stand_in, sent, dict(result["pairs"]))
    first_write, last_write = writing_span(sent)
    times = Times(**result["times"], writing=last_write - first_write)
    return Run(times, counted(sent), usage.usage, used, mistakes)
