"""The check of Slack's tokens and scopes.  No connection is opened: it would get what people send to the bot."""

import re
from collections.abc import Collection, Generator

from slack_sdk import WebClient

from bot.adapters.slack.client import web_client
from bot.adapters.slack.identity import SCOPES, Identity, connection_address, refusal
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.preflight.finding import Finding, ok, warning, wrong
from bot.settings import SlackSettings

_NOWHERE = "Slack"
"""What is blamed where Slack is not reached."""
_SECRET = re.compile(r"[0-9a-f]{32}")


def token_findings(settings: SlackSettings, misread: Collection[str]) -> Generator[Finding, None, WebClient | None]:
    """What the tokens are good for; returns a client where the bot's token works."""
    client = None
    if settings.bot_token:
        identity = Identity(web_client(settings))
        found = _bot_token(identity)
        yield found
        client = web_client(settings) if identity.is_known else None
        if found.setting == _NOWHERE:
            return None
    if settings.app_token:
        yield _app_token(settings)
    elif settings.signing_secret and "SLACK_APP_TOKEN" not in misread:
        yield _signing_secret(settings.signing_secret)
    return client


def _bot_token(identity: Identity) -> Finding:
    try:
        identity.learn()
    except SlackUnavailableError as error:
        return wrong(_NOWHERE, str(error))
    except SlackRejectedError as error:
        return wrong("SLACK_BOT_TOKEN", refusal(error))
    if identity.lacking:
        return wrong("SLACK_BOT_TOKEN", identity.lacking)
    return ok("SLACK_BOT_TOKEN", f"{identity.description}, with all {len(SCOPES)} scopes.")


def _app_token(settings: SlackSettings) -> Finding:
    try:
        connection_address(WebClient(token=settings.app_token, base_url=settings.api_url))
    except SlackUnavailableError as error:
        return wrong(_NOWHERE, str(error))
    except SlackRejectedError as error:
        return wrong("SLACK_APP_TOKEN", refusal(error))
    return ok("SLACK_APP_TOKEN", "Socket Mode connections can be opened.")


def _signing_secret(secret: str) -> Finding:
    if not _SECRET.fullmatch(secret):
        return warning(
            "SLACK_SIGNING_SECRET", "Slack's have 32 characters from 0-9 and a-f, and this one has not; copy it again."
        )
    return ok("SLACK_SIGNING_SECRET", "it looks like one; whether it is the right one shows at the first command.")
