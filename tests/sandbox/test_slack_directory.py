"""conversations.*, users.*, usergroups.*, views.*."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.limits import TRIGGER_SECONDS
from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import plain, section

CHANNEL = "C0REVIEWS"


def refusal(client: WebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, params=arguments)
    return str(caught.value.response["error"])


def test_a_channel_says_what_it_is(client: WebClient) -> None:
    channel = client.conversations_info(channel="C0GENERAL")["channel"]

    assert (channel["name"], channel["is_private"], channel["is_member"]) == ("general", False, False)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({}, (False, False, False, False)),
        ({"is_ext_shared": True}, (True, True, False, False)),
        ({"is_pending_ext_shared": True}, (False, False, True, False)),
        ({"is_org_shared": True}, (True, False, False, True)),
    ],
)
def test_a_channel_says_with_whom_it_is_shared(
    slack: SlackStandIn, client: WebClient, flags: dict[str, bool], told: tuple[bool, ...]
) -> None:
    slack.workspace.change_channel("C0GENERAL", **flags)

    channel = client.conversations_info(channel="C0GENERAL")["channel"]

    names = ("is_shared", "is_ext_shared", "is_pending_ext_shared", "is_org_shared")
    assert tuple(channel[name] for name in names) == told


def test_a_direct_conversation_says_whose_it_is(slack: SlackStandIn, client: WebClient) -> None:
    channel = client.conversations_open(users="U0BEN")["channel"]["id"]

    assert client.conversations_info(channel=channel)["channel"]["user"] == "U0BEN"


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("U0NOBODY", "user_not_found"),
        ("U0DORA", "user_disabled"),
        ("", "users_list_not_supplied"),
        ("U0ADA,U0BEN", "too_many_users"),
    ],
)
def test_who_cannot_be_written_to(client: WebClient, users: str, error: str) -> None:
    assert refusal(client, "conversations.open", users=users) == error


def test_the_bot_joins_public_channels_only(slack: SlackStandIn, client: WebClient) -> None:
    client.conversations_join(channel="C0GENERAL")
    again = client.conversations_join(channel="C0GENERAL")

    assert "U0BOT" in slack.workspace.channel("C0GENERAL").members
    assert again["warning"] == "already_in_channel"
    assert refusal(client, "conversations.join", channel="C0SECRET") == "channel_not_found"


def test_private_and_archived_channels_are_not_joined(slack: SlackStandIn, client: WebClient) -> None:
    slack.workspace.join("C0SECRET", "U0BOT")
    slack.workspace.change_channel("C0GENERAL", is_archived=True)

    assert refusal(client, "conversations.join", channel="C0SECRET") == "method_not_supported_for_channel_type"
    assert refusal(client, "conversations.join", channel="C0GENERAL") == "is_archived"


def test_members_come_page_by_page(slack: SlackStandIn, client: WebClient) -> None:
    pages = [page["members"] for page in client.conversations_members(channel=CHANNEL, limit=4)]

    assert [len(page) for page in pages] == [4, 1]
    assert {user for page in pages for user in page} == slack.workspace.channel(CHANNEL).members
    assert refusal(client, "conversations.members", channel=CHANNEL, cursor="?") == "invalid_cursor"
    assert refusal(client, "conversations.members", channel=CHANNEL, limit=1001) == "invalid_limit"


def test_a_person_carries_status_and_standing(slack: SlackStandIn, client: WebClient) -> None:
    slack.workspace.change_person("U0ADA", status_text="Out", status_emoji=":palm_tree:", status_expiration=1)

    user = client.users_info(user="U0ADA")["user"]

    assert user["is_admin"]
    assert user["profile"]["email"] == "ada@example.com"
    assert (user["profile"]["status_emoji"], user["profile"]["status_expiration"]) == (":palm_tree:", 1)


def test_an_email_needs_its_scope(slack: SlackStandIn, client: WebClient) -> None:
    slack.scopes.remove("users:read.email")

    assert "email" not in client.users_info(user="U0ADA")["user"]["profile"]


def test_strangers_guests_and_the_departed_are_marked(client: WebClient) -> None:
    people = {one["name"]: one for page in client.users_list(limit=3) for one in page["members"]}

    assert len(people) == 7
    assert people["xenia"]["is_stranger"]
    assert people["gus"]["is_restricted"]
    assert people["dora"]["deleted"]
    assert people["assign-reviews"]["is_bot"]


def test_people_are_found_by_email(client: WebClient) -> None:
    assert client.users_lookupByEmail(email="ADA@example.com")["user"]["id"] == "U0ADA"


@pytest.mark.parametrize("email", ["nobody@example.com", "dora@example.com"])
def test_unknown_and_deactivated_people_are_not_found(client: WebClient, email: str) -> None:
    assert refusal(client, "users.lookupByEmail", email=email) == "users_not_found"


def test_user_groups_have_members(slack: SlackStandIn, client: WebClient) -> None:
    assert [group["handle"] for group in client.usergroups_list()["usergroups"]] == ["reviewers"]
    assert client.usergroups_users_list(usergroup="S0REVIEWERS")["users"] == ["U0BEN", "U0CHLOE"]
    assert refusal(client, "usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"


def test_a_home_tab_is_replaced(slack: SlackStandIn, client: WebClient) -> None:
    for text in ("one", "two"):
        client.views_publish(user_id="U0ADA", view={"type": "home", "blocks": [section(text)]})

    assert [view.content["blocks"][0]["text"]["text"] for view in slack.workspace.views("U0ADA")] == ["two"]


def test_a_modal_is_replaced_unless_somebody_else_did(slack: SlackStandIn, client: WebClient) -> None:
    modal = {"type": "modal", "title": plain("Adjust"), "blocks": []}
    view = client.views_open(trigger_id=slack.backend.issue_trigger("U0ADA"), view=modal)["view"]

    client.views_update(view_id=view["id"], hash=view["hash"], view={**modal, "title": plain("Adjusted")})

    assert [one.content["title"]["text"] for one in slack.workspace.views()] == ["Adjusted"]
    assert refusal(client, "views.update", view_id=view["id"], hash=view["hash"], view=modal) == "hash_conflict"
    assert refusal(client, "views.update", view_id="V404", view=modal) == "not_found"


@pytest.mark.parametrize(
    ("trigger_id", "error"),
    [("1.2.3", "invalid_trigger_id"), ("used", "exchanged_trigger_id"), ("old", "expired_trigger_id")],
)
def test_a_modal_needs_a_fresh_trigger(slack: SlackStandIn, client: WebClient, trigger_id: str, error: str) -> None:
    modal = {"type": "modal", "title": plain("Adjust"), "blocks": []}
    triggers = {name: slack.backend.issue_trigger("U0ADA") for name in ("used", "old")}
    client.views_open(trigger_id=triggers["used"], view=modal)
    slack.clock.advance(TRIGGER_SECONDS if trigger_id == "old" else 0)

    with pytest.raises(SlackApiError, match=error):
        client.views_open(trigger_id=triggers.get(trigger_id, trigger_id), view=modal)

    assert [view.user for view in slack.workspace.views()] == ["U0ADA"]


def test_a_broken_view_is_explained(client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="unsupported type: modal"):
        client.views_publish(user_id="U0ADA", view={"type": "modal", "title": plain(), "blocks": []})
