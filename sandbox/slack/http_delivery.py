"""Delivery of payloads to a bot that listens for signed HTTP requests."""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.backend import Backend
from sandbox.slack.payloads import Payload, PayloadKind
from sandbox.slack.records import Delivery


async def deliver(backend: Backend, url: str, payload: Payload) -> Delivery:
    """Send one payload and say what came back: signed, 3 seconds to answer, never repeated."""
    body, content_type = encoded(payload)
    headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0", **signature(backend.signing_secret, body)}
    timeout = aiohttp.ClientTimeout(total=backend.acknowledge_seconds)
    began = time.monotonic()
    try:
        async with aiohttp.request("POST", url, data=body.encode(), headers=headers, timeout=timeout) as answer:
            text = await answer.text()
    except (TimeoutError, aiohttp.ClientError) as error:
        return Delivery(None, "", time.monotonic() - began, timed_out=isinstance(error, TimeoutError))
    return Delivery(answer.status, text, time.monotonic() - began, timed_out=False)


def signature(secret: str, body: str) -> dict[str, str]:
    """Slack's signature headers for a raw body (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def encoded(payload: Payload) -> tuple[str, str]:
    """The body of a payload and its content type."""
    if payload.kind is PayloadKind.EVENT:
        return json.dumps(payload.content), "application/json"
    is_command = payload.kind is PayloadKind.COMMAND
    form = payload.content if is_command else {"payload": json.dumps(payload.content)}
    return urlencode(form), "application/x-www-form-urlencoded"
