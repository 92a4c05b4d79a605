"""Slow, silent and lying clients at the HTTP door: a signed command and the health checks never wait for them."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from bot.doors.http_server import MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEADER_BYTES, READ_SECONDS, THREADS
from tests.e2e.conftest import StartWorld
from tests.e2e.test_doors import BODY, signed
from tests.e2e.world import World

POST = b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"
STARTS = {
    "silent": b"",
    "one byte": b"P",
    "half a request line": b"POST /slack",
    "half a header": POST + b"Content-Le",
    "a header without its end": POST + b"X: y\r\n" * 1_000,
    "no body": POST + b"Content-Length: 1000\r\n\r\n",
    "three bytes of a body": POST + b"Content-Length: 1000\r\n\r\nabc",
    "nearly all of a large body": POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 200_000,
    "waits to be told to go on": POST + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
    "half a chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n1",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n100\r\nabc",
    "a chunk without an end": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n",
    "blank lines": b"\r\n" * 100,
    "half a health check": b"GET /healthz HTTP/1.1\r\n",
}
PATIENCE = READ_SECONDS - 2  # whoever waited for the unfinished ones would wait until they are given up
CROWD = 6 * THREADS


@contextmanager
def crowd(world: World, start: bytes, *, count: int) -> Iterator[list[socket.socket]]:
    """Connections that each sent `start`, and then nothing."""
    with ExitStack() as connections:
        yield [connections.enter_context(closing(connected(world, start))) for _ in range(count)]


def connected(world: World, start: bytes) -> socket.socket:
    address = urlsplit(world.address)
    connection = socket.create_connection((address.hostname, address.port), timeout=READ_SECONDS + 30)
    with suppress(OSError):  # dropped already, as it may be
        connection.sendall(start)
    return connection


def said_to(connection: socket.socket) -> bytes:
    """All that the server says until it closes the connection."""
    said = b""
    try:
        while more := connection.recv(65_536):
            said += more
    except ConnectionResetError:
        pass
    return said


def assert_served(world: World, *, seconds: float = PATIENCE) -> None:
    """A signed command and the health checks are answered, in time."""
    for path in ("slack/events", "healthz", "readyz"):
        began = time.monotonic()
        if path == "slack/events":
            answer = requests.post(f"{world.address}/{path}", data=BODY, headers=signed(BODY), timeout=30)
        else:
            answer = requests.get(f"{world.address}/{path}", timeout=30)
        took = time.monotonic() - began

        assert answer.status_code == 200, path
        assert took < seconds, f"{path} took {took:.1f} s"


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_unfinished_requests_hold_up_nobody(start_world: StartWorld, start: bytes) -> None:
    world = start_world(rows=1)

    with crowd(world, start, count=200):
        assert_served(world)


def test_hundreds_of_all_kinds_hold_up_nobody(start_world: StartWorld) -> None:
    """More than are let in at once, and then as many more."""
    world = start_world(rows=1)

    with ExitStack() as crowds:
        for start in STARTS.values():
            crowds.enter_context(crowd(world, start, count=2 * MAX_CONNECTIONS // len(STARTS)))
            assert_served(world)


def test_clients_that_send_a_byte_now_and_then_hold_up_nobody_and_are_closed(start_world: StartWorld) -> None:
    world = start_world(rows=1)
    never = threading.Event()

    def drip(connection: socket.socket) -> float:
        began = time.monotonic()
        try:
            while not never.wait(0.5):
                connection.sendall(b"x")
        except OSError:
            pass
        return time.monotonic() - began

    half = POST + b"Content-Length: 99\r\n\r\n"
    with (
        crowd(world, POST + b"X: ", count=100) as headers,
        crowd(world, half, count=100) as bodies,
        ThreadPoolExecutor(200) as drippers,
    ):
        running = [drippers.submit(drip, connection) for connection in headers + bodies]
        assert_served(world)
        took = [one.result(timeout=READ_SECONDS + 30) for one in running]

    assert max(took) < READ_SECONDS + 20


@pytest.mark.parametrize("start", [STARTS["silent"], STARTS["three bytes of a body"]], ids=["silent", "three bytes"])
def test_an_unfinished_request_is_given_up(start_world: StartWorld, start: bytes) -> None:
    world = start_world(rows=1)
    began = time.monotonic()

    with crowd(world, start, count=1) as [connection]:
        assert said_to(connection) == b""

    assert READ_SECONDS - 1 < time.monotonic() - began < READ_SECONDS + 20


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n" * 50, b"200 OK"),
        (b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2, b"200 OK"),
        (POST + b"Content-Length: 0\r\n\r\n" + b"GET /healthz HTTP/1.1\r\n\r\n", b"401 Unauthorized"),
        (POST + b"Content-Length: many\r\n\r\n", b"400 Bad Request"),
        (POST + b"Content-Length: 0x10\r\n\r\n", b"400 Bad Request"),
        (POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), b"413 Request Entity Too Large"),
        (POST + b"X: " + b"x" * MAX_HEADER_BYTES + b"\r\n\r\n", b"431 Request Header Fields Too Large"),
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"BREW /slack/events HTTP/1.1\r\n\r\n", b"404 Not Found"),
    ],
)
def test_a_connection_carries_one_request(world: World, request_: bytes, status: bytes) -> None:
    with crowd(world, request_, count=1) as [connection]:
        said = said_to(connection)

    assert said.split(b"\r\n")[0].partition(b" ")[2] == status
    assert b"Connection: close" in said
    assert said.count(b"HTTP/1.") == 1


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"GET http://[x/ HTTP/1.1\r\n\r\n",
        b"GET http://[POISON]/ HTTP/1.1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 9_000 + b"\r\n",
        os.urandom(4_000) + b"\r\n\r\n",
    ],
)
def test_what_the_server_stumbles_over_is_dropped_without_a_word(world: World, raw: bytes) -> None:
    before = world.log()

    with crowd(world, raw, count=20) as connections:
        assert_served(world)
        for connection in connections:
            said_to(connection)

    assert world.log() == before


def test_health_is_told_while_every_thread_waits_for_the_database(start_world: StartWorld) -> None:
    """Each command has a thread for two seconds, so behind all of them it would be told far too late."""
    world = start_world(rows=1)
    body = BODY.replace("text=help", "text=away+2030-01-01")

    with ThreadPoolExecutor(CROWD) as people:
        with world.locked():
            asked = [
                people.submit(requests.post, world.slack.bot_url or "", data=body, headers=signed(body), timeout=60)
                for _ in range(CROWD)
            ]
            for _ in range(5):
                began = time.monotonic()
                assert requests.get(f"{world.address}/healthz", timeout=30).status_code == 200
                assert time.monotonic() - began < PATIENCE
        assert {one.result().status_code for one in asked} == {200}
