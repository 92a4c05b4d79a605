"""Slack's payloads: whose they are, and where the person behind one is answered."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import BoltResponse

from bot.domain.homes import Installation
from bot.messages.answers import sentence
from bot.services.ports.slack import PrivateAnswers, ReplyTo


def reply_to(body: Mapping[str, Any]) -> ReplyTo | None:
    """Who acted, in a command or by a press, and where; None for events, which wait for no answer."""
    user = body.get("user_id") or _part(body, "user").get("id")
    channel = body.get("channel_id") or _part(body, "channel").get("id")
    url = body.get("response_url")
    if not user or not isinstance(url, str):
        return None
    pressed, thread = _part(body, "container").get("message_ts"), _part(body, "container").get("thread_ts")
    return ReplyTo(
        str(user),
        str(channel) if channel else None,
        url,
        thread_ts=str(thread) if thread and thread != pressed else None,
        is_private=_part(body, "container").get("is_ephemeral") is True,
    )


def pressed_message(body: Mapping[str, Any]) -> str | None:
    """The `ts` of the message whose button was pressed."""
    ts = _part(body, "container").get("message_ts")
    return ts if isinstance(ts, str) else None


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
