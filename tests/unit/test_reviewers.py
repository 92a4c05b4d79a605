"""Everybody who is named is found once, by any name, or left out for a reason; nobody is guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people import Exclusion, Group, Person, User
from bot.domain.plan import LeftOut, Reviewer
from bot.domain.reviewers import Known, Member, Staff, parsed_name, resolved

ANA_ID, BEN_ID, EVA_ID, CI_ID = (
    f"0a7f2b1c-{number}{number}{number}{number}-4aaa-8bbb-000000000000" for number in "1234"
)
ANA = User(ANA_ID, "Ana Ruiz", "Ana@Example.com")
BEN = User(BEN_ID, "Ben Okafor", "ben@example.com")
EVA = User(EVA_ID, "Eva Lind", "eva@example.com")
CI = User(CI_ID, "CI service account")
ADA = Person("U0ANA", "ana", "ana@EXAMPLE.com")
BO = Person("U0BEN", "Ben O.", "ben@example.com")
IDA = Person("U0EVA", "eva", "eva@slack.example")
BOT = Person("U0BOT", "helper", is_bot=True)
NOBODY = Person("U0NO", "no mail")
TEAM = Group("g1", "Support team", (ANA_ID, BEN_ID))
KNOWN = Known(users=(ANA, BEN, EVA, CI), groups=(TEAM,), people=(ADA, BO, IDA, BOT, NOBODY))
FOUND_ANA = Member(Reviewer(ANA_ID, "Ana Ruiz", "U0ANA"))
FOUND_BEN = Member(Reviewer(BEN_ID, "Ben Okafor", "U0BEN"))
FOUND_EVA = Member(Reviewer(EVA_ID, "Eva Lind", None))


def roster(*names: str, known: Known = KNOWN) -> Staff:
    return resolved(map(parsed_name, names), known)


def left(*names: str, known: Known = KNOWN) -> list[tuple[str, str]]:
    """Who is left out of a roster that has nobody else."""
    found = roster(*names, known=known)
    assert found.members == ()
    return [(one.name, one.reason) for one in found.left_out]


@pytest.mark.parametrize("name", [ANA_ID, ANA_ID.upper(), "ANA@example.com", "<@U0ANA|ana>", "@u0ana", "U0ANA"])
def test_a_person_is_found_by_any_name(name: str) -> None:
    assert roster(name) == Staff((FOUND_ANA,), ())


def test_people_come_in_the_order_asked_and_each_once() -> None:
    found = roster("U0BEN", "ana@example.com", BEN_ID, "group:SUPPORT TEAM", "<@U0ANA>").members

    assert found == (FOUND_BEN, FOUND_ANA)


def test_a_reviewer_without_a_slack_account_is_found_all_the_same() -> None:
    assert roster(EVA_ID).members == roster("eva@example.com").members == (FOUND_EVA,)


@pytest.mark.parametrize(
    ("name", "shown", "reason"),
    [
        ("Zoe@example.com", "zoe@example.com", Exclusion.UNKNOWN),
        (ANA_ID.replace("0a", "0b"), ANA_ID.replace("0a", "0b"), Exclusion.UNKNOWN),
        ("U0GHOST", "U0GHOST", Exclusion.NOT_IN_SLACK),
        ("U0EVA", "eva", Exclusion.UNKNOWN),
        ("U0NO", "no mail", Exclusion.NO_EMAIL),
        ("U0BOT", "helper", Exclusion.SERVICE),
        (CI_ID, "CI service account", Exclusion.SERVICE),
        ("S0TEAM", "S0TEAM", Exclusion.UNREADABLE),
        ("group:Nobody:3", "group:nobody", Exclusion.UNKNOWN),
    ],
)
def test_who_is_left_out_is_told_with_the_reason(name: str, shown: str, reason: Exclusion) -> None:
    assert left(name) == [(shown, reason)]


@pytest.mark.parametrize("name", [BEN_ID, "ben@example.com", "U0BEN", "S0TEAM", "group:support team"])
def test_a_deactivated_account_never_counts_by_whatever_name(name: str) -> None:
    people = (ADA, replace(BO, deactivated=True))
    known = replace(KNOWN, people=people, members={"S0TEAM": ("U0BEN",)})

    roll = roster(name, known=known)

    assert BEN_ID not in {one.reviewer.id for one in roll.members}
    assert [one.reason for one in roll.left_out] == [Exclusion.DEACTIVATED]


@pytest.mark.parametrize("name", [BEN_ID, "ben@example.com", "U0BEN", "U0TWO"])
def test_two_people_in_slack_with_one_email_are_ambiguous(name: str) -> None:
    known = replace(KNOWN, people=(ADA, BO, Person("U0TWO", "Ben too", "BEN@example.com")))

    assert [reason for _, reason in left(name, known=known)] == [Exclusion.AMBIGUOUS]


@pytest.mark.parametrize("name", ["ben@example.com", "U0BEN"])
def test_two_users_in_braintrust_with_one_email_are_ambiguous(name: str) -> None:
    twin = User("0b" + BEN_ID[2:], "Ben's other account", "Ben@example.com")

    assert [reason for _, reason in left(name, known=replace(KNOWN, users=(BEN, twin)))] == [Exclusion.AMBIGUOUS]


def test_a_user_that_is_listed_twice_is_one_person() -> None:
    assert roster("ana@example.com", known=replace(KNOWN, users=(ANA, ANA))).members == (FOUND_ANA,)


def test_nobody_is_found_by_what_they_are_called() -> None:
    known = replace(KNOWN, people=(Person("U0EVA", "Eva Lind", "other@example.com"),))

    assert left("U0EVA", known=known) == [("Eva Lind", Exclusion.UNKNOWN)]
    assert roster(EVA_ID, known=known).members == (FOUND_EVA,)


def test_no_email_is_shown_that_nobody_typed() -> None:
    people = (Person("U0EVA", "eva@slack.example", "eva@slack.example"), Person("U0X", "", "x@slack.example"))

    assert [name for name, _ in left("U0EVA", "U0X", known=replace(KNOWN, people=people))] == ["U0EVA", "U0X"]


# ---- the map ---------------------------------------------------------------------------------------------------------


def matched(member: Member, slack_id: str | None) -> Member:
    """The same person with this Slack account."""
    return replace(member, reviewer=replace(member.reviewer, slack_id=slack_id))


MAPPED = matched(FOUND_EVA, "U0EVA")


@pytest.mark.parametrize("key", ["U0EVA", "u0eva", "eva@slack.example", "EVA@Slack.example"])
@pytest.mark.parametrize("target", [EVA_ID, "eva@example.com", "EVA@EXAMPLE.COM"])
@pytest.mark.parametrize("name", ["U0EVA", EVA_ID, "eva@example.com", "eva@slack.example"])
def test_the_map_says_who_is_whom(key: str, target: str, name: str) -> None:
    assert roster(name, known=replace(KNOWN, mapped={key: target})) == Staff((MAPPED,), ())


def test_the_map_beats_the_email() -> None:
    known = replace(KNOWN, mapped={"U0ANA": "eva@example.com", "ben@example.com": EVA_ID})

    assert roster("U0ANA", known=replace(KNOWN, mapped={"U0ANA": EVA_ID})).members[0].reviewer.id == EVA_ID
    assert roster("ben@example.com", known=known).members == (matched(FOUND_EVA, "U0ANA"),)
    assert roster(ANA_ID, known=known).members == (matched(FOUND_ANA, None),)


def test_the_map_settles_which_of_two_accounts_it_is() -> None:
    """The other one is then somebody else with the same e-mail."""
    known = replace(KNOWN, people=(BO, Person("U0TWO", "Ben too", "ben@example.com")), mapped={"U0TWO": BEN_ID})

    assert roster(BEN_ID, "U0TWO", known=known).members == (matched(FOUND_BEN, "U0TWO"),)
    assert left("U0BEN", known=known) == [("Ben O.", Exclusion.AMBIGUOUS)]


def test_the_map_cannot_make_a_reviewer_of_a_deactivated_account_or_of_a_bot() -> None:
    people = (replace(IDA, deactivated=True), BOT)
    known = replace(KNOWN, people=people, mapped={"U0EVA": EVA_ID, "U0BOT": BEN_ID})

    assert [reason for _, reason in left("U0EVA", EVA_ID, "U0BOT", BEN_ID, known=known)] == [
        Exclusion.DEACTIVATED,
        Exclusion.DEACTIVATED,
        Exclusion.SERVICE,
        Exclusion.SERVICE,
    ]


def test_a_map_that_leads_nowhere_names_nobody_and_tells_no_email() -> None:
    known = replace(KNOWN, mapped={"U0EVA": "gone@example.com"})

    assert left("U0EVA", known=known) == [("eva", Exclusion.UNKNOWN)]


# ---- weights and groups ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "weights"),
    [
        (["ana@example.com:3", f"{ANA_ID}:5"], [3]),
        (["group:support team:2", "ana@example.com:5"], [5, 2]),
        (["ana@example.com:5", "group:support team:2"], [5, 2]),
        (["group:support team:2", "S0TEAM:7"], [2, 2]),
        (["S0TEAM", "ana@example.com:0"], [0, 1]),
        (["group:support team:2", "ana@example.com"], [1, 2]),
        (["group:support team", "ana@example.com:4", f"{ANA_ID}:9"], [4, 1]),
    ],
)
def test_the_first_naming_wins_and_a_person_beats_a_group(names: list[str], weights: list[int]) -> None:
    known = replace(KNOWN, members={"S0TEAM": ("U0ANA", "U0BEN")})

    assert [one.weight for one in roster(*names, known=known).members] == weights


def test_a_user_group_is_its_members() -> None:
    known = replace(KNOWN, members={"S0TEAM": ("U0BEN", "U0BOT", "U0GHOST", "U0ANA", "U0BEN")})

    roll = roster("<!subteam^S0TEAM|@team>", known=known)

    assert roll.members == (FOUND_BEN, FOUND_ANA)
    assert roll.left_out == (LeftOut("helper", Exclusion.SERVICE), LeftOut("U0GHOST", Exclusion.NOT_IN_SLACK))


@pytest.mark.parametrize(
    ("members", "reason"), [({"S0TEAM": None}, Exclusion.UNREADABLE), ({"S0TEAM": ()}, Exclusion.EMPTY)]
)
def test_a_user_group_that_cannot_be_read_or_is_empty_is_left_out(
    members: Mapping[str, Sequence[str] | None], reason: Exclusion
) -> None:
    assert left("S0TEAM", "S0TEAM:2", known=replace(KNOWN, members=members)) == [("S0TEAM", reason)] * 2


def test_groups_within_groups_are_read_though_they_contain_each_other() -> None:
    inner = Group("g2", "Inner", (EVA_ID,), ("g3", "g2"))
    innermost = Group("g3", "Innermost", (ANA_ID, BEN_ID), ("g1", "gone"))
    outer = Group("g1", "Outer", (BEN_ID,), ("g2", "g3"))
    known = replace(KNOWN, groups=(innermost, outer, inner))

    assert roster("group:outer", known=known).members == (FOUND_BEN, FOUND_EVA, FOUND_ANA)


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (None, Exclusion.UNREADABLE),
        ((), Exclusion.UNKNOWN),
        ((Group("g1", "SUPPORT team"),), Exclusion.EMPTY),
        ((TEAM, Group("g2", "support Team", (EVA_ID,))), Exclusion.AMBIGUOUS),
    ],
)
def test_a_braintrust_group_that_leads_to_nobody_is_left_out(
    groups: tuple[Group, ...] | None, reason: Exclusion
) -> None:
    assert left("group:Support team", known=replace(KNOWN, groups=groups)) == [("group:support team", reason)]


def test_a_chain_of_many_groups_is_followed_to_its_end() -> None:
    chain = [Group(f"g{number}", f"Group {number}", (), (f"g{number + 1}",)) for number in range(5_000)]
    known = replace(KNOWN, groups=(*chain, Group("g5000", "Last", (ANA_ID,))))

    assert roster("group:Group 0", known=known).members == (FOUND_ANA,)


# ---- what cannot be read ---------------------------------------------------------------------------------------------


def test_without_a_directory_ids_stand_for_themselves() -> None:
    known = Known(users=None, groups=(TEAM,), people=KNOWN.people, mapped={"U0EVA": EVA_ID})

    roll = roster(
        ANA_ID.upper(), "U0EVA", "eva@slack.example", "ben@example.com", "U0BEN", "group:Support team", known=known
    )

    assert roll.members == (
        Member(Reviewer(ANA_ID, "reviewer 0a7f2b1c", None)),
        Member(Reviewer(EVA_ID, "reviewer 0a7f2b1c", "U0EVA")),
        Member(Reviewer(BEN_ID, "reviewer 0a7f2b1c", None)),
    )
    assert roll.left_out == (LeftOut("ben@example.com", Exclusion.UNLISTED), LeftOut("Ben O.", Exclusion.UNLISTED))


def test_without_slack_the_map_is_all_there_is() -> None:
    known = replace(KNOWN, people=None, mapped={"U0EVA": EVA_ID})

    roll = roster("U0EVA", "U0ANA", "ben@example.com", known=known)

    assert roll.members == (MAPPED, matched(FOUND_BEN, None))
    assert roll.left_out == (LeftOut("U0ANA", Exclusion.NOT_ASKED),)


# ---- laws ------------------------------------------------------------------------------------------------------------

EMAILS = st.sampled_from([None, "", "a@x.com", "A@x.com", "b@x.com", "c@x.com"])
USERS = st.lists(
    st.builds(User, st.sampled_from([ANA_ID, BEN_ID, EVA_ID]), st.just("Somebody"), EMAILS),
    max_size=4,
    unique_by=lambda user: user.id,
)
PEOPLE = st.lists(
    st.builds(
        Person,
        st.sampled_from(["U0ANA", "U0BEN", "U0EVA"]),
        st.sampled_from(["", "ana", "b@x.com"]),
        EMAILS,
        deactivated=st.booleans(),
        is_bot=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda person: person.id,
)
GROUPS = st.lists(
    st.builds(
        Group,
        st.sampled_from(["g1", "g2", "g3"]),
        st.sampled_from(["Team", "other"]),
        st.lists(st.sampled_from([ANA_ID, BEN_ID, CI_ID]), max_size=3).map(tuple),
        st.lists(st.sampled_from(["g1", "g2", "g3", "g4"]), max_size=3).map(tuple),
    ),
    max_size=3,
)
SLACK_IDS = st.sampled_from(["U0ANA", "U0BEN", "U0EVA", "U0GHOST"])
KNOWLEDGE = st.builds(
    Known,
    users=st.none() | USERS.map(tuple),
    groups=st.none() | GROUPS.map(tuple),
    people=st.none() | PEOPLE.map(tuple),
    members=st.dictionaries(st.just("S0TEAM"), st.none() | st.lists(SLACK_IDS, max_size=3).map(tuple)),
    mapped=st.dictionaries(
        st.sampled_from(["U0ANA", "u0ben", "a@x.com", "B@x.com"]),
        st.sampled_from([ANA_ID, BEN_ID.upper(), "a@x.com", "C@x.com", "gone@x.com"]),
        max_size=3,
    ),
)
NAMES = st.lists(
    st.sampled_from(
        [ANA_ID, BEN_ID, "a@x.com", "b@x.com:0", "c@x.com:9", "U0ANA", "U0BEN:2", "U0GHOST", "S0TEAM:4", "group:Team:5"]
    ),
    max_size=6,
)


def test_an_e_mail_that_two_users_share_makes_neither_of_them_somebody_in_slack() -> None:
    users = (User(ANA_ID, "Ana", "c@x.com"), User(BEN_ID, "Ben", "C@x.com"))

    found = roster(
        ANA_ID, BEN_ID, known=Known(users=users, groups=(), people=None, mapped={"U0ANA": "c@x.com"})
    ).members

    assert [(one.reviewer.name, one.reviewer.slack_id) for one in found] == [("Ana", None), ("Ben", None)]


@given(NAMES, KNOWLEDGE)
def test_each_person_is_found_once_and_nobody_who_must_not_be(names: list[str], known: Known) -> None:
    roll = roster(*names, known=known)
    ids = [one.reviewer.id for one in roll.members]
    unfit = {person.id for person in known.people or () if person.deactivated or person.is_bot}
    users = None if known.users is None else {user.id for user in known.users if user.email}

    assert len(set(ids)) == len(ids)
    assert not {one.reviewer.slack_id for one in roll.members} & unfit
    assert users is None or set(ids) <= users
    assert len([one.reviewer.slack_id for one in roll.members if one.reviewer.slack_id]) == len(
        {one.reviewer.slack_id for one in roll.members} - {None}
    )


@given(NAMES, KNOWLEDGE)
def test_every_name_leads_to_somebody_or_is_told_with_a_reason(names: list[str], known: Known) -> None:
    for name in names:
        roll = roster(name, known=known)

        assert roll.members or roll.left_out
        assert all(isinstance(one.reason, Exclusion) and one.name for one in roll.left_out)
        assert all("@" not in one.name for one in roll.left_out if "@" not in name)


@given(NAMES, KNOWLEDGE)
def test_more_names_never_lose_anybody(names: list[str], known: Known) -> None:
    fewer, more = roster(*names[:-1], known=known), roster(*names, known=known)

    assert [one.reviewer.id for one in more.members][: len(fewer.members)] == [one.reviewer.id for one in fewer.members]
    assert more.left_out[: len(fewer.left_out)] == fewer.left_out


@given(SLACK_IDS, KNOWLEDGE)
def test_whom_slack_leads_to_is_found_by_their_braintrust_id_in_the_same_way(slack_id: str, known: Known) -> None:
    for one in roster(slack_id, known=known).members:
        assert one.reviewer.slack_id == slack_id
        assert roster(one.reviewer.id, known=known).members == (one,)
