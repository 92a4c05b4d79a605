"""What is measured in one run, and how: the wall clock, the requests, and what the processes use."""

import contextlib
import math
import statistics
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

SAMPLE_SECONDS = 0.1
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests Braintrust saw, by what they were for."""

    pages: int
    loads: int
    checks: int
    writes: int
    read_backs: int
    others: int

    @property
    def queries(self) -> int:
        """Those that count against Braintrust's rate limit."""
        return self.pages + self.loads + self.checks + self.read_backs


@dataclass(frozen=True, slots=True)
class Times:
    """Wall-clock seconds.  `first_progress` and `first_write`, from the approval on, are None where nobody approves.

    `writing` goes from the arrival of the first write at Braintrust to the answer of the last; `whole` ends with all
    that follows, but is without the time in which a person looks at the plan.
    """

    reading: float
    writing: float
    whole: float
    first_progress: float | None = None
    first_write: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Peak megabytes and CPU seconds of a process and its children; `pss` is None where the system does not tell it.

    RSS counts what several processes share once for each of them, PSS once in all; `growth` is RSS above that at first.
    """

    rss: float
    growth: float
    pss: float | None
    cpu: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run, and what was wrong with its result."""

    times: Times
    requests: Requests
    usage: Usage
    stand_in_cpu: float
    """CPU seconds of the stand-in meanwhile: of all that is measured, its part should be the smaller one."""
    mistakes: tuple[str, ...]


class UsageSampler:
    """Watches a process and its children from a thread, between `with` and its end."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)
        self._rss = self._rss_before = sum(_rss_bytes(self._family()))
        self._pss: int | None = None
        self._cpu_before = self._cpu = _cpu_seconds(self._family())

    @property
    def usage(self) -> Usage:
        """The most memory that was seen at any one moment, and the CPU since the sampler was made."""
        pss = None if self._pss is None else self._pss / MEGABYTE
        growth = (self._rss - self._rss_before) / MEGABYTE
        return Usage(self._rss / MEGABYTE, growth, pss, self._cpu - self._cpu_before)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while not self._over.wait(SAMPLE_SECONDS):
                self._sample(self._family())

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    def _sample(self, processes: Sequence[psutil.Process]) -> None:
        self._rss = max(self._rss, sum(_rss_bytes(processes)))
        self._cpu = max(self._cpu, _cpu_seconds(processes))
        parts = [_pss_bytes(process.pid) for process in processes]
        known = [part for part in parts if part is not None]
        if known:
            self._pss = max(self._pss or 0, sum(known))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * share) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def _rss_bytes(processes: Sequence[psutil.Process]) -> Iterator[int]:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield process.memory_info().rss


def cpu_seconds(pid: int) -> float:
    """What a process and its children have used so far."""
    process = psutil.Process(pid)
    return _cpu_seconds([process, *process.children(recursive=True)])


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            seconds += used.user + used.system
    return seconds


def _pss_bytes(pid: int) -> int | None:
    """Linux only, and only for one's own processes (https://docs.kernel.org/filesystems/proc.html)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), None)
