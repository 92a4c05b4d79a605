"""The bot's identity in Slack, by its tokens and scopes, and what a refusal says about a token."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.adapters.slack.calls import answered, called, granted_scopes
from bot.domain.homes import Home, HomeKind, Installation
from bot.errors import SettingsError, SlackRejectedError

_REMOVED = "the app was removed from the workspace, or the token revoked; install it again, and copy the new token."
_UNKNOWN = "Slack does not know this token; copy it again, whole."
_REFUSALS = {
    "invalid_auth": _UNKNOWN,
    "not_authed": _UNKNOWN,
    "not_allowed_token_type": "this is a token of another kind; copy the right one.",
    "account_inactive": _REMOVED,
    "token_revoked": _REMOVED,
    "token_expired": "the token has expired; switch token rotation off in the app, and install it again.",
    "missing_scope": "the token lacks the scope connections:write; make another one that has it.",
}


def refusal(error: SlackRejectedError) -> str:
    """What is wrong with the token that was sent, to stand behind its setting's name."""
    return _REFUSALS.get(error.code, f"Slack refuses the token ({error.code}); copy it again, whole.")


def connection_address(client: WebClient) -> str:
    """A new address for Socket Mode, by an app-level token; raises `SlackError`."""
    return answered(client.apps_connections_open, "url", str, app_token=client.token or "")


class Identity:
    """Who the bot is, for Bolt; learned at the start, so that no listener waits for it."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known: Mapping[str, Any] = {}
        self._scopes: frozenset[str] = frozenset()

    def learn(self) -> None:
        """Ask Slack; raises `SlackError`."""
        answer = called(self._client.auth_test)
        self._known = answer.data
        self._scopes = granted_scopes(answer) or frozenset()

    def home(self) -> Home | None:
        """Ask Slack for the workspace, or the enterprise, that the bot is installed in; raises `SlackError`."""
        self.learn()
        here = self.installation
        home_id = here.enterprise if here.is_for_enterprise else here.team
        return None if home_id is None else Home(HomeKind.WORKSPACE, home_id, str(self._known.get("team") or home_id))

    @property
    def installation(self) -> Installation:
        """What is known of where the bot is installed."""
        told = {key: value for key, value in self._known.items() if isinstance(value, str) and value}
        return Installation(
            app=told.get("app_id"),
            team=told.get("team_id"),
            enterprise=told.get("enterprise_id"),
            is_for_enterprise=self._known.get("is_enterprise_install") is True,
        )

    @property
    def is_known(self) -> bool:
        """Whether Slack was asked, and answered."""
        return bool(self._known)

    @property
    def lacking(self) -> str:
        """What to do about the scopes that the token lacks; empty when it has all that the bot needs."""
        advice = "add what is missing under OAuth & Permissions, and install the app again"
        return f"{advice}: {self._missing()}." if SCOPES.keys() - OPTIONAL_SCOPES - self._scopes else ""

    @property
    def forgone(self) -> str:
        """What the bot leaves out for want of optional scopes, and how to have it; empty when it has them all."""
        advice = "to have it, add the scope under OAuth & Permissions, and install the app again"
        return f"the bot leaves out what it has no scope for: {self._missing()}; {advice}." if self._missing() else ""

    def _missing(self) -> str:
        return ", ".join(f"{scope} ({purpose})" for scope, purpose in SCOPES.items() if scope not in self._scopes)

    @property
    def description(self) -> str:
        """Who the bot is, in words."""
        return f"{self._known.get('user', 'the bot')} in {self._known.get('team', 'a workspace')}"

    def authorize(self) -> AuthorizeResult:
        """The installation that every request belongs to: the bot lives in one workspace."""
        return AuthorizeResult(
            enterprise_id=self._known.get("enterprise_id"),
            team_id=self._known.get("team_id"),
            bot_id=self._known.get("bot_id"),
            bot_user_id=self._known.get("user_id"),
            bot_token=self._client.token,
        )


log = logging.getLogger(__name__)


def workspace(identity: Identity) -> Home | None:
    """Ask Slack where the bot is installed; None where that is not said.

    Raises `SettingsError` where Slack refuses the bot's token, else `SlackUnavailableError`.
    """
    try:
        home = identity.home()
    except SlackRejectedError as error:
        raise SettingsError([f"SLACK_BOT_TOKEN: {refusal(error)}"]) from error
    log.info("Slack knows the bot", extra={"as": identity.description})
    if identity.lacking:
        log.error("the Slack app lacks scopes", extra={"error": f"SLACK_BOT_TOKEN: {identity.lacking}"})
    elif identity.forgone:
        log.warning("the Slack app lacks optional scopes", extra={"error": f"SLACK_BOT_TOKEN: {identity.forgone}"})
    return home


SCOPES = {
    "app_mentions:read": "answers a mention with help",
    "channels:join": "joins a public channel where the command is used",
    "channels:read": "knows whether it is in a public channel, and who shares it",
    "chat:write": "posts plans, progress and reports",
    "commands": "/assign-reviews",
    "files:write": "attaches the list of assigned rows",
    "groups:read": "knows whether it is in a private channel, and who shares it",
    "im:history": "answers a direct message with help",
    "im:write": "tells reviewers about their rows, and others what a channel does not take",
    "usergroups:read": "user groups in APPROVERS, REQUESTERS and ADMINS, and among the reviewers",
    "users:read": "keeps guests and external people from asking and approving, and knows who is away",
    "users:read.email": "finds in Braintrust whom somebody named in Slack",
}
OPTIONAL_SCOPES = frozenset({"files:write", "usergroups:read", "users:read.email"})
"""Whoever installs the app may decline these: the bot leaves out what they are for."""
