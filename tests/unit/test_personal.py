"""What people type about themselves, and what comes of it."""

from datetime import UTC, date, datetime

import pytest

from bot.domain.command import parsed
from bot.domain.notice import Preference
from bot.domain.personal import AwayCommand, BackCommand, MuteCommand, PersonalCommand, valid_away
from bot.errors import CommandError
from bot.services.preferences import Preferring
from tests.unit.fakes import FakeClock, FakePreferences

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("mute", MuteCommand(muted=True)),
        ("--Mute", MuteCommand(muted=True)),
        ("unmute", MuteCommand(muted=False)),
        ("away 2026-12-24", AwayCommand("2026-12-24")),
        ("away until 24.12.", AwayCommand("until 24.12.")),
        ("away", AwayCommand("")),
        (" back ", BackCommand()),
    ],
)
def test_what_is_typed_about_oneself_is_understood(text: str, command: PersonalCommand) -> None:
    assert parsed(text) == command


@pytest.mark.parametrize("word", ["mute", "unmute", "back"])
def test_a_word_that_stands_alone_takes_nothing_behind_it(word: str) -> None:
    with pytest.raises(CommandError, match=f"^`{word}` stands alone: `/assign-reviews {word}`"):
        parsed(f"{word} now")


@pytest.mark.parametrize(("typed", "hint"), [("mut", "mute"), ("unmut", "unmute"), ("bak", "back")])
def test_a_word_that_is_nearly_one_leads_to_it(typed: str, hint: str) -> None:
    with pytest.raises(CommandError, match=f"Did you mean `/assign-reviews {hint}`"):
        parsed(typed)


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 12, 24), date(2027, 11, 23)])
def test_a_day_to_come_within_a_year_is_taken(day: date) -> None:
    assert valid_away(f" {day} ", today=TODAY) == day


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("", "2026-11-24"),
        ("tomorrow", "2026-11-24"),
        ("2026-11-23", "2026-11-24"),
        ("2020-01-01", "2026-11-24"),
        ("2027-11-24", "2027-11-23"),
        ("9999-12-31", "2027-11-23"),
        ("until 2026-12-24", "2026-12-24"),
        ("2026-12-4", "2026-12-04"),
        ("2026-02-30", "2026-11-24"),
        ("2026-13-01", "2026-11-24"),
        ("until 24.12.", "2026-12-24"),
        ("3. 1.", "2027-01-03"),
        ("29.2.", "2026-11-24"),
        ("24.12.2026", "2026-12-24"),
        ("20261224", "2026-11-24"),
        ("2026-W52-4", "2026-11-24"),
        ("0000-00-00", "2026-11-24"),
        ("٢٠٢٦-١٢-٢٤", "2026-11-24"),
    ],
)
def test_any_other_day_gets_a_sentence_with_the_nearest_form_that_does(typed: str, nearest: str) -> None:
    with pytest.raises(CommandError) as refusal:
        valid_away(typed, today=TODAY)

    assert f"`/assign-reviews away {nearest}`" in str(refusal.value)
    assert valid_away(nearest, today=TODAY) == date.fromisoformat(nearest)


def test_what_was_typed_instead_of_a_day_is_repeated_harmlessly() -> None:
    with pytest.raises(CommandError, match=r"I don't understand `&lt;!channel&gt;` as a date"):
        valid_away("<!channel>", today=TODAY)


def test_what_people_say_is_stored_for_them_and_answered() -> None:
    stored = FakePreferences()
    service = Preferring(preferences=stored, clock=FakeClock(datetime(2026, 11, 23, 9, tzinfo=UTC)))

    told = [
        service.carry_out(command, "U0ANA").text for command in (AwayCommand("2026-12-24"), MuteCommand(muted=True))
    ]
    wanted = stored.of(["U0ANA", "U0BEN"])
    told += [service.carry_out(command, "U0ANA").text for command in (BackCommand(), MuteCommand(muted=False))]

    assert wanted == {"U0ANA": Preference(muted=True, away_until=date(2026, 12, 24))}
    assert stored.of(["U0ANA"]) == {"U0ANA": Preference()}
    assert told == [
        "You are away until Thu 24 December: no new rows until then. `/assign-reviews back` ends it.",
        "You get no direct messages about your rows any more. `/assign-reviews unmute` brings them back.",
        "You are back: new rows can come to you again.",
        "You get a direct message again when you get rows. `/assign-reviews mute` ends it.",
    ]


def test_a_day_that_does_not_do_changes_nothing() -> None:
    stored = FakePreferences(U0ANA=Preference(away_until=date(2026, 12, 24)))
    service = Preferring(preferences=stored, clock=FakeClock(datetime(2026, 11, 23, 9, tzinfo=UTC)))

    with pytest.raises(CommandError):
        service.carry_out(AwayCommand("yesterday"), "U0ANA")

    assert stored.of(["U0ANA"])["U0ANA"].away_until == date(2026, 12, 24)
