"""Every wait has a floor, grows while it does not help, and is at least what was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pauses import pause_seconds


@given(tries=st.integers(1, 10_000), asked=st.none() | st.floats(0, 3_600), chance=st.floats(0, 1))
def test_a_pause_is_never_shorter_than_a_second_nor_than_asked(tries: int, asked: float | None, chance: float) -> None:
    pause = pause_seconds(tries, asked=asked, chance=chance)

    assert pause >= max(1.0, asked or 0.0)
    assert pause <= max(75.0, asked or 0.0)


@given(tries=st.integers(1, 100), asked=st.none() | st.floats(0, 3_600))
def test_it_grows_while_it_does_not_help(tries: int, asked: float | None) -> None:
    assert pause_seconds(tries + 1, asked=asked) >= pause_seconds(tries, asked=asked)
    assert pause_seconds(tries, asked=0, longest=8) == min(2.0 ** (tries - 1), 8)
