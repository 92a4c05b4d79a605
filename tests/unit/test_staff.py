"""Who takes part in a plan: found, present, and with room."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.adapters.store.people import MatchStore
from bot.domain.allocation import Strategy
from bot.domain.choices import Choices
from bot.domain.people import Group, Person, User
from bot.domain.plan import DropReason, Reviewer, Share
from bot.domain.reviewers import Staff
from bot.errors import (
    BraintrustRejectedError,
    BraintrustUnavailableError,
    CommandError,
    NoAccessError,
    SlackUnavailableError,
    StoreUnavailableError,
)
from bot.services.reviewers import NO_NAMES, NO_SLACK, PARTLY, StaffReader
from bot.services.step import VisiblePatience
from bot.settings import PeopleSettings, Settings
from tests.integration.stored import Store
from tests.unit.builders import NOW, a_plan, a_request, a_row
from tests.unit.fakes import FakeBraintrust, FakeClock, FakePeople, FakeWork

ANA_ID, BEN_ID = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CARA_ID = "33333333-3333-4333-8333-333333333333"
USERS = (User(ANA_ID, "Ana Ruiz", "Ana@Example.com"), User(BEN_ID, "Ben Okafor", "ben@example.com"))
ANA, BEN = Person("U0ANA", "Ana", "ana@example.com"), Person("U0BEN", "Ben", "BEN@example.com")
REFUSED = BraintrustRejectedError("Braintrust refused.")
PATIENCE = VisiblePatience(FakeWork(), lambda reason: None)


class World:
    """Two people, in Braintrust and in Slack."""

    def __init__(self, store: Store, *people: Person, **queue: Any) -> None:
        self.braintrust = FakeBraintrust(users=USERS)
        self.people = FakePeople(*(people or (ANA, BEN)), groups={"S0TEAM": ("U0ANA", "U0BEN")})
        self.preferences = store.preferences
        self.matches = store.matches
        self.clock = FakeClock(NOW)
        settings = Settings()
        self.settings = replace(settings, queue=replace(settings.queue, **queue))
        self.reader = self.reading(PeopleSettings())

    def reading(self, people: PeopleSettings) -> StaffReader:
        return StaffReader(
            braintrust=self.braintrust,
            people=self.people,
            preferences=self.preferences,
            matches=self.matches,
            settings=replace(self.settings, people=people),
            clock=self.clock,
        )

    def staff(self, *names: str, **choices: Any) -> Staff:
        return self.reader.of(a_request(reviewers=names, choices=Choices(**choices)), patience=PATIENCE)

    def leavers(self, *names: str) -> dict[str, DropReason]:
        shares = (Share(Reviewer(ANA_ID, "Ana Ruiz"), 1), Share(Reviewer(BEN_ID, "Ben Okafor"), 1))
        plan = a_plan(request=a_request(reviewers=names), shares=shares)
        return dict(self.reader.leavers(plan, patience=PATIENCE))


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def ids(staff: Staff) -> list[str]:
    return [member.reviewer.id for member in staff.members]


@pytest.mark.parametrize("names", [("U0ANA", "U0BEN"), ("S0TEAM",), ("group:All",), ("ana@example.com", BEN_ID)])
def test_people_are_found_by_any_name_and_known_in_slack(names: tuple[str, ...], worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.listed_groups = (Group("g1", "All", (ANA_ID,), ("g2",)), Group("g2", "Inner", (BEN_ID,), ("g1",)))

    staff = world.staff(*names)

    assert [member.reviewer for member in staff.members] == [
        Reviewer(ANA_ID, "Ana Ruiz", "U0ANA"),
        Reviewer(BEN_ID, "Ben Okafor", "U0BEN"),
    ]
    assert (staff.left_out, staff.notes) == ((), ())


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        (
            ("U0ANA:2", "ana@example.com:3"),
            ("`Ana Ruiz` is named with the weight 2 and with the weight 3: the weight 2 counts.",),
        ),
        (("U0ANA:2", "ana@example.com:2", BEN_ID), ()),
        (("S0TEAM", "ana@example.com:3"), ()),  # who is named beats a group
    ],
)
def test_two_weights_for_one_person_are_told(names: tuple[str, ...], notes: tuple[str, ...], worlds: Worlds) -> None:
    assert worlds().staff(*names).notes == notes


def test_who_is_away_is_left_out_with_the_reason(worlds: Worlds) -> None:
    world = worlds(ANA, replace(BEN, status_emoji=":palm_tree:"))
    world.preferences.set_away("U0ANA", until=date(2026, 5, 18))  # today: back again

    staff = world.staff("S0TEAM")

    assert ids(staff) == [ANA_ID]
    assert [(left.name, left.reason) for left in staff.left_out] == [("Ben Okafor", "Slack status: away")]


def test_everybody_away_makes_no_plan_and_the_reasons_are_told(worlds: Worlds) -> None:
    world = worlds(replace(ANA, status_text="OOO"), BEN)
    world.preferences.set_away("U0BEN", until=date(2026, 5, 20))

    with pytest.raises(CommandError, match=r"`Ana Ruiz` \(Slack status: away\), `Ben Okafor` \(away until 20 May\)"):
        world.staff("S0TEAM")


def test_while_slack_is_silent_nobody_is_away_and_people_are_known_from_the_day_before(worlds: Worlds) -> None:
    world = worlds(ANA, replace(BEN, status_emoji=":palm_tree:"))
    world.staff("S0TEAM")
    world.people.error = SlackUnavailableError("Slack does not answer.")

    staff = world.staff("U0ANA", "U0BEN")

    assert ids(staff) == [ANA_ID, BEN_ID]
    assert staff.notes == (f"{NO_SLACK} Slack does not answer.",)


def without_emails(worlds: Worlds, **mapped: str) -> World:
    """A world whose bot sees nobody's e-mail in Slack, where both are away, and that knows some by the map."""
    world = worlds(replace(ANA, status_emoji=":palm_tree:"), replace(BEN, status_emoji=":palm_tree:"))
    world.people.hides_emails = True
    world.reader = world.reading(PeopleSettings(reviewer_map=mapped))
    return world


def test_without_emails_who_is_mapped_is_found_and_the_rest_is_said_once(worlds: Worlds) -> None:
    world = without_emails(worlds, U0ANA=ANA_ID)

    staff = world.staff("ana@example.com", "ben@example.com", "U0BEN")

    assert ids(staff) == [BEN_ID]
    assert [(left.name, left.reason) for left in staff.left_out] == [
        ("Ben", "Slack shows no e-mail of theirs"),
        ("Ana Ruiz", "Slack status: away"),
    ]
    assert staff.notes == (f"{PARTLY} The Slack app lacks a scope.",)


def test_without_emails_nothing_is_said_where_none_is_needed(worlds: Worlds) -> None:
    world = without_emails(worlds, U0ANA=ANA_ID, U0BEN=BEN_ID)
    world.people.listed = (ANA, BEN)

    staff = world.staff("ana@example.com", "U0BEN")

    assert [member.reviewer.slack_id for member in staff.members] == ["U0ANA", "U0BEN"]
    assert staff.notes == ()


def test_without_emails_nobody_is_taken_to_have_left(worlds: Worlds) -> None:
    assert without_emails(worlds).leavers("U0ANA", "ben@example.com") == {}


def test_once_emails_are_shown_everybody_is_found(worlds: Worlds) -> None:
    world = without_emails(worlds)
    world.staff("ana@example.com", "ben@example.com")

    world.people.listed, world.people.hides_emails = (ANA, BEN), False

    assert [one.reviewer.slack_id for one in world.staff("ana@example.com", "ben@example.com").members] == [
        "U0ANA",
        "U0BEN",
    ]


def test_everybody_in_slack_is_listed_once_a_day_and_then_only_reviewers_are_asked_for(worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.listed = (*USERS, User(CARA_ID, "Cara Lund", "cara@example.com"))
    names = ("ana@example.com", "cara@example.com")

    first = world.staff(*names)
    again = world.staff(*names)
    world.clock.now += timedelta(hours=24, seconds=1)
    world.staff(*names)

    assert first == again
    assert [member.reviewer.slack_id for member in again.members] == ["U0ANA", None]
    assert world.people.asked == ["everybody", "U0ANA", "everybody"]


def test_who_went_away_since_is_seen_at_once(worlds: Worlds) -> None:
    world = worlds()
    world.staff("S0TEAM")
    world.people.listed = (ANA, replace(BEN, status_emoji=":palm_tree:"))

    assert ids(world.staff("S0TEAM")) == [ANA_ID]


@pytest.mark.parametrize(
    "former",
    [pytest.param([], id="gone"), pytest.param([replace(BEN, deactivated=True)], id="deactivated")],
)
def test_an_account_that_was_matched_and_is_no_more_is_looked_for_by_email(
    former: list[Person], worlds: Worlds
) -> None:
    world = worlds()
    world.staff("ana@example.com", "ben@example.com")
    world.people.listed = (ANA, *former, replace(BEN, id="U0BEN2"))

    staff = world.staff("ana@example.com", "ben@example.com")

    assert (world.people.asked.count("everybody"), world.people.asked[-1]) == (1, "ben@example.com")
    assert [member.reviewer.slack_id for member in staff.members] == ["U0ANA", "U0BEN2"]


def test_somebody_who_came_to_slack_since_is_found_without_a_listing(worlds: Worlds) -> None:
    world = worlds(ANA)
    world.staff("ana@example.com")
    world.people.listed = (ANA, BEN)

    staff = world.staff("ana@example.com", "ben@example.com")

    assert [member.reviewer.slack_id for member in staff.members] == ["U0ANA", "U0BEN"]
    assert world.people.asked == ["everybody", "U0ANA", "ben@example.com"]


def test_a_name_that_nobody_knows_has_nobody_listed_again_and_who_is_meant_is_seen_as_now(worlds: Worlds) -> None:
    world = worlds()
    names = ("U0ANA", "U0BEN", "who@example.com")
    world.staff(*names)
    world.people.listed = (ANA, replace(BEN, status_emoji=":palm_tree:"))

    assert ids(world.staff(*names)) == [ANA_ID]
    assert world.leavers(*names) == {BEN_ID: DropReason.AWAY}
    world.people.listed = (ANA, replace(BEN, deactivated=True))
    assert world.leavers(*names) == {BEN_ID: DropReason.REVIEWER}
    assert world.people.asked.count("everybody") == 1


def test_an_approval_in_a_new_process_knows_who_was_named_by_an_email_that_only_slack_has(worlds: Worlds) -> None:
    world = worlds(ANA, replace(BEN, email="ben@elsewhere.example"))
    world.reader = world.reading(PeopleSettings(reviewer_map={"U0BEN": "ben@example.com"}))

    assert world.leavers("ana@example.com", "ben@elsewhere.example") == {}
    assert "everybody" not in world.people.asked


def test_an_approval_lists_nobody_also_in_a_new_process(worlds: Worlds) -> None:
    world = worlds()

    assert world.leavers("U0ANA", "ben@example.com", "who@example.com") == {}
    assert "everybody" not in world.people.asked


def test_what_the_map_says_counts_at_once(worlds: Worlds) -> None:
    world = worlds(ANA, replace(BEN, email="ben@elsewhere.example"))
    world.staff("ben@example.com")
    world.reader = world.reading(PeopleSettings(reviewer_map={"ben@elsewhere.example": "ben@example.com"}))

    staff = world.staff("ben@example.com")

    assert [member.reviewer.slack_id for member in staff.members] == ["U0BEN"]


class Broken(MatchStore):
    """The database does not answer."""

    def since(self, moment: datetime) -> dict[str, str | None]:
        raise StoreUnavailableError("The database does not answer.")

    def keep(self, accounts: Mapping[str, str | None], *, now: datetime) -> None:
        raise StoreUnavailableError("The database does not answer.")


def test_a_database_that_is_away_only_costs_requests(store: Store) -> None:
    world = World(store)
    world.matches = Broken(store.database)
    world.reader = world.reading(PeopleSettings())

    assert ids(world.staff("S0TEAM")) == [ANA_ID, BEN_ID]


@pytest.mark.parametrize("is_refused", [True, False])
def test_without_the_right_to_list_users_ids_stand_for_themselves(is_refused: bool, worlds: Worlds) -> None:
    """It is refused, or the list is empty: at least the key's owner would be in it."""
    world = worlds()
    world.braintrust.listed = ()
    if is_refused:
        world.braintrust.refusals["users"] = REFUSED

    staff = world.staff(ANA_ID, "ben@example.com")

    assert ids(staff) == [ANA_ID]
    assert NO_NAMES in staff.notes
    assert [left.name for left in staff.left_out] == ["ben@example.com"]


def test_a_wrong_key_is_no_lack_of_a_right(worlds: Worlds) -> None:
    """Nobody is left out for it: every other question would be refused too."""
    world = worlds()
    world.braintrust.refusals["users"] = NoAccessError("Check BRAINTRUST_API_KEY.", setting="BRAINTRUST_API_KEY")

    with pytest.raises(NoAccessError):
        world.staff(ANA_ID)


def test_room_is_what_both_caps_leave(worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.open_load = {ANA_ID: 8, BEN_ID: 30}

    members = world.staff("S0TEAM", max_open_rows=10, max_new_rows=4).members

    assert [(member.open_rows, member.room) for member in members] == [(8, 2), (30, 0)]


@pytest.mark.parametrize(
    ("names", "room"),
    [
        (("S0TEAM<=10",), [2, 7]),
        (("S0TEAM<=10", "ana@example.com<=40"), [32, 7]),
        (("ana@example.com<=9", "S0TEAM"), [1, None]),
    ],
)
def test_a_cap_of_a_person_beats_that_of_a_group(
    names: tuple[str, ...], room: list[int | None], worlds: Worlds
) -> None:
    world = worlds()
    world.braintrust.open_load = {ANA_ID: 8, BEN_ID: 3}

    assert [member.room for member in world.staff(*names).members] == room


def test_where_somebody_has_a_cap_open_rows_have_to_be_known(worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.refusals["tally"] = BraintrustUnavailableError("Braintrust does not answer.")

    with pytest.raises(BraintrustUnavailableError):
        world.staff("ana@example.com<=9")


@pytest.mark.parametrize("error", [REFUSED, BraintrustUnavailableError("Braintrust does not answer.")])
def test_open_rows_that_nothing_depends_on_may_stay_unknown(error: Exception, worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.refusals["tally"] = error

    assert [member.open_rows for member in world.staff("S0TEAM").members] == [None, None]


def test_open_rows_that_are_needed_are_counted_row_by_row_where_braintrust_does_not_count_them(worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.refusals["tally"] = REFUSED
    listed = (("row-1", ANA_ID, "PENDING"), ("row-2", ANA_ID, None), ("row-3", BEN_ID, "COMPLETE"))
    world.braintrust.rows = {row_id: a_row(row_id, who, status=status) for row_id, who, status in listed}

    members = world.staff("S0TEAM", strategy=Strategy.BALANCED).members

    assert [member.open_rows for member in members] == [2, 0]


def test_at_the_approval_those_who_went_away_or_left_are_lost(worlds: Worlds) -> None:
    world = worlds(ANA, replace(BEN, status_emoji=":palm_tree:"))
    world.people.listed_groups["S0TEAM"] = ("U0BEN",)

    assert world.leavers("S0TEAM") == {ANA_ID: DropReason.REVIEWER, BEN_ID: DropReason.AWAY}


def test_at_the_approval_nobody_is_lost_because_something_cannot_be_read(worlds: Worlds) -> None:
    world = worlds()
    world.people.error = SlackUnavailableError("Slack does not answer.")

    assert world.leavers("S0TEAM") == {}
    world.braintrust.listed = USERS[:1]
    assert world.leavers("S0TEAM") == {BEN_ID: DropReason.REVIEWER}  # that Braintrust does not know him is certain
