"""Named reviewers are found in the directory; nobody is guessed."""

from bot.domain.model import Reviewer
from bot.domain.reviewers import User, matched, unlisted

ANA_ID = "0a7f2b1c-1111-4aaa-8bbb-000000000001"
BEN_ID = "0a7f2b1c-2222-4aaa-8bbb-000000000002"
ANA = User(ANA_ID, "Ana Ruiz", "Ana@Example.com")
BEN = User(BEN_ID, "Ben Okafor", "ben@example.com")


def test_reviewers_are_found_by_id_and_by_email_in_the_order_asked() -> None:
    found, unknown = matched(["ben@example.com", ANA_ID], [ANA, BEN])

    assert found == (Reviewer(BEN_ID, "Ben Okafor"), Reviewer(ANA_ID, "Ana Ruiz"))
    assert unknown == ()


def test_letter_case_and_spaces_do_not_count() -> None:
    found, _ = matched([" ANA@example.COM ", BEN_ID.upper()], [ANA, BEN])

    assert [reviewer.id for reviewer in found] == [ANA_ID, BEN_ID]


def test_a_person_named_twice_is_one_reviewer() -> None:
    found, unknown = matched(["ana@example.com", "ben@example.com", ANA_ID], [ANA, BEN])

    assert [reviewer.id for reviewer in found] == [ANA_ID, BEN_ID]
    assert unknown == ()


def test_names_nobody_answers_to_come_back_as_they_were_written() -> None:
    found, unknown = matched(["Zoe@Example.com", "ana@example.com", "Ana Ruiz", ""], [ANA, BEN])

    assert [reviewer.id for reviewer in found] == [ANA_ID]
    assert unknown == ("Zoe@Example.com", "Ana Ruiz", "")


def test_an_email_that_two_users_share_names_nobody() -> None:
    twin = User(BEN_ID, "Ana's other account", "ana@example.com")

    found, unknown = matched(["ana@example.com"], [ANA, twin])

    assert found == ()
    assert unknown == ("ana@example.com",)


def test_a_user_that_is_listed_twice_is_one_person() -> None:
    found, _ = matched(["ana@example.com"], [ANA, ANA])

    assert found == (Reviewer(ANA_ID, "Ana Ruiz"),)


def test_a_user_without_an_email_is_found_by_id_only() -> None:
    found, unknown = matched([ANA_ID, "none"], [User(ANA_ID, "Ana Ruiz")])

    assert [reviewer.id for reviewer in found] == [ANA_ID]
    assert unknown == ("none",)


def test_without_a_directory_ids_stand_for_themselves_and_emails_for_nobody() -> None:
    users = unlisted([ANA_ID.upper(), "ben@example.com", "ana"])

    assert users == (User(ANA_ID, "reviewer 0a7f2b1c"),)


def test_without_a_directory_an_id_is_written_as_braintrust_writes_it() -> None:
    """`uuid.UUID` reads other spellings too, but none of them is anybody's id."""
    spellings = [ANA_ID.replace("-", ""), f"{{{ANA_ID}}}", f"urn:uuid:{ANA_ID}"]

    users = unlisted(spellings)

    assert {user.id for user in users} <= {ANA_ID}


def test_two_unlisted_people_stay_two() -> None:
    found, _ = matched([ANA_ID, BEN_ID], unlisted([ANA_ID, BEN_ID]))

    assert [reviewer.id for reviewer in found] == [ANA_ID, BEN_ID]
