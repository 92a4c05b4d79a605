"""Thousands of answers that Braintrust would never give, against the real client."""

import copy
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.adapters.braintrust.answers import stripped
from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.btql import after, quoted
from bot.domain.reading import is_quotable
from bot.domain.row_changes import Assignment
from bot.domain.writing import Outcome, WriteResult
from bot.errors import BraintrustError, BraintrustUnavailableError, WorkInterruptedError
from bot.services.ports.braintrust import Page
from bot.settings import BraintrustSettings
from tests.unit.builders import PROJECT

pytestmark = pytest.mark.long

USER = "11111111-1111-4111-8111-111111111111"
PAIRS = [("row-1", USER), ("row-2", USER)]
ASSIGNMENT = Assignment("needs-review")
DEEP = "[" * 100_000
TIMES_429 = 10
READINGS = ("rows", "users", "groups", "project")
STATUSES = (204, 302, 400, 401, 403, 404, 408, 413, 418, 421, 429, 500, 503)
OVERFLOWING = "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
REFUSALS = (b'{"message": 5}', b'{"Message": {"a": [1]}}', b'{"message": null}', b"[a=" * 300, b'Organization "' * 50)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "'",
    "\\",
    "it's \\ ''",
    "\x00",
    "line\nbreak",
    "\u2028",
    "\ud800",
    "\u202e",
    "\U0001f469\u200d\U0001f52c",
    "x" * 100_000,
    '"',
    "[",
    "{}",
    "PENDING",
    USER,
    f"urn:uuid:{USER}",
    "\uff11" * 32,
    [],
    {},
    [[]],
    [None],
    {"id": {"id": []}},
    [1, "a", {"b": None}],
)
GOOD: dict[str, Any] = {
    "rows": {
        "data": [
            {
                "id": "row-1",
                "tags": ["a"],
                "assignments": [USER],
                "review_lists": {"__bt_default_review_list": {"status": "PENDING"}},
                "_pagination_key": "p1",
            },
            {"id": "row-2", "tags": None, "metadata": {"~__bt_assignments": None, "~__bt_review_lists": "{}"}},
            {"id": "row-3", "assignments": "[]", "review_lists": '{"__bt_default_review_list": "{}"}'},
        ],
        "schema": {"type": "array"},
        "cursor": "abc",
    },
    "users": {"objects": [{"id": USER, "given_name": "Ana", "family_name": "Ruiz", "email": "ana@example.com"}]},
    "groups": {
        "objects": [
            {"id": USER, "name": "Support", "member_users": [USER], "member_groups": [USER], "deleted_at": None},
            {"id": PROJECT, "name": "Old", "member_users": None, "deleted_at": "2026-01-01T00:00:00Z"},
        ]
    },
    "project": {"id": PROJECT, "name": "support"},
    "write": {"row_ids": ["row-1", "row-2"]},
}
RAW = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"NaN",
    b"<html>502</html>",
    b"\xff\xfe\x00",
    b"\x1f\x8b",
    b"\x1f\x8b\x08\x00broken",
    b"\xef\xbb\xbf{}",
    b'{"data": [], "data": 5}',
    b'{"row_ids": ["a", "b"], "row_ids": 2}',
    b'{"data": [{"id": "a", "id": 5}]}',
    b'{"data": [NaN]}',
    b'{"data": [{"id": NaN}], "cursor": Infinity}',
    b'{"data": ' + b"9" * 10_000 + b"}",
    b'{"data": ' + DEEP.encode(),
    b'{"data": [{"id": "a", "assignments": ' + b"[" * 900 + b"]" * 900 + b"}]}",
    DEEP.encode(),
    b'{"data": [' + b'{"id": "a"},' * 20_000 + b'{"id": "b"}], "cursor": ""}',
    b'{"data": [{"id": "' + b"x" * 10_000_000 + b'"}]}',
    b'{"objects": [{"id": "' + USER.encode() + b'", "given_name": "' + b"x" * 10_000_000 + b'"}]}',
    b'{"row_ids": "' + b"x" * 10_000_000 + b'"}',
)


def named(value: str, reason: str) -> Any:
    """A case under a name that says what it is about."""
    return pytest.param(value, id=reason)


@dataclass
class Server:
    """Answers everything alike, whatever is asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    url: str = ""


class Impatient:
    """The `Patience` port: never waits, and gives up where somebody would wait for ever."""

    def __init__(self) -> None:
        self._waits = 0

    def wait(self, seconds: float, reason: str) -> None:
        assert 0 <= seconds <= 400
        self._waits += 1
        if self._waits > TIMES_429:
            raise WorkInterruptedError

    def proceed(self) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    said = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one piece: else each answer waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST  # noqa: N815 - the name that the library looks for

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        said.url = f"http://127.0.0.1:{http.server_port}"
        yield said
        http.shutdown()
        thread.join()


@pytest.fixture
def client(server: Server) -> BraintrustClient:
    server.status, server.headers, server.body = 200, {}, b"{}"
    return BraintrustClient(BraintrustSettings(api_key="sk-test", api_url=server.url))


def calls(client: BraintrustClient) -> dict[str, Callable[[], object]]:
    """Every reading of the client, by the answer it expects."""
    return {
        "rows": lambda: client.page("q", patience=Impatient()),
        "users": lambda: client.users(patience=Impatient()),
        "groups": lambda: client.groups(patience=Impatient()),
        "project": lambda: client.project(PROJECT, patience=Impatient()),
    }


def outcome(call: Callable[[], object]) -> object:
    """What a reading returns or raises."""
    try:
        return call()
    except (BraintrustError, WorkInterruptedError) as error:
        return error


def damaged(content: Any, chance: random.Random) -> bytes:
    """`content` with one to three fields missing, replaced, doubled or wrapped, as JSON; sometimes cut."""
    content = copy.deepcopy(content)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(content)) or [({"x": 1}, "x")])
        match chance.randrange(5):
            case 0 if isinstance(holder, dict):
                holder.pop(key)
            case 1:
                holder[key] = [holder[key]]
            case 2 if isinstance(holder, list):
                holder *= 2
            case _:
                holder[key] = copy.deepcopy(chance.choice(ODD))
    text = json.dumps(content).encode()
    return text[: chance.randrange(len(text))] if chance.random() < 0.1 else text


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    keys = content.keys() if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in list(keys):
        yield content, key
        yield from _places(content[key])


def unforeseen(server: Server, call: Callable[[], object], bodies: list[bytes]) -> list[str]:
    """What came out of the client that nobody foresaw."""
    found = []
    for body in bodies:
        server.body = body
        try:
            outcome(call)
        except Exception as error:  # noqa: BLE001 - this is what the test looks for
            found.append(f"{error!r:.80} for {body[:80]!r}")
    return found


@pytest.mark.parametrize("kind", READINGS)
def test_a_reading_fails_in_no_way_but_its_own(server: Server, client: BraintrustClient, kind: str) -> None:
    chance = random.Random(kind)
    bodies = [damaged(GOOD[kind], chance) for _ in range(80)] + list(RAW)

    assert unforeseen(server, calls(client)[kind], bodies) == []


@pytest.mark.parametrize("kind", READINGS)
def test_a_refused_reading_fails_in_no_way_but_its_own(server: Server, client: BraintrustClient, kind: str) -> None:
    call = calls(client)[kind]

    for server.status in STATUSES:
        assert unforeseen(server, call, [*RAW[:6], *REFUSALS]) == []


def test_what_is_read_is_what_it_says(server: Server, client: BraintrustClient) -> None:
    """Whatever was sent: ids are texts that can be asked for again, and names and statuses are texts."""
    chance = random.Random(5)
    for _ in range(60):
        server.body = damaged(GOOD["rows"], chance)
        page = outcome(calls(client)["rows"])
        for row in page.rows if isinstance(page, Page) else ():
            assert isinstance(row.id, str)
            assert not is_quotable(row.id) or quoted(row.id)
            assert all(isinstance(text, str) for text in (*row.assignees, *row.tags, row.status or ""))
        server.body = damaged(GOOD["users"], chance)
        users = outcome(calls(client)["users"])
        for user in users if isinstance(users, tuple) else ():
            assert uuid.UUID(user.id)
            assert isinstance(user.name, str)
            assert isinstance(user.email, str | None)
        server.body = damaged(GOOD["groups"], chance)
        groups = outcome(calls(client)["groups"])
        for group in groups if isinstance(groups, tuple) else ():
            assert all(uuid.UUID(found) for found in (group.id, *group.user_ids, *group.group_ids))
            assert isinstance(group.name.encode(), bytes)  # no lone surrogate


def test_a_write_never_raises_and_counts_only_what_was_acknowledged(server: Server, client: BraintrustClient) -> None:
    chance = random.Random(6)

    for server.body in [*(damaged(GOOD["write"], chance) for _ in range(250)), *RAW]:
        result = client.write(PROJECT, PAIRS, ASSIGNMENT)
        assert isinstance(result, WriteResult)
        if result.outcome is Outcome.ACKNOWLEDGED:
            assert len(json.loads(server.body)["row_ids"]) == len(PAIRS)


@pytest.mark.parametrize("status", STATUSES)
def test_a_refused_write_never_raises_and_is_never_acknowledged(
    server: Server, client: BraintrustClient, status: int
) -> None:
    server.status = status

    for server.body in (*RAW[:15], *REFUSALS):
        assert client.write(PROJECT, PAIRS, ASSIGNMENT).outcome is not Outcome.ACKNOWLEDGED


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-5",
        "1e400",
        "9" * 400,
        "\u00b2",
        "Mon, 01 Jan 9999 23:59:59 -0000",
        named(OVERFLOWING, "a time zone that is no number of seconds overflows"),
    ],
)
def test_any_time_to_wait_is_understood_or_passed_over(server: Server, client: BraintrustClient, text: str) -> None:
    server.status, server.headers = 429, {"Retry-After": text}

    assert isinstance(outcome(calls(client)["rows"]), WorkInterruptedError | BraintrustUnavailableError)
    assert client.write(PROJECT, PAIRS, ASSIGNMENT).outcome is Outcome.RATE_LIMITED


@pytest.mark.parametrize("status", [302, 303, 307])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "//",
        "http://",
        "file:///etc/passwd",
        f"http://{'a' * 300}/",
        named("http://[::1", "requests itself reads the address of a redirect that is not followed"),
    ],
)
def test_an_address_that_leads_nowhere_is_no_answer(
    server: Server, client: BraintrustClient, status: int, address: str
) -> None:
    server.status, server.headers = status, {"Location": address}

    assert isinstance(outcome(calls(client)["rows"]), BraintrustError)
    assert client.write(PROJECT, PAIRS, ASSIGNMENT).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("column", ["assignments", "review_lists", "tags"])
def test_a_column_of_deeply_nested_text_is_survived(server: Server, client: BraintrustClient, column: str) -> None:
    bodies = [json.dumps({"data": [{"id": "row-1", column: DEEP}]}).encode()]

    assert unforeseen(server, calls(client)["rows"], bodies) == []


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_refusal_of_deeply_nested_text_is_survived(server: Server, client: BraintrustClient, status: int) -> None:
    server.status = status

    assert unforeseen(server, calls(client)["rows"], [DEEP.encode()]) == []
    assert unforeseen(server, lambda: client.write(PROJECT, PAIRS, ASSIGNMENT), [DEEP.encode()]) == []


@pytest.mark.parametrize("cursor", ["a\\b", "a\nb", "\ud800"])
def test_a_cursor_that_cannot_be_asked_for_is_no_answer(server: Server, client: BraintrustClient, cursor: str) -> None:
    server.body = json.dumps({"data": [{"id": "row-1"}], "cursor": cursor}).encode()

    page = outcome(calls(client)["rows"])

    assert isinstance(page, BraintrustError) or (isinstance(page, Page) and after("q", page.cursor))


@pytest.mark.parametrize("body", [b"a" * 20_000, b"[a=" * 20_000], ids=["one word", "open tags"])
def test_a_long_refusal_is_stripped_at_once(body: bytes) -> None:
    """The regular expressions hold the interpreter's lock: while they search, the whole bot stands still."""
    began = time.thread_time()

    stripped(body)

    assert time.thread_time() - began < 0.2
