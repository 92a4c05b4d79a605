"""Pauses after "not now": how long each one is, and for how long they go on."""

SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
LIMITED_SECONDS = 3600.0
"""For how long a rate limit is waited for that lets nothing through."""


def pause_seconds(
    tries: int, *, asked: float | None = None, longest: float = LONGEST_SECONDS, chance: float = 0.0
) -> float:
    """How long to wait after the `tries`-th "not now" in a row: as long as `asked`, or longer where that did not help.

    Never less than a second, whoever asks for it.  `chance`, from 0 to 1, spreads those who would come back at once.
    """
    grown = min(SHORTEST_SECONDS * 2.0 ** min(tries - 1, 20), longest)
    return max(grown * (1 + chance / 4), asked or 0.0)
