"""The doorkeeper: who is let in, and what the log hears of all others."""

import hashlib
import hmac
import logging
from collections.abc import Iterator

import pytest

from bot.doors.web import Doorkeeper

SECRET, NOW, BODY = "s3cret", 1_780_000_000, b"command=%2Fassign-reviews"
Environ = dict[str, str]


@pytest.fixture
def doorkeeper() -> Iterator[Doorkeeper]:
    doorkeeper = Doorkeeper(SECRET, clock=lambda: NOW)
    yield doorkeeper
    doorkeeper.close()


def signed(body: bytes = BODY, *, at: str = str(NOW), secret: str = SECRET, **more: str) -> Environ:
    mac = hmac.new(secret.encode(), f"v0:{at}:".encode("latin-1") + body, hashlib.sha256).hexdigest()
    headers = {"HTTP_X_SLACK_REQUEST_TIMESTAMP": at, "HTTP_X_SLACK_SIGNATURE": f"v0={mac}"}
    return {"REMOTE_ADDR": "203.0.113.9", **headers, **more}


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """What was logged: how many requests, why they were refused, and where from."""
    return [tuple(vars(record)[name] for name in ("requests", "why", "sources")) for record in caplog.records]


@pytest.mark.parametrize("body", [BODY, b"", b"\xff\xfe", "{\U0001f600}".encode()])
@pytest.mark.parametrize("seconds", [0, 300, -300])
def test_what_slack_signed_lately_comes_in(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture, body: bytes, seconds: int
) -> None:
    assert doorkeeper.admits(signed(body, at=str(NOW + seconds)), body)

    assert told(caplog) == []


@pytest.mark.parametrize(
    "environ",
    [
        {},
        signed(secret="another"),
        signed(b"another body"),
        signed(HTTP_X_SLACK_REQUEST_TIMESTAMP=str(NOW + 1)),
        signed(HTTP_X_SLACK_SIGNATURE=""),
        signed(HTTP_X_SLACK_SIGNATURE="v0=\xe4\xff"),
        signed(at="soon"),
        signed(at="\xb2"),
        signed(at="-1"),
        signed(at=""),
    ],
)
def test_what_is_not_signed_stays_outside(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture, environ: Environ
) -> None:
    assert not doorkeeper.admits(environ, BODY)

    assert [(requests, why) for requests, why, _ in told(caplog)] == [(1, "signature 1")]


@pytest.mark.parametrize("at", [str(NOW - 301), str(NOW + 301), "0", "9" * 40])
def test_an_old_request_tells_of_the_clock(doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture, at: str) -> None:
    assert not doorkeeper.admits(signed(at=at), BODY)

    assert told(caplog) == [(1, "clock 1", "203.0.113.9 1")]


def test_a_flood_is_one_line_at_once_and_then_one_a_minute(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2_000):
        doorkeeper.admits({"REMOTE_ADDR": f"203.0.113.{number % 5}"}, b"secret text")
    doorkeeper.admits(signed(at="0"), BODY)
    at_once = told(caplog)
    doorkeeper.tell()  # the minute is over
    doorkeeper.tell()

    assert at_once == [(1, "signature 1", "203.0.113.0 1")]
    assert told(caplog)[1:] == [
        (2_000, "signature 1,999, clock 1", "203.0.113.1 400, 203.0.113.2 400, 203.0.113.3 400, 3 more")
    ]


def test_after_a_quiet_minute_the_next_one_is_told_at_once(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        doorkeeper.admits({}, b"")
        doorkeeper.tell()

    assert told(caplog) == [(1, "signature 1", "unknown 1")] * 2


def test_more_addresses_than_anybody_reads_are_told_together(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5_001):
        doorkeeper.admits({"REMOTE_ADDR": f"2001:db8::{number:x}"}, b"")
    doorkeeper.tell()

    assert told(caplog)[1][2] == "elsewhere 4,000, 2001:db8::1 1, 2001:db8::2 1, 998 more"


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("9.9.9.9", "198.51.100.7", "9.9.9.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "forged, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "x\nforged", "10.0.0.1"),
        ("10.0.0.1", "fe80::1%forged", "10.0.0.1"),
        ("", "198.51.100.7", "unknown"),
    ],
)
def test_the_address_is_that_of_the_peer_or_what_a_proxy_saw(
    doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture, peer: str, forwarded: str, source: str
) -> None:
    doorkeeper.admits({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}, b"")

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert told(caplog) == [(1, "signature 1", f"{source} 1")]
