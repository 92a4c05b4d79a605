"""The likeliest mistakes of whoever installs the bot, each with what `check` has to say about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Error, Status
from tests.e2e.world import SECRET, World
from tests.ports import free_port

ELSEWHERE = "6a1c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10"


@dataclass(frozen=True)
class Mistake:
    """Settings as somebody might leave them, and the lines of `check` that are not `ok`, each by its beginning and a
    part of it.
    """

    what: str
    settings: Mapping[str, str] | Callable[[World], Mapping[str, str]]
    said: tuple[tuple[str, str], ...]
    prepare: Callable[[World], object] = field(default=lambda _: None)


def _nothing_set(world: World) -> Mapping[str, str]:
    return {name: "" for name in world.environment if name.startswith(("SLACK_", "BRAINTRUST_", "REVIEW"))}


_WEEKLY = {"WEEKLY_POST": "mon 09:00 Europe/Berlin"}

IN_SLACK = (
    Mistake(
        "the app-level token in place of the bot token",
        {"SLACK_BOT_TOKEN": "xapp-sandbox"},
        (("wrong SLACK_BOT_TOKEN", "this is an app-level token, which belongs in SLACK_APP_TOKEN"),),
    ),
    Mistake(
        "both tokens, each in the other one's place",
        {"SLACK_BOT_TOKEN": "xapp-sandbox", "SLACK_APP_TOKEN": "xoxb-sandbox"},
        (
            ("wrong SLACK_BOT_TOKEN", "belongs in SLACK_APP_TOKEN"),
            ("wrong SLACK_APP_TOKEN", "belongs in SLACK_BOT_TOKEN"),
        ),
    ),
    Mistake(
        "a user token in place of the bot token",
        {"SLACK_BOT_TOKEN": "xoxp-1-2"},
        (("wrong SLACK_BOT_TOKEN", "this is a user token"),),
    ),
    Mistake(
        "a bot token that was copied in part",
        {"SLACK_BOT_TOKEN": "xoxb-sand"},
        (("wrong SLACK_BOT_TOKEN", "copy it again"),),
    ),
    Mistake(
        "the bot token of an app that was removed",
        {},
        (("wrong SLACK_BOT_TOKEN", "install it again"),),
        lambda world: world.slack.faults.next("auth.test", Error("account_inactive"), times=9),
    ),
    Mistake(
        "an app-level token that was copied in part",
        {"SLACK_APP_TOKEN": "xapp-sand"},
        (("wrong SLACK_APP_TOKEN", "copy it again"),),
    ),
    Mistake(
        "an app-level token without its scope",
        {},
        (("wrong SLACK_APP_TOKEN", "connections:write"),),
        lambda world: world.slack.faults.next("apps.connections.open", Error("missing_scope"), times=9),
    ),
    Mistake(
        "an app that was not installed again after a new scope",
        {},
        (("wrong SLACK_BOT_TOKEN", "im:history (answers a direct message with help)"),),
        lambda world: world.slack.scopes.discard("im:history"),
    ),
    Mistake(
        "an app that lacks a scope, and another one that it can do without",
        {},
        (("wrong SLACK_BOT_TOKEN", "im:history (answers a direct message with help), usergroups:read (user groups"),),
        lambda world: world.slack.scopes.difference_update({"im:history", "usergroups:read"}),
    ),
    Mistake(
        "the address of something else in place of Slack's",
        lambda world: {"SLACK_API_URL": world.braintrust.url},
        (("wrong Slack", "something else answers in its place (status 404); check SLACK_API_URL"),),
    ),
    Mistake(
        "a typo in Slack's address",
        {"SLACK_API_URL": "https://slack.invalid/api"},
        (("wrong Slack", "no address is known for its name; check SLACK_API_URL"),),
    ),
    Mistake(
        "neither an app-level token nor a signing secret",
        {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": ""},
        (("wrong SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),),
    ),
    Mistake(
        "the verification token in place of the signing secret",
        {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "Ab3dEfGh1jKlMn0pQrStUvWx"},
        (("warning SLACK_SIGNING_SECRET", "32 characters"),),
    ),
)

IN_BRAINTRUST = (
    Mistake(
        "a key that has expired",
        {"BRAINTRUST_API_KEY": "sk-expired"},
        (("wrong BRAINTRUST_API_KEY", "does not accept"),),
    ),
    Mistake(
        "the key of another service",
        {"BRAINTRUST_API_KEY": "sk-proj-1"},
        (("wrong BRAINTRUST_API_KEY", "this is a key of OpenAI"),),
    ),
    Mistake(
        "the id of a project that the key does not reach",
        {"BRAINTRUST_PROJECT_ID": ELSEWHERE},
        (("wrong BRAINTRUST_PROJECT_ID", f"`support-bot` is {DEFAULT_PROJECT_ID}"),),
    ),
    Mistake(
        "the project's name in place of its id",
        {"BRAINTRUST_PROJECT_ID": "Support-Bot"},
        (("wrong BRAINTRUST_PROJECT_ID", f"`support-bot` is {DEFAULT_PROJECT_ID}"),),
    ),
    Mistake(
        "the project's page in place of its id",
        {"BRAINTRUST_PROJECT_ID": "https://www.braintrust.dev/app/Acme/p/support-bot/logs"},
        (("wrong BRAINTRUST_PROJECT_ID", f"`support-bot` is {DEFAULT_PROJECT_ID}"),),
    ),
    Mistake(
        "an API address with /v1 behind it", lambda world: {"BRAINTRUST_API_URL": f"{world.braintrust.url}/v1"}, ()
    ),
    Mistake(
        "the pages' address in place of the API's",
        {"BRAINTRUST_API_URL": "https://www.braintrust.dev"},
        (("wrong BRAINTRUST_API_URL", "its API is at https://api.braintrust.dev"),),
    ),
    Mistake(
        "an API address without https://",
        {"BRAINTRUST_API_URL": "api.braintrust.dev"},
        (("wrong BRAINTRUST_API_URL", "write https:// in front"),),
    ),
    Mistake(
        "a typo in the API's address",
        {"BRAINTRUST_API_URL": "https://api-eu.braintrust.invalid"},
        (("wrong BRAINTRUST_API_URL", "no address is known for its name"),),
    ),
    Mistake(
        "a wrong port",
        lambda _: {"BRAINTRUST_API_URL": f"http://127.0.0.1:{free_port()}"},
        (("wrong BRAINTRUST_API_URL", "nothing listens at its port"),),
    ),
    Mistake(
        "https:// where http:// is spoken",
        lambda world: {"BRAINTRUST_API_URL": world.braintrust.url.replace("http", "https")},
        (("wrong BRAINTRUST_API_URL", "it does not speak TLS there"),),
    ),
    Mistake(
        "the address of something else",
        lambda world: {"BRAINTRUST_API_URL": world.slack.url},
        (("wrong BRAINTRUST_API_URL", "no API of Braintrust"),),
    ),
    Mistake(
        "the API address of another region",
        {},
        (("wrong BRAINTRUST_API_URL", "set BRAINTRUST_API_URL to https://api-eu.braintrust.dev"),),
        lambda world: world.braintrust.faults.always("query", Status(421)),
    ),
    Mistake(
        "the organisation's name in other letters",
        {"BRAINTRUST_ORG_NAME": "acme"},
        (("wrong BRAINTRUST_ORG_NAME", "Acme"),),
    ),
    Mistake(
        "a # in the proxy's password",
        {"HTTPS_PROXY": "http://bot:pass#word@proxy.example.com:3128"},
        (("wrong HTTPS_PROXY", "# is written %23"),),
    ),
    Mistake(
        "a file of certificate authorities that is not there",
        {"REQUESTS_CA_BUNDLE": "/etc/ssl/our-ca.pem"},
        (("wrong REQUESTS_CA_BUNDLE", "there is no file /etc/ssl/our-ca.pem"),),
    ),
)

IN_THE_QUEUE = (
    Mistake(
        "the tag in other letters",
        {"REVIEW_TAG": "Needs-Review"},
        (("warning REVIEW_TAG", "`needs-review`"),),
    ),
    Mistake("no tag", {"REVIEW_TAG": ""}, (("warning REVIEW_TAG", "every command has to name a tag"),)),
    Mistake("days in words", {"REVIEW_DAYS": "7 days"}, (("wrong REVIEW_DAYS", "a whole number from 1 to 365"),)),
    Mistake(
        "a typo in a reviewer's e-mail",
        {"REVIEWERS": "ada.okafor@exmaple.com,chiara@example.com"},
        (
            (
                "wrong REVIEWERS",
                "ada.okafor@exmaple.com is left out (Braintrust does not know them; ada.okafor@example.com is known)",
            ),
        ),
    ),
    Mistake(
        "reviewers without commas",
        {"REVIEWERS": "chiara@example.com ada.okafor@example.com;d.volkov@example.com"},
        (),
    ),
    Mistake(
        "people who are unknown in the map",
        {"REVIEWER_MAP": "U0NOBODY=chiara@example.com,ada@example.com=nobody@example.com"},
        (("wrong REVIEWER_MAP", "U0NOBODY"),),
    ),
)

WHO_AND_WHERE = (
    Mistake(
        "the weekly channel by its name",
        {"REVIEW_CHANNEL": "#llm-reviews", **_WEEKLY},
        (("wrong REVIEW_CHANNEL", "`#llm-reviews` is C0REVIEWS"),),
    ),
    Mistake(
        "a private weekly channel without the bot",
        {"REVIEW_CHANNEL": SECRET, **_WEEKLY},
        (("wrong REVIEW_CHANNEL", "/invite @assign-reviews"),),
    ),
    Mistake(
        "an archived weekly channel",
        {"REVIEW_CHANNEL": "C0GENERAL", **_WEEKLY},
        (("wrong REVIEW_CHANNEL", "#general is archived"),),
        lambda world: world.slack.workspace.change_channel("C0GENERAL", is_archived=True),
    ),
    Mistake(
        "a weekly channel and no weekly time",
        {"REVIEW_CHANNEL": "C0REVIEWS"},
        (("warning REVIEW_CHANNEL", "WEEKLY_POST"),),
    ),
    Mistake(
        "a weekly time in other words",
        {"REVIEW_CHANNEL": "C0REVIEWS", "WEEKLY_POST": "mon-fri 9am europe/berlin"},
        (),
    ),
    Mistake(
        "a weekly time without a zone",
        {"REVIEW_CHANNEL": "C0REVIEWS", "WEEKLY_POST": "Mondays 9:30"},
        (("wrong WEEKLY_POST", "The time zone is missing: `mon 09:30 Europe/Berlin`"),),
    ),
    Mistake(
        "an approver by e-mail",
        {"APPROVERS": "Ada@example.com"},
        (("wrong APPROVERS", "`Ada@example.com` is U0ADA"),),
    ),
    Mistake(
        "approvers whom nobody knows",
        {"APPROVERS": "U0ADA,U0NOBODY,S0NONE"},
        (("wrong APPROVERS", "Slack knows neither S0NONE nor U0NOBODY"),),
    ),
    Mistake(
        "an approver who has left",
        {"APPROVERS": "U0DORA,U0ADA"},
        (("wrong APPROVERS", "dora (U0DORA) has left the workspace"),),
    ),
    Mistake(
        "four eyes, and one approver",
        {"APPROVERS": "U0ADA", "FOUR_EYES": "true"},
        (("warning FOUR_EYES", "ada is the only approver"),),
    ),
    Mistake(
        "allowed channels by name",
        {"ALLOWED_CHANNELS": "general, #llm-reviews"},
        (("wrong ALLOWED_CHANNELS", "`general` is C0GENERAL"),),
    ),
    Mistake(
        "an allowed channel that is not there",
        {"ALLOWED_CHANNELS": "C0REVIEWS,C0NONE"},
        (("wrong ALLOWED_CHANNELS", "C0NONE"),),
    ),
    Mistake(
        "another folder than that of .env",
        _nothing_set,
        (
            ("wrong SLACK_BOT_TOKEN", "not set"),
            ("wrong BRAINTRUST_API_KEY", "not set"),
            ("wrong BRAINTRUST_PROJECT_ID", "not set"),
            ("wrong SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
            ("warning .env", "in this folder"),
            ("warning REVIEW_TAG", "every command has to name a tag"),
            ("warning REVIEWERS", "every command has to name reviewers"),
        ),
    ),
)

IN_THE_ENVIRONMENT = (
    Mistake(
        "the example's tokens",
        {
            "SLACK_BOT_TOKEN": "xoxb-your-bot-token",
            "SLACK_APP_TOKEN": "xapp-your-app-level-token",
            "BRAINTRUST_API_KEY": "sk-your-api-key",
            "BRAINTRUST_PROJECT_ID": "00000000-0000-4000-8000-000000000000",
        },
        (
            ("wrong SLACK_BOT_TOKEN", "still the example from .env.example"),
            ("wrong BRAINTRUST_API_KEY", "still the example"),
            ("wrong BRAINTRUST_PROJECT_ID", "still the example"),
            ("wrong SLACK_APP_TOKEN", "still the example"),
        ),
    ),
    Mistake(
        "misspelt names",
        {"REVIEWERS": "", "REVIEWER": "ana@example.com", "APPROVER": "U0ADA", "FOUR_EYE": "true", "review_days": "3"},
        (
            ("warning REVIEWERS", "every command has to name reviewers"),
            ("warning APPROVER", "write APPROVERS."),
            ("warning FOUR_EYE", "write FOUR_EYES."),
            ("warning REVIEWER", "write REVIEWERS."),
            ("warning review_days", "write REVIEW_DAYS."),
        ),
    ),
    Mistake(
        "quotes as docker --env-file keeps them",
        {"REVIEW_TAG": '"needs-review"', "SLACK_BOT_TOKEN": "'xoxb-sandbox'"},
        (
            ("warning REVIEW_TAG", "the quotes around it are taken off"),
            ("warning SLACK_BOT_TOKEN", "the quotes around it are taken off"),
        ),
    ),
)

MISTAKES = (*IN_THE_ENVIRONMENT, *IN_SLACK, *IN_BRAINTRUST, *IN_THE_QUEUE, *WHO_AND_WHERE)
