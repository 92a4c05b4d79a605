"""The gate before every listener: what Slack sends for another installation of the app is refused and logged."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import BoltResponse

from bot.domain.homes import Installation
from bot.messages.answers import sentence
from bot.services.ports.slack import PrivateAnswers
from handlers.reply_to import reply_to

log = logging.getLogger(__name__)

NOT_HERE = "This bot works for another Slack workspace, so nothing was done. Please tell whoever runs it."


def refuse_strangers(
    body: Mapping[str, Any],
    installation: Installation,
    private_answers: PrivateAnswers,
    next_: Callable[[], BoltResponse],
) -> BoltResponse:
    """Pass on what is meant for this bot; tell a person where it is not."""
    told = told_installation(body)
    if installation.may_be(told):
        return next_()
    about = {"app": told.app, "team": told.team, "enterprise": told.enterprise}
    log.warning("Slack sent something that is meant for another installation", extra=about)
    answer = sentence(NOT_HERE)
    if "command" in body:
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": answer.text})
    to = reply_to(body)
    if to is not None:
        private_answers.send(to, answer)
    return BoltResponse(status=200, body="")


def told_installation(body: Mapping[str, Any]) -> Installation:
    """The installation that a payload is for, as far as it says so.

    `team` is that of the app also where somebody from elsewhere pressed a button; where they submitted a view, it is
    theirs (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload).
    """
    authorized = _first(body.get("authorizations"))
    team, enterprise, view = _part(body, "team"), _part(body, "enterprise"), _part(body, "view")
    for_enterprise = authorized.get("is_enterprise_install", body.get("is_enterprise_install"))
    return Installation(
        app=_text(body.get("api_app_id")),
        team=_text(view.get("app_installed_team_id"), authorized.get("team_id"), team.get("id"), body.get("team_id")),
        enterprise=_text(
            authorized.get("enterprise_id"), enterprise.get("id"), team.get("enterprise_id"), body.get("enterprise_id")
        ),
        is_for_enterprise=for_enterprise in (True, "true"),
    )


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _first(listed: object) -> Mapping[str, Any]:
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], Mapping) else {}


def _text(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)
