"""The rhythm of a process: how long its leases last, and how often it does what."""

from dataclasses import dataclass

USUAL_LEASE_SECONDS = 30
SHORTEST_LEASE_SECONDS = 10  # a write that has less than two thirds of it would give up on a Braintrust that is slow


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Times in fixed ratios to a lease: it is renewed several times before it ends, and outlasts a write by far.

    A shorter lease makes everything quicker; one of more than 30 s only lasts longer.
    """

    lease_seconds: float = USUAL_LEASE_SECONDS
    """How long a plan stays with a process that says nothing any more."""

    @property
    def renew_seconds(self) -> float:
        """How long after the last time leases are renewed."""
        return self._in_proportion(5.0)

    @property
    def write_seconds(self) -> float:
        """The deadline of one write: with less lease left, none is begun."""
        return self._in_proportion(20.0)

    @property
    def tick_seconds(self) -> float:
        """How often a process checks what is due, or expires."""
        return self._in_proportion(10.0)

    @property
    def notice_seconds(self) -> float:
        """How often messages to reviewers are sent."""
        return self._in_proportion(5.0)

    def _in_proportion(self, usual_seconds: float) -> float:
        return usual_seconds * min(1.0, self.lease_seconds / USUAL_LEASE_SECONDS)


USUAL = Rhythm()
