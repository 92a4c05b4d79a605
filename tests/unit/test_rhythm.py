"""The rhythm of a process: whatever the lease, a write fits into it, and it is renewed before it ends."""

import pytest

from bot.domain.rhythm import SHORTEST_LEASE_SECONDS, USUAL, Rhythm


def test_the_usual_rhythm() -> None:
    assert (USUAL.lease_seconds, USUAL.renew_seconds, USUAL.write_seconds) == (30, 5, 20)
    assert (USUAL.tick_seconds, USUAL.notice_seconds) == (10, 5)


@pytest.mark.parametrize("lease_seconds", [SHORTEST_LEASE_SECONDS, 15, 29, 30, 31, 60, 300])
def test_a_write_ends_within_its_lease_although_a_renewal_or_two_fail(lease_seconds: float) -> None:
    rhythm = Rhythm(lease_seconds)

    assert 0 < 2 * rhythm.renew_seconds <= rhythm.lease_seconds - rhythm.write_seconds


@pytest.mark.parametrize("lease_seconds", [31, 300])
def test_a_longer_lease_makes_nothing_slower(lease_seconds: float) -> None:
    long = Rhythm(lease_seconds)

    assert (long.renew_seconds, long.write_seconds, long.tick_seconds) == (5, 20, 10)


def test_a_shorter_lease_makes_everything_quicker() -> None:
    short = Rhythm(15)

    assert (short.renew_seconds, short.write_seconds, short.tick_seconds, short.notice_seconds) == (2.5, 10, 5, 2.5)
