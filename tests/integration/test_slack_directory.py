"""Who people are, as a local, strict Slack tells: yes, no, or an error where it does not tell."""

import logging
from typing import Any

import pytest

from bot.adapters.slack import directory as adapter
from bot.adapters.slack.client import SlackClient, web_client
from bot.adapters.slack.directory import SlackDirectory
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.settings import SlackSettings
from sandbox.http.faults import Error, Reset, Status
from sandbox.slack.records import UserGroup
from sandbox.slack.stand_in import SlackStandIn

ADA, BEN, CHLOE, GUS, XENIA, DORA = "U0ADA", "U0BEN", "U0CHLOE", "U0GUS", "U0XENIA", "U0DORA"
GROUP = "S0REVIEWERS"


def new_directory(slack: SlackStandIn) -> SlackDirectory:
    settings = SlackSettings(bot_token="xoxb-sandbox", api_url=slack.api_url)
    return SlackDirectory(web_client(settings, waits=False))


@pytest.fixture
def directory(slack: SlackStandIn) -> SlackDirectory:
    return new_directory(slack)


@pytest.mark.parametrize(
    ("user", "outsider"),
    [(ADA, False), (BEN, False), (GUS, True), (XENIA, True), (DORA, True), ("U0BOT", True), ("U0NOBODY", True)],
)
def test_guests_strangers_bots_and_those_who_left_are_outsiders(
    directory: SlackDirectory, user: str, outsider: bool
) -> None:
    assert directory.is_outsider(user) is outsider


def test_a_single_channel_guest_is_an_outsider(slack: SlackStandIn, directory: SlackDirectory) -> None:
    slack.workspace.change_person(ADA, is_restricted=True, is_ultra_restricted=True)

    assert directory.is_outsider(ADA) is True


def test_somebody_whom_the_bot_may_not_see_is_an_outsider(slack: SlackStandIn, directory: SlackDirectory) -> None:
    slack.faults.next("users.info", Error("user_not_visible"))

    assert directory.is_outsider(ADA) is True


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(503), SlackUnavailableError),
        (Status(429, headers={"Retry-After": "0"}), SlackUnavailableError),
        (Reset(), SlackUnavailableError),
        (Error("internal_error"), SlackUnavailableError),
        (Error("missing_scope"), SlackRejectedError),
        (Error("account_inactive"), SlackRejectedError),
        (Error("access_denied"), SlackRejectedError),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["users.info", "auth.test", "usergroups.users.list"])
def test_a_question_that_slack_does_not_answer_is_no_answer(
    slack: SlackStandIn, directory: SlackDirectory, method: str, fault: Any, error: type[SlackError]
) -> None:
    """Neither yes nor no; and it is not remembered.  Who asked is not promised that anybody asks again."""
    slack.faults.next(method, fault)

    with pytest.raises(error) as raised:
        ask(directory, method)

    assert "by itself" not in str(raised.value)

    assert ask(directory, method) in (False, {BEN, CHLOE})


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
def test_while_slack_wants_not_to_be_asked_it_is_not(
    slack: SlackStandIn, directory: SlackDirectory, method: str
) -> None:
    slack.faults.next(method, Status(429, headers={"Retry-After": "30"}))

    waits = []
    for _ in range(3):
        with pytest.raises(SlackUnavailableError) as refused:
            ask(directory, method)
        waits.append(refused.value.retry_after_seconds or 0.0)

    assert all(29 < wait <= 30 for wait in waits)
    assert len(slack.calls.of(method)) == 1


@pytest.mark.parametrize(("method", "scope"), [("users.info", "users:read"), (GROUP, "usergroups:read")])
def test_a_scope_that_is_missing_is_named(
    slack: SlackStandIn, directory: SlackDirectory, method: str, scope: str
) -> None:
    slack.scopes.discard(scope)

    with pytest.raises(SlackRejectedError, match=f"lacks the scope `{scope}`"):
        ask(directory, method)


def test_people_and_groups_are_asked_for_once_in_five_minutes(
    slack: SlackStandIn, directory: SlackDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        directory.is_outsider(ADA)
        directory.group_members(GROUP)
    directory.is_outsider(BEN)
    before = (len(slack.calls.of("users.info")), len(slack.calls.of("usergroups.users.list")))

    monkeypatch.setattr(adapter, "CACHE_SECONDS", -1.0)
    old = new_directory(slack)
    old.is_outsider(ADA)
    slack.workspace.change_person(ADA, is_restricted=True)

    assert before == (2, 1)
    assert directory.is_outsider(ADA) is False  # remembered
    assert old.is_outsider(ADA) is True  # asked anew


def test_a_group_has_members(directory: SlackDirectory) -> None:
    assert directory.group_members(GROUP) == {BEN, CHLOE}


@pytest.mark.parametrize("group", ["S0NONE", "S0OLD"])
def test_a_group_that_does_not_exist_has_nobody_and_the_operator_reads_so(
    slack: SlackStandIn, directory: SlackDirectory, caplog: pytest.LogCaptureFixture, group: str
) -> None:
    slack.workspace.put(UserGroup("S0OLD", "old", "Old", (ADA,), is_disabled=True))

    assert directory.group_members(group) == frozenset()

    assert [record.group for record in caplog.records if "no such user group" in record.message] == [group]  # type: ignore[attr-defined]  # an extra


def test_a_time_zone_that_slack_refuses_to_tell_is_none_and_the_operator_reads_why(
    slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """A reviewer is told by UTC's working hours rather than never."""
    slack.scopes.discard("users:read")
    caplog.set_level(logging.WARNING)

    zone = SlackClient(web_client(SlackSettings(bot_token="xoxb-sandbox", api_url=slack.api_url))).time_zone(ADA)

    assert zone is None
    assert "users:read" in str([record.__dict__ for record in caplog.records])


def ask(directory: SlackDirectory, method: str) -> object:
    if method in (GROUP, "usergroups.users.list"):
        return directory.group_members(GROUP)
    return directory.is_outsider(ADA)


def test_a_member_is_found_on_any_page_of_a_large_channel(slack: SlackStandIn) -> None:
    crowd = {f"U0{number:05}" for number in range(2_500)}
    slack.workspace.change_channel("C0REVIEWS", members=frozenset({ADA, "U0BOT", *crowd}))
    directory = new_directory(slack)

    assert directory.is_member(ADA, "C0REVIEWS") is True
    assert directory.is_member(ADA, "C0REVIEWS") is True  # remembered
    assert directory.is_member(GUS, "C0REVIEWS") is False

    assert len(slack.calls.of("conversations.members")) == 6


def test_who_is_in_a_channel_that_the_bot_may_not_see_is_not_guessed(slack: SlackStandIn) -> None:
    slack.faults.next("conversations.members", Error("channel_not_found"))

    with pytest.raises(SlackRejectedError):
        new_directory(slack).is_member(ADA, "C0REVIEWS")
