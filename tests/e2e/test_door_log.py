"""What the log hears of those who knock at the HTTP door: a count of the unsigned, and nothing that they said."""

import json
import re
import signal
import socket
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.e2e.conftest import StartWorld
from tests.e2e.test_doors import BODY, signed
from tests.e2e.world import ADA, REVIEWS, World

POISON = "POISON-7f3"
FORGED = f"x\n2026-11-23T09:00:00.000Z INFO bot.work.worker: a plan was assigned {POISON}\r\x1b[2J\u202e"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FIELDS = {"token": POISON, "response_url": f"https://hooks.slack.com/{POISON}", "trigger_id": POISON, "text": FORGED}
EVENT = {"type": "event_callback", "event": {"type": "message", "text": FORGED}, **FIELDS}
BODIES = [
    (urlencode({"command": "/assign-reviews", **FIELDS}), FORM),
    (urlencode({"payload": json.dumps({"type": "block_actions", **FIELDS})}), FORM),
    (urlencode({"payload": f"[{POISON}"}), FORM),
    (json.dumps(EVENT), JSON),
    (json.dumps([EVENT]), JSON),
    (json.dumps({**EVENT, "type": "url_verification", "challenge": POISON}), JSON),
    (json.dumps({**EVENT, "ssl_check": "1"}), JSON),
    ("[" * 10_000 + POISON, JSON),
    (f'"{POISON}"', JSON),
    (POISON, f"multipart/form-data; boundary={POISON}"),
    (POISON, "text/plain"),
    (FORGED + POISON * 80_000, FORM),
]
HEADERS = {"X-Slack-Signature": POISON, "X-Slack-Request-Timestamp": POISON, "User-Agent": POISON, "Cookie": POISON}
RAW = [
    f"{POISON}\r\n\r\n",
    f"POST /slack/events?{POISON} HTTP/1.1\r\nHost: {POISON}\r\nContent-Length: {POISON}\r\n\r\n",
    f"POST /slack/events HTTP/1.1\r\n{POISON} : x\r\n\r\n",
    f"POST /slack/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{POISON}\r\n\r\n",
    f"POST /slack/events HTTP/1.1\r\nTransfer-Encoding: {POISON}\r\n\r\n",
    f"GET /{POISON}%0a{POISON} HTTP/{POISON}\r\n\r\n",
    f"GET /%ff%0d%0a{POISON} HTTP/1.0\r\nX: {'x' * 100_000}{POISON}\r\n\r\n",
    "POST /slack/events HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
]


def knock(world: World) -> None:
    """Everything that anybody may send, unsigned."""
    url = world.slack.bot_url or ""
    for body, kind in BODIES:
        requests.post(url, data=body.encode(), headers={**HEADERS, "Content-Type": kind}, timeout=10)
        requests.post(url, data=iter([body.encode()]), headers={**HEADERS, "Content-Type": kind}, timeout=10)
    for path in ("healthz", "readyz", POISON, f"{POISON}%0aforged"):
        requests.post(f"{world.address}/{path}", data=FORGED.encode(), headers=HEADERS, timeout=10)
        requests.get(f"{world.address}/{path}?{POISON}", headers=HEADERS, timeout=10)
    address = urlsplit(url)
    for raw in RAW:
        connected = socket.create_connection((address.hostname, address.port), timeout=10)
        with connected as connection, suppress(OSError):  # the server may have closed it already
            connection.sendall(raw.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_of_what_is_unsigned_the_log_has_a_count_and_no_word(start_world: StartWorld, log_format: str) -> None:
    world = start_world(LOG_FORMAT=log_format)
    before = world.log().splitlines()

    knock(world)
    requests.post(world.slack.bot_url or "", data=BODY, headers=signed(BODY, age_seconds=301), timeout=10)
    answer = world.type("help")
    at_once = world.log().splitlines()[len(before) :]

    assert "dry-run" in answer
    assert POISON not in world.log()
    assert len(at_once) == 1
    assert "requests that are not from Slack were refused" in at_once[0]
    assert "signature 1" in at_once[0]
    assert "127.0.0.1" in at_once[0]


def test_the_rest_of_the_count_is_told_at_the_end_with_its_reasons(world: World) -> None:
    for age in (0, 301, 301):
        requests.post(world.slack.bot_url or "", data=BODY, headers=signed(BODY, age_seconds=age), timeout=10)
    world.stop_bot(signal.SIGTERM)

    refusals = [line for line in world.log().splitlines() if "are not from Slack" in line]
    assert [re.findall(r"requests=.*", line) for line in refusals] == [
        ['requests=1 why="clock 1" sources="127.0.0.1 1"'],
        ['requests=1 why="clock 1" sources="127.0.0.1 1"'],
    ]


@pytest.mark.parametrize("door", ["http", "socket"])
def test_what_nobody_listens_to_is_not_repeated_in_the_log(start_world: StartWorld, door: str) -> None:
    world = start_world(door=door)

    world.slack.command(ADA, REVIEWS, FORGED, command="/another")
    world.slack.home_opened(ADA)
    world.wait_for_log("type=event_callback")

    log = world.log()
    assert log.count("Slack sent something that the bot does not listen to") == 2
    assert not any(word in log for word in (POISON, "/respond/", "token", "trigger_id"))
    assert all(line.startswith("20") for line in log.splitlines())
