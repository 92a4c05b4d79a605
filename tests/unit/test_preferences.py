"""What people type about themselves, and what comes of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest

from bot.adapters.store.people import PreferenceStore
from bot.domain.command import parsed
from bot.domain.preferences import PersonalCommand, PersonalWord, Preference, valid_until
from bot.errors import CommandError, SlackRejectedError, SlackUnavailableError, StoreUnavailableError
from bot.services.ports.slack import ReplyTo
from bot.services.preferences import PreferenceKeeper
from tests.integration.stored import Store
from tests.unit.fakes import FakeAnswers, FakeClock, FakeMessenger

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("mute", PersonalCommand(PersonalWord.MUTE)),
        ("--Mute", PersonalCommand(PersonalWord.MUTE)),
        ("unmute", PersonalCommand(PersonalWord.UNMUTE)),
        ("away 2026-12-24", PersonalCommand(PersonalWord.AWAY, "2026-12-24")),
        ("away until 24.12.", PersonalCommand(PersonalWord.AWAY, "until 24.12.")),
        ("away", PersonalCommand(PersonalWord.AWAY)),
        (" back ", PersonalCommand(PersonalWord.BACK)),
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
    assert valid_until(f" {day} ", today=TODAY) == day


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
        ("monday", "2026-11-30"),
        ("until Fri", "2026-11-27"),
        ("24 Dec", "2026-12-24"),
        ("January 4th", "2027-01-04"),
        ("February 30", "2026-11-24"),
        ("2 weeks", "2026-12-07"),
        ("next week", "2026-11-30"),
        ("3 days", "2026-11-26"),
        ("999 weeks", "2027-11-23"),
        ("monkey", "2026-11-24"),
    ],
)
def test_any_other_day_gets_a_sentence_with_the_nearest_form_that_does(typed: str, nearest: str) -> None:
    with pytest.raises(CommandError) as refusal:
        valid_until(typed, today=TODAY)

    assert f"`/assign-reviews away {nearest}`" in str(refusal.value)
    assert valid_until(nearest, today=TODAY) == date.fromisoformat(nearest)


def test_what_was_typed_instead_of_a_day_is_repeated_harmlessly() -> None:
    with pytest.raises(CommandError, match=r"I don't understand `<!channel>` as a date"):
        valid_until("<!channel>", today=TODAY)


class World:
    """The service with everything it talks to; it is 09:00 UTC on Monday, 23 November 2026, unless it is not."""

    def __init__(
        self,
        store: Store,
        *,
        now: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC),
        zone: str | None = "UTC",
        error: Exception | None = None,
        stored: PreferenceStore | None = None,
    ) -> None:
        self.stored = stored or store.preferences
        self.answers = FakeAnswers()
        self.preferring = PreferenceKeeper(
            preferences=self.stored,
            time_zones=FakeMessenger(zone=zone, fails="time_zone", error=error),
            private_answers=self.answers,
            clock=FakeClock(now),
        )

    def away(self, until: str) -> str:
        """Say `away`; what the private note becomes in the end."""
        command = PersonalCommand(PersonalWord.AWAY, until)
        assert self.preferring.carry_out(command, "U0ANA").text == "Noting that you are away …"
        self.preferring.note_absence(command, ReplyTo("U0ANA", "C0REV", "https://hooks.slack.com/commands/1"))
        return self.answers.texts[-1]

    @property
    def until(self) -> date | None:
        """Until when the person is away now."""
        return self.stored.of(["U0ANA"]).get("U0ANA", Preference()).away_until


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def test_what_people_say_is_stored_for_them_and_answered(worlds: Worlds) -> None:
    world = worlds()

    told = [world.away("2026-12-24"), world.preferring.carry_out(PersonalCommand(PersonalWord.MUTE), "U0ANA").text]
    wanted = world.stored.of(["U0ANA", "U0BEN"])
    told += [
        world.preferring.carry_out(command, "U0ANA").text
        for command in (PersonalCommand(PersonalWord.BACK), PersonalCommand(PersonalWord.UNMUTE))
    ]

    assert wanted == {"U0ANA": Preference(muted=True, away_until=date(2026, 12, 24))}
    assert world.stored.of(["U0ANA"]) == {"U0ANA": Preference()}
    assert told == [
        "You are away: no new rows before Thu 24 December 2026. `/assign-reviews back` ends it.",
        "You get no direct messages about your rows any more. `/assign-reviews unmute` brings them back.",
        "You are back: new rows can come to you again.",
        "You can get direct messages about your rows again. `/assign-reviews mute` ends them.",
    ]


def test_a_day_that_does_not_do_changes_nothing(worlds: Worlds) -> None:
    world = worlds()
    world.stored.set_away("U0ANA", until=date(2026, 12, 24))

    told = world.away("yesterday")

    assert "Did you mean `/assign-reviews away 2026-11-24`?" in told
    assert world.until == date(2026, 12, 24)


EVENING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 17:30 on the 23rd in Los Angeles, 10:30 on the 24th in Tokyo


@pytest.mark.parametrize(
    ("zone", "typed", "fine"),
    [
        ("America/Los_Angeles", "2026-11-24", True),
        ("America/Los_Angeles", "2026-11-23", False),
        ("Asia/Tokyo", "2026-11-25", True),
        ("Asia/Tokyo", "2026-11-24", False),
        ("Pacific/Kiritimati", "2026-11-25", True),
        ("Nowhere/Atlantis", "2026-11-24", False),  # counts as UTC
    ],
)
def test_tomorrow_is_the_day_after_today_where_the_person_is(zone: str, typed: str, fine: bool, worlds: Worlds) -> None:
    world = worlds(now=EVENING, zone=zone)

    told = world.away(typed)

    assert world.until == (date.fromisoformat(typed) if fine else None)
    assert told.startswith("You are away: " if fine else "The day has to come, and within a year: ")


@pytest.mark.parametrize("error", [None, SlackUnavailableError("silent"), SlackRejectedError("no", code="x")])
def test_while_slack_does_not_tell_where_people_are_no_day_is_refused_that_may_be_to_come(
    error: Exception | None, worlds: Worlds
) -> None:
    world = worlds(now=EVENING, zone=None, error=error)

    told = [world.away(day) for day in ("2026-11-24", "2026-11-23")]

    assert [words.split(":")[0] for words in told] == ["You are away", "The day has to come, and within a year"]


class Broken(PreferenceStore):
    """The database does not answer."""

    def set_away(self, slack_user: str, *, until: date | None) -> None:
        raise StoreUnavailableError("The database does not answer.")


def test_a_database_that_does_not_answer_is_told(store: Store) -> None:
    world = World(store, stored=Broken(store.database))

    assert world.away("2026-12-24") == "The database does not answer."
