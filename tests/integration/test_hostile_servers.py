"""A Braintrust, or something on the way to it, that answers so as to do harm."""

import gzip
import json
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.row_changes import Assignment
from bot.domain.writing import Outcome, WriteResult
from bot.errors import BraintrustUnavailableError, WorkInterruptedError
from bot.settings import BraintrustSettings
from tests.integration.braintrust_client import ANA, PROJECT, NoPatience, query
from tests.integration.hostile_server import Caller, HostileServer, Script, answer, drip, silent

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 0.6
AT_ONCE_SECONDS = 20.0  # a busy machine; without a deadline it would be for ever
PAIRS = [("row-1", ANA), ("row-2", ANA)]
ASSIGNMENT = Assignment("needs-review")
ACKNOWLEDGED = json.dumps({"row_ids": ["row-1", "row-2"]}).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"  # of deflate: five bytes that unpack to nothing
MEGABYTE = 1024 * 1024

DRIPS = {
    "silence": silent,
    "the status, letter by letter": drip(before=b"HTTP/1.1 2", again=b"0"),
    "a header, letter by letter": drip(before=b"HTTP/1.1 200 OK\r\nX-A: ", again=b"a"),
    "headers without end": drip(before=b"HTTP/1.1 200 OK\r\n", again=b"X-A: a\r\n"),
    "100 Continue without end": drip(before=b"", again=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints without end": drip(before=b"", again=b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
    "the size of a chunk, digit by digit": drip(before=CHUNKED, again=b"0"),
    "the extension of a chunk": drip(before=CHUNKED + b"1;a=", again=b"a"),
    "a body, byte by byte": drip(before=b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{", again=b" "),
    "trailers without end": drip(before=CHUNKED + b"2\r\n{}\r\n0\r\n", again=b"X-A: a\r\n"),
    "gzip that unpacks to nothing": drip(
        before=PACKED + b"a\r\n" + gzip.compress(b"")[:10] + b"\r\n", again=b"5\r\n" + EMPTY_BLOCK + b"\r\n"
    ),
}


def client_of(server: HostileServer, *, seconds: float = DEADLINE_SECONDS) -> BraintrustClient:
    settings = BraintrustSettings(api_key="sk-sandbox", api_url=server.url)
    return BraintrustClient(settings, read_seconds=seconds, write_seconds=seconds)


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_a_reading_ends_at_its_deadline_and_the_socket_with_it(script: Script) -> None:
    with HostileServer(script) as server:
        client = client_of(server)

        def read() -> None:
            with pytest.raises(BraintrustUnavailableError):
                client.page(query(), patience=NoPatience(), tries=1)

        assert seconds_of(read) < AT_ONCE_SECONDS
        assert server.wait_until_hung_up(seconds=AT_ONCE_SECONDS)


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_a_write_ends_at_its_deadline_and_is_unknown(script: Script) -> None:
    with HostileServer(script) as server:
        client = client_of(server)

        def write() -> None:
            assert client.write(PROJECT, PAIRS, ASSIGNMENT).outcome is Outcome.UNKNOWN

        assert seconds_of(write) < AT_ONCE_SECONDS
        assert server.wait_until_hung_up(seconds=AT_ONCE_SECONDS)


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_a_reading_that_nobody_wants_any_more_ends_with_its_socket(script: Script) -> None:
    """Cancel, Stop and SIGTERM do not wait for a slow server."""

    class Gone(NoPatience):
        def proceed(self) -> None:
            raise WorkInterruptedError

    with HostileServer(script) as server:
        client = client_of(server, seconds=3600)

        def read() -> None:
            with pytest.raises((WorkInterruptedError, BraintrustUnavailableError)):
                client.page(query(), patience=Gone(), tries=1)

        assert seconds_of(read) < AT_ONCE_SECONDS
        assert server.wait_until_hung_up(seconds=AT_ONCE_SECONDS)


def test_an_interim_status_is_not_the_answer_and_its_connection_is_not_used_again() -> None:
    """Else the second request reads the answer to the first."""

    def script(caller: Caller) -> None:
        wanted = json.loads(caller.read_request())["query"]
        caller.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        caller.say(answer(json.dumps({"data": [{"id": wanted}]}).encode()))

    with HostileServer(script) as server:
        client = client_of(server, seconds=10)

        found = [client.page(name, patience=NoPatience()).rows[0].id for name in ("first", "second", "third")]

        assert found == ["first", "second", "third"]
        assert [caller.requests for caller in server.callers] == [1, 1, 1]


def test_a_connection_on_which_an_answer_came_early_is_not_used_again() -> None:
    """Whoever answers before it has the question may take the rest of it for the next one."""

    def script(caller: Caller) -> None:
        caller.read_head()
        caller.say(answer(ACKNOWLEDGED))

    many = [(f"row-{number:02000}", ANA) for number in range(4_000)]  # more than the network holds unread
    with HostileServer(script) as server:
        client = client_of(server, seconds=10)

        for _ in range(2):
            client.write(PROJECT, many, ASSIGNMENT)

        assert all(caller.requests <= 1 for caller in server.callers)


def test_every_exchange_has_a_connection_of_its_own() -> None:
    """What a server says too much, too early or too late belongs to no other exchange."""

    def script(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(ACKNOWLEDGED) + answer(json.dumps({"row_ids": ["of another"]}).encode()))

    with HostileServer(script) as server:
        client = client_of(server, seconds=10)

        results = [client.write(PROJECT, PAIRS, ASSIGNMENT) for _ in range(3)]

        assert results == [WriteResult(Outcome.ACKNOWLEDGED)] * 3
        assert [caller.requests for caller in server.callers] == [1, 1, 1]


@pytest.mark.parametrize(
    "row_ids",
    [
        ["nope", "row-2"],
        ["row-1", "row-1"],
        ["row-1"],
        ["row-1", "row-2", "row-2"],
        ["row-1", None],
        [["row-1"], "row-2"],
        {"row-1": 1, "row-2": 2},
        "row-1",
        None,
    ],
    ids=str,
)
def test_an_acknowledgement_of_anything_but_what_was_sent_is_unknown(row_ids: object) -> None:
    def script(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(json.dumps({"row_ids": row_ids}).encode()))

    with HostileServer(script) as server:
        assert client_of(server, seconds=10).write(PROJECT, PAIRS, ASSIGNMENT).outcome is Outcome.UNKNOWN


def test_an_acknowledgement_may_come_in_any_order() -> None:
    def script(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(json.dumps({"row_ids": ["row-2", "row-1"]}).encode()))

    with HostileServer(script) as server:
        assert client_of(server, seconds=10).write(PROJECT, PAIRS, ASSIGNMENT) == WriteResult(Outcome.ACKNOWLEDGED)


def packed(before: bytes, again: bytes, times: int, after: bytes) -> bytes:
    """A few hundred kilobytes of gzip that unpack to a lot more."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [pack.compress(before), *(pack.compress(again * 1000) for _ in range(times // 1000)), pack.compress(after)]
    return b"".join([*parts, pack.flush()])


LARGE: dict[str, Callable[[], bytes]] = {
    "twenty million empty objects": lambda: packed(b'{"data":[{}', b",{}", 20_000_000, b"]}"),
    "twenty million numbers": lambda: packed(b'{"data":[{"id":"a","tags":[1', b",1", 20_000_000, b"]}]}"),
    "a million rows": lambda: packed(b'{"data":[{"id":"a"}', b',{"id":"a"}', 1_000_000, b"]}"),
    "one long text": lambda: packed(b'{"data":[{"id":"', b"a", 60_000_000, b'"}]}'),
    "a million nested lists": lambda: packed(b'{"data":', b"[", 1_000_000, b""),
}
CLIENT = """
import sys
from pathlib import Path
from bot.adapters.braintrust.client import BraintrustClient
from bot.settings import BraintrustSettings
from bot.errors import BraintrustError
from tests.integration.braintrust_client import NoPatience, query
client = BraintrustClient(BraintrustSettings(api_key="sk-sandbox", api_url=sys.argv[1]))
for _ in range(int(sys.argv[2])):
    try:
        print(client.page(query(), patience=NoPatience(), rows=5000, tries=1))
    except BraintrustError as error:
        print(error)
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


def test_what_is_taken_in_is_bounded_by_what_was_asked_for() -> None:
    bodies = [pack() for pack in LARGE.values()]
    answers = iter(bodies)

    def script(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(next(answers), headers="Content-Encoding: gzip\r\n"))

    with HostileServer(script) as server:
        *said, most = subprocess.run(
            [sys.executable, "-c", CLIENT, server.url, str(len(bodies))],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        ).stdout.splitlines()

    assert max(map(len, bodies)) < MEGABYTE
    refused = re.compile("larger than anything that was asked for|cannot be used")
    assert [bool(refused.search(line)) for line in said] == [True] * len(LARGE), said
    assert int(most) < 300 * 1024  # kilobytes; what getrusage tells begins with what the parent had
