"""manifest.yml: Slack takes it, and it asks for what the code uses, no more and no less."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from slack_bolt import App, BoltContext, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

import handlers
from bot.adapters.slack.identity import OPTIONAL_SCOPES, SCOPES
from bot.domain.homes import Installation
from bot.domain.options import COMMAND
from bot.messages import buttons
from bot.messages.help import OPTIONS
from tests.unit.builders import a_plan


def every_button() -> Iterator[dict[str, Any]]:
    """Each button that exists, with what it is made for: a plan, a number of rows, the name of a queue."""
    made_for = {"plan": a_plan(), "rows": 7, "name": "support"}
    for name, make in inspect.getmembers(buttons, inspect.isfunction):
        if name.endswith("_button"):
            yield make(*(made_for[parameter] for parameter in inspect.signature(make).parameters))


TEXT = (Path(__file__).parents[2] / "manifest.yml").read_text()
MANIFEST: dict[str, Any] = yaml.safe_load(TEXT)
[SLASH_COMMAND] = MANIFEST["features"]["slash_commands"]
EVENTS: list[str] = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
ACTION_IDS = sorted(made["action_id"] for made in every_button())
# https://docs.slack.dev/reference/events: one of these scopes lets an app hear the event
EVENT_SCOPES = {
    "app_mention": {"app_mentions:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "message.im": {"im:history"},
}


def text(most: int, pattern: str = "") -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern}


def each(schema: dict[str, Any], *, most: int) -> dict[str, Any]:
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": most, "uniqueItems": True}


def known(required: tuple[str, ...] = (), **keys: dict[str, Any]) -> dict[str, Any]:
    """An object with no other keys than these."""
    return {"type": "object", "properties": keys, "required": list(required), "additionalProperties": False}


YES_OR_NO = {"type": "boolean"}
ADDRESS = text(3_000, "^https?://")
# The part of https://docs.slack.dev/reference/app-manifest that this app uses.
RULES = known(
    ("display_information", "features", "oauth_config", "settings"),
    display_information=known(
        ("name",),
        name=text(35),
        description=text(140),
        background_color=text(7, "^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
    ),
    features=known(
        bot_user=known(("display_name",), display_name=text(80), always_online=YES_OR_NO),
        app_home=known(
            home_tab_enabled=YES_OR_NO, messages_tab_enabled=YES_OR_NO, messages_tab_read_only_enabled=YES_OR_NO
        ),
        slash_commands=each(
            known(
                ("command", "description"),
                command=text(32, r"^/[^\s]+$"),
                description=text(2_000),
                usage_hint=text(1_000),
                should_escape=YES_OR_NO,
                url=ADDRESS,
            ),
            most=50,
        ),
    ),
    oauth_config=known(
        ("scopes",),
        scopes=known(("bot",), bot=each(text(50), most=255), bot_optional=each(text(50), most=255)),
    ),
    settings=known(
        event_subscriptions=known(request_url=ADDRESS, bot_events=each(text(50), most=100)),
        interactivity=known(("is_enabled",), is_enabled=YES_OR_NO, request_url=ADDRESS),
        org_deploy_enabled=YES_OR_NO,
        socket_mode_enabled=YES_OR_NO,
        token_rotation_enabled=YES_OR_NO,
    ),
)


def problems(manifest: object) -> list[str]:
    """Why Slack would refuse a manifest."""
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(RULES).iter_errors(manifest)]


class Quiet:
    """Stands in for every service that a listener may ask for."""

    def say(self, *_: object, **__: object) -> None: ...

    def take(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def app() -> App:
    """A Bolt app with the bot's listeners, and nothing behind them."""

    def provide(context: BoltContext, next_: Any) -> None:
        context.update(dict.fromkeys(("planner", "permissions", "desk", "greeting", "private_answers"), Quiet()))
        context.update(installation=Installation())
        next_()

    installation = AuthorizeResult(enterprise_id=None, team_id="T0", bot_user_id="U0BOT", bot_token="xoxb-none")
    made = App(
        client=WebClient(base_url="http://127.0.0.1:9/"),
        before_authorize=provide,
        authorize=lambda: installation,
        token_verification_enabled=False,
        request_verification_enabled=False,
        signing_secret="none",
    )
    handlers.register(made)
    return made


def status(app: App, **body: Any) -> int:
    """What the app answers: 200 when somebody listens, 404 when nobody does."""
    sent = {"team_id": "T0", "team": {"id": "T0"}, "user": {"id": "U0ANA"}, **body}
    return app.dispatch(BoltRequest(body=json.dumps(sent), headers={"content-type": ["application/json"]})).status


def event(subscription: str) -> dict[str, Any]:
    """An event callback for what a manifest calls `message.im` or `app_mention`."""
    kind, _, channel_type = subscription.partition(".")
    inner = {"type": kind, "channel_type": channel_type, "user": "U0ANA", "channel": "C0REV", "ts": "1.2"}
    return {"type": "event_callback", "event_id": "Ev0", "event": inner}


def press(action_id: str) -> dict[str, Any]:
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": "k7f3q2:1"}
    return {"type": "block_actions", "actions": [action]}


def test_slack_takes_the_manifest() -> None:
    assert problems(MANIFEST) == []


def test_slack_takes_the_manifest_for_http_as_its_first_lines_say() -> None:
    changed = re.sub(r"# (?=(?:request_)?url:)", "", TEXT).replace(
        "socket_mode_enabled: true", "socket_mode_enabled: false"
    )
    manifest = yaml.safe_load(changed)

    settings = manifest["settings"]
    addresses = [manifest["features"]["slash_commands"][0]["url"]]
    addresses += [settings[name]["request_url"] for name in ("event_subscriptions", "interactivity")]
    assert problems(manifest) == []
    assert addresses == ["https://assign-reviews.example.com/slack/events"] * 3
    assert settings["socket_mode_enabled"] is False


@pytest.mark.parametrize(
    ("place", "value"),
    [("name", "n" * 36), ("description", ""), ("background_color", "black"), ("long_description", "short")],
)
def test_a_manifest_that_slack_refuses_is_noticed(place: str, value: str) -> None:
    wrong = {**MANIFEST, "display_information": {**MANIFEST["display_information"], place: value}}

    assert len(problems(wrong)) == 1


def test_the_scopes_are_those_of_the_code() -> None:
    assert sorted(MANIFEST["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)


def test_the_scopes_that_the_bot_can_do_without_may_be_declined() -> None:
    """Slack marks them among the others, so they stand in both lists."""
    scopes = MANIFEST["oauth_config"]["scopes"]

    assert sorted(scopes["bot_optional"]) == sorted(OPTIONAL_SCOPES)
    assert set(scopes["bot_optional"]) <= set(scopes["bot"])


def test_each_scope_has_its_reason_beside_it() -> None:
    reasons = dict(re.findall(r"^ +- ([a-z:_.]+) # (.+)$", TEXT, re.MULTILINE))

    assert reasons == SCOPES


def test_the_command_is_the_one_that_the_bot_listens_to() -> None:
    assert SLASH_COMMAND["command"] == COMMAND


def test_names_arrive_escaped() -> None:
    """Users and channels come as ids, whatever people call themselves."""
    assert SLASH_COMMAND["should_escape"] is True


def test_the_usage_hint_mentions_each_option_and_help() -> None:
    hinted = re.findall(r"[a-z_-]+", re.sub(r"=[^\]]*", "", SLASH_COMMAND["usage_hint"]))

    assert hinted == [*(form.partition("=")[0] for form, _ in OPTIONS), "help"]


def test_somebody_listens_to_the_command(app: App) -> None:
    assert status(app, command=SLASH_COMMAND["command"], text="help", channel_id="C0REV", user_id="U0ANA") == 200
    assert status(app, command="/something-else", text="help", channel_id="C0REV", user_id="U0ANA") == 404


@pytest.mark.parametrize("subscription", EVENTS)
def test_somebody_listens_to_each_event(app: App, subscription: str) -> None:
    assert status(app, **event(subscription)) == 200


@pytest.mark.parametrize("subscription", EVENTS)
def test_the_scopes_let_the_app_hear_each_event(subscription: str) -> None:
    assert EVENT_SCOPES[subscription] & set(SCOPES)


@pytest.mark.parametrize("action_id", ACTION_IDS)
def test_somebody_listens_to_each_button(app: App, action_id: str) -> None:
    assert status(app, **press(action_id)) == 200


def test_nobody_listens_to_what_is_not_there(app: App) -> None:
    """Or the tests above would prove nothing."""
    assert status(app, **event("team_join")) == 404
    assert status(app, **press("something-else")) == 404


def test_every_button_is_known() -> None:
    constants = {
        value for name, value in vars(buttons).items() if name.isupper() and isinstance(value, str) and name[0] != "_"
    }

    assert set(ACTION_IDS) == constants
