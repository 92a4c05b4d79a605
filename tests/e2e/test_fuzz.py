"""Thousands of requests that Slack would never send, signed correctly, against the real door of the real bot."""

import copy
import dataclasses
import hashlib
import hmac
import io
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

import pytest
from sqlalchemy import Text, cast, select
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from bot.adapters.slack.identity import SCOPES
from bot.adapters.store.tables import metadata
from bot.app import Bot
from bot.domain.plan import PlanState
from bot.doors.health import HealthPages
from bot.doors.web import Door, Doorkeeper
from bot.logs import JsonFormatter, TextFormatter
from bot.settings import Settings
from sandbox.braintrust.seed import seed_rows, seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.faults import Status
from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from tests.e2e.world import ADA, GUEST, REVIEWS, SECRET, TAG

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
INTERNAL = re.compile(
    r"Traceback|File \"|\w+(?:Error|Exception)\b|NoneType|object at 0x|site-packages|sqlite|sqlalchemy|psycopg|"
    r"xoxb-|sk-sandbox|sandbox-signing-secret"
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e308,
    float("nan"),
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202egnp.exe",
    "\U0001f469\u200d\U0001f52c" * 40,
    "x" * 20_000,
    "<!channel> <@U0ADA>",
    "'; drop table plans; --",
    "../../etc/passwd",
    "http://127.0.0.1:1/nobody",
    "file:///etc/passwd",
    "k7f3q2:1",
    "k7f3q2:999999999999",
    ":",
    [],
    {},
    [[]],
    [None],
    {"id": {"id": []}},
    [1, "a", {"b": None}],
)


FELL = 500  # what the server answers when the door raises
CONTENT_TYPES = (
    None,
    "",
    "text/plain",
    "application/json; charset=nonsense",
    "application/xml",
    "multipart/form-data",
    f"{FORM}; charset=utf-16",
    JSON,
    FORM,
    "\xff",
)
BODIES = (
    b"",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"{}",
    b"NaN",
    b"\xff\xfe\x00",
    b"\xed\xa0\x80",
    b"payload",
    b"payload=",
    b"payload=null",
    b"payload=[]",
    b"payload=%7B",
    b"payload=%FF",
    b"payload={}&payload={}",
    b'payload={"type":"block_actions","type":"event_callback"}',
    b"payload=" + b"[" * 50_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"ssl_check=1",
    b'{"type":"url_verification"}',
    b"&" * 100_000,
    b"=" * 100_000,
    b"%" * 100_000,
)
OTHER_VERSIONS = ("{}:0", "{}:2", "{}:999999999")
NEARLY = ("{}:01 ", "{}:-1", "{}:1.0", "{}:1:1", "{}:\u0661", "{}", "{}:1\n", "{}\x00:1")
HUGE_TEXTS = [
    pytest.param("x" * 500_000, id="one word"),
    pytest.param("tag=" * 100_000, id="one option"),
    pytest.param("days=1 " * 60_000, id="many options"),
    pytest.param('"' * 100_000, id="quotes"),
    pytest.param("&amp;lt;" * 60_000, id="entities"),
    pytest.param("reviewers=" + ",".join(["a@example.com"] * 20_000), id="reviewers"),
    pytest.param("\u202e" * 60_000, id="direction"),
]

Request = tuple[bytes, str | None]


@dataclass(frozen=True)
class Answered:
    """What the door said; a request under which it fell has the status `FELL`, and the error in `body`."""

    request: bytes
    content_type: str | None
    status: int
    body: str


@dataclass(frozen=True)
class Secrets:
    """What nobody may see."""

    bot_token: str
    signing_secret: str
    api_key: str


SANDBOX = Secrets("xoxb-sandbox", "sandbox-signing-secret", "sk-sandbox")


class House:
    """The bot behind its door, in this process, between the stand-ins."""

    def __init__(self, folder: Path, *, secrets: Secrets = SANDBOX) -> None:
        self.braintrust = BraintrustStandIn(api_key=secrets.api_key)
        self.slack = SlackStandIn(bot_token=secrets.bot_token, signing_secret=secrets.signing_secret)
        self.folder = folder
        self.secrets = secrets

    def __enter__(self) -> "House":
        self.braintrust.start()
        self.slack.start()
        self.slack.scopes.intersection_update(SCOPES)
        self.braintrust.directory.users[:] = seed_users()
        seed_rows(self.braintrust.rows, DEFAULT_PROJECT_ID, count=60, tag=TAG, assigned=10, finished=2)
        self.bot = Bot(Settings.from_env(self._environment()))
        self.bot.start()
        self.door = Door(self.bot, Doorkeeper(self.secrets.signing_secret), HealthPages(self.bot))
        return self

    def __exit__(self, *_: object) -> None:
        self.bot.stop()
        self.slack.stop()
        self.braintrust.stop()

    def ask(self, body: bytes, content_type: str | None = FORM, **environment: str) -> Answered:
        """One request through WSGI, signed as Slack signs."""
        at = str(int(time.time()))
        mac = hmac.new(self.secrets.signing_secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/slack/events",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "HTTP_X_SLACK_REQUEST_TIMESTAMP": at,
            "HTTP_X_SLACK_SIGNATURE": f"v0={mac}",
            **({} if content_type is None else {"CONTENT_TYPE": content_type}),
            **environment,
        }
        setup_testing_defaults(environ)
        said: list[str] = []
        try:
            answer = b"".join(self.door(environ, lambda status, _headers, _error=None: said.append(status)))
        except Exception as error:  # noqa: BLE001 - what the server would make a 500 of
            return Answered(body[:300], content_type, FELL, repr(error))
        return Answered(body[:300], content_type, int(said[0][:3]), answer.decode())

    def ask_all(self, requests: Sequence[Request]) -> list[Answered]:
        """Many requests, several at a time: Bolt looks every 10 ms whether a listener has acknowledged."""
        with ThreadPoolExecutor(24) as pool:
            return list(pool.map(lambda request: self.ask(*request), requests))

    def response_url(self, user: str = ADA, channel: str = REVIEWS) -> str:
        return self.slack.response_urls.issue(channel, user)

    def proposed_value(self) -> str:
        """The value of a proposed plan's Approve button; always of the same plan, while nobody decides about it."""
        answered = self.ask(*as_form(command(self, "")))
        named = re.search(r"plan `(\w+)`", answered.body)
        assert named, answered
        proposed = Retrying(
            stop=stop_after_delay(240),
            wait=wait_fixed(0.1),
            retry=retry_if_result(lambda state: state is PlanState.READING),
        )
        assert proposed(lambda: self.state(named[1])) is PlanState.PROPOSED
        return f"{named[1]}:1"

    def state(self, plan_id: str) -> PlanState:
        plan = self.bot.store.plans.get(plan_id)
        assert plan is not None
        return plan.state

    def rest(self) -> None:
        """Wait until every plan was read, and whoever asked was answered."""
        busy = Retrying(stop=stop_after_delay(240), wait=wait_fixed(0.5), retry=retry_if_result(bool))
        busy(lambda: [plan for plan in self.bot.store.plans.recent(most=10_000) if plan.drawn < plan.revision])

    def said(self) -> list[str]:
        """Everything that anybody in the workspace can read."""
        workspace = self.slack.workspace
        shown: list[Message] = [*workspace.messages(), *workspace.ephemerals()]
        return [f"{one.text} {json.dumps(one.blocks)}" for one in shown]

    def _environment(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.secrets.bot_token,
            "SLACK_SIGNING_SECRET": self.secrets.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "BRAINTRUST_API_KEY": self.braintrust.api_key,
            "BRAINTRUST_API_URL": self.braintrust.url,
            "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEWERS": ",".join(user["email"] for user in self.braintrust.directory.users if user["email"]),
            "DATABASE_URL": f"sqlite:///{self.folder / 'bot.db'}",
        }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("fuzz")) as house:
        yield house


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Log nothing: half characters in a captured log end xdist, and thousands of lines help nobody."""
    logging.disable(logging.NOTSET if "lines" in request.fixturenames else logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


# ---- what Slack sends ------------------------------------------------------------------------------------------------


def command(house: House, text: str = "help") -> dict[str, Any]:
    return {
        "token": "t",
        "team_id": "T0SANDBOX",
        "api_app_id": "A0SANDBOX",
        "channel_id": REVIEWS,
        "channel_name": "llm-reviews",
        "user_id": ADA,
        "user_name": "ada",
        "command": "/assign-reviews",
        "text": text,
        "response_url": house.response_url(),
        "trigger_id": "1.2.3",
    }


def press(house: House, action_id: str = "approve", value: Any = "k7f3q2:1") -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": ADA, "name": "ada", "team_id": "T0SANDBOX"},
        "api_app_id": "A0SANDBOX",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": REVIEWS, "is_ephemeral": False},
        "team": {"id": "T0SANDBOX", "domain": "sandbox"},
        "channel": {"id": REVIEWS, "name": "llm-reviews"},
        "message": {"ts": "1.2", "text": "x", "blocks": []},
        "state": {"values": {}},
        "response_url": house.response_url(),
        "trigger_id": "1.2.3",
        "actions": [
            {"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.2"},
        ],
    }


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "token": "t",
        "team_id": "T0SANDBOX",
        "api_app_id": "A0SANDBOX",
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1,
        "authorizations": [{"team_id": "T0SANDBOX", "user_id": "U0BOT", "is_bot": True}],
        "event": {"type": kind, "user": ADA, "channel": SECRET, "ts": "1.2", "text": "hi", **fields},
    }


def others(house: House) -> list[dict[str, Any]]:
    """What the app has no listener for."""
    view = {"id": "V1", "type": "modal", "callback_id": "adjust", "private_metadata": "", "state": {"values": {}}}
    common = {"user": {"id": ADA}, "team": {"id": "T0SANDBOX"}, "response_url": house.response_url()}
    return [
        {"type": "view_submission", "view": view, **common},
        {"type": "view_closed", "view": view, **common},
        {"type": "shortcut", "callback_id": "x", **common},
        {"type": "message_action", "callback_id": "x", "message": {}, "channel": {"id": REVIEWS}, **common},
        {"type": "block_suggestion", "action_id": "x", "value": "y", **common},
        {"type": "interactive_message", "callback_id": "x", "actions": [{"name": "x"}], **common},
        {"type": "workflow_step_edit", "callback_id": "x", **common},
        {"type": "nobody_knows", **common},
    ]


def events() -> list[dict[str, Any]]:
    return [
        event("app_mention", channel="C0NOWHERE"),
        event("message", channel_type="im", channel="D0NOWHERE"),
        event("member_joined_channel", user="U0BOT", channel="C0NOWHERE"),
        event("app_home_opened", tab="home"),
        event("message", subtype="message_changed"),
        event("no_such_event"),
    ]


# ---- what becomes of it ----------------------------------------------------------------------------------------------


def damaged(content: Any, chance: random.Random) -> Any:
    """`content` with one to three of its fields missing, replaced or wrapped."""
    content = copy.deepcopy(content)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(content)))
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                holder.pop(key)
            case 1:
                holder[key] = [holder[key]]
            case _:
                holder[key] = copy.deepcopy(chance.choice(ODD))
        if not list(_places(content)):
            break
    return content


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside `content`."""
    keys = content.keys() if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in list(keys):
        yield content, key
        yield from _places(content[key])


def as_form(content: dict[str, Any]) -> tuple[bytes, str]:
    return urlencode(content, errors="surrogatepass").encode(), FORM


def as_payload(content: Any) -> tuple[bytes, str]:
    return urlencode({"payload": json.dumps(content)}).encode(), FORM


def as_json(content: Any) -> tuple[bytes, str]:
    return json.dumps(content).encode(), JSON


def clicks(house: House) -> list[dict[str, Any]]:
    return [press(house, action_id) for action_id in ("approve", "cancel", "stop", "retry", "undo", "nothing")]


def assert_calm(house: House, answers: Sequence[Answered]) -> None:
    """Nothing internal is told to anybody, nothing is written, and everybody is still at work."""
    house.rest()
    assert [answer for answer in answers if answer.status != FELL and INTERNAL.search(answer.body)] == []
    assert [text for text in house.said() if INTERNAL.search(text)] == []
    assert house.braintrust.requests.count("insert") == 0
    assert house.bot.worker.is_alive()
    assert house.ask(*as_form(command(house))).status == 200


def damaged_requests(house: House, *, rounds: int, seed: int) -> list[Request]:
    """Every kind of payload, each damaged differently; always the same ones."""
    chance = random.Random(seed)
    requests: list[Request] = []
    for _ in range(rounds):
        requests += [as_form(damaged(command(house), chance)) for _ in range(4)]
        requests += [as_json(damaged(command(house), chance)) for _ in range(2)]
        requests += [as_payload(damaged(content, chance)) for content in clicks(house)]
        requests += [as_json(damaged(content, chance)) for content in clicks(house)[:1]]
        requests += [as_payload(damaged(content, chance)) for content in others(house)]
        requests += [as_json(damaged(content, chance)) for content in events()]
    return requests


def broken_requests(house: House, *, rounds: int, seed: int) -> list[Request]:
    """Bodies that are cut, flipped, doubled, or of another type than they say."""
    chance = random.Random(seed)
    whole = [as_form(command(house)), as_json(event("message", channel_type="im")), *map(as_payload, clicks(house))]
    requests: list[Request] = []
    for _ in range(rounds):
        for body, kind in whole:
            cut = chance.randrange(len(body))
            flipped = bytearray(body)
            flipped[cut] = chance.randrange(256)
            requests += [(body[:cut], kind), (bytes(flipped), kind), (body, chance.choice(CONTENT_TYPES))]
    return requests + [(body, kind) for body in BODIES for kind in (FORM, JSON)]


def test_damaged_fields_harm_nobody(house: House) -> None:
    assert_calm(house, house.ask_all(damaged_requests(house, rounds=90, seed=1)))


def test_broken_bodies_harm_nobody(house: House) -> None:
    assert_calm(house, house.ask_all(broken_requests(house, rounds=40, seed=2)))


def test_the_door_never_falls(house: House) -> None:
    """Not even before the signature is looked at: anybody can send such bodies."""
    requests = damaged_requests(house, rounds=10, seed=3) + broken_requests(house, rounds=5, seed=4)

    assert [answer for answer in house.ask_all(requests) if answer.status == FELL] == []


@pytest.mark.parametrize("sent", [as_json, as_payload])
@pytest.mark.parametrize("action_id", ["approve", "cancel", "stop", "retry", "undo", "undo_confirm"])
def test_a_button_takes_no_value_but_its_own(house: House, action_id: str, sent: Callable[[Any], Request]) -> None:
    """A live plan stays proposed, whatever stands in the value of a press."""
    value = house.proposed_value()
    plan_id = value.partition(":")[0]
    near = [form.format(plan_id) for form in NEARLY + (OTHER_VERSIONS if action_id == "approve" else ())]
    values = [*ODD, *near, value.upper(), [value], {"value": value}, f" {value}"]

    answers = house.ask_all([sent(press(house, action_id, odd)) for odd in values])

    assert_calm(house, answers)
    assert house.state(plan_id) is PlanState.PROPOSED


def test_nobody_approves_without_being_somebody(house: House) -> None:
    """The right value in the hands of no known person decides nothing."""
    value = house.proposed_value()
    nobody: list[Any] = [None, "", ADA, [ADA], {}, {"id": None}, {"id": [ADA]}, {"id": {"id": ADA}}, {"id": f"{ADA} "}]
    nobody += [{"id": odd} for odd in ODD] + [{"id": GUEST}, {"id": "U0BOT"}, {"name": "ada"}, {"id": ADA.lower()}]

    answers = house.ask_all([as_payload({**press(house, "approve", value), "user": user}) for user in nobody])

    assert_calm(house, answers)
    assert house.state(value.partition(":")[0]) is PlanState.PROPOSED


@pytest.mark.parametrize("text", HUGE_TEXTS)
def test_long_texts_are_answered_at_once(house: House, text: str) -> None:
    began = time.monotonic()

    answer = house.ask(*as_form(command(house, text)))

    assert answer.status == 200
    assert time.monotonic() - began < 12  # Slack waits for three; what a long text could cost would be minutes
    assert len(answer.body) < 10_000
    assert_calm(house, [answer])


# ---- secrets ---------------------------------------------------------------------------------------------------------

DISTINCTIVE = Secrets("xoxb-7Zq-token", "signing-8Wv-secret", "sk-9Xk-key")
OWNER = "owner-5Rt@acme.test"
REFUSAL = f'Organization "Acme-6Yp" refuses [user_email={OWNER}] [user_org=Acme-6Yp]'


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every line that the bot would log, in both formats."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.extend(formatter.format(record) for formatter in (TextFormatter(), JsonFormatter()))

    collector, root = Collector(), logging.getLogger()
    root.addHandler(collector)
    before, root.level = root.level, logging.INFO
    yield lines
    root.level = before
    root.removeHandler(collector)


def stored(house: House) -> dict[str, str]:
    """All values of each column of the database."""
    found = {}
    with house.bot.store.database.read() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                values = connection.execute(select(cast(column, Text))).scalars().all()
                found[f"{table.name}.{column.name}"] = "\n".join(value for value in values if value)
    return found


def holding(found: Mapping[str, str], words: Iterable[str]) -> set[str]:
    """Which of the texts hold any of the words."""
    return {name for name, text in found.items() if any(word in text for word in words)}


def test_no_secret_and_no_email_is_told_or_kept(tmp_path: Path, lines: list[str]) -> None:
    """A plan from the command to the report, one that Braintrust refuses, and presses: who looks, finds nothing."""
    with House(tmp_path, secrets=DISTINCTIVE) as house:
        emails = [user["email"] for user in house.braintrust.directory.users if user["email"]]
        gate = house.braintrust.faults.hold("query")
        content = command(house, f"reviewers={','.join(emails)}")
        assert house.ask(*as_form(content)).status == 200
        while_reading = stored(house)
        gate.open()
        house.ask(*as_payload(press(house, "approve", house.proposed_value())))
        house.slack.wait_for(lambda workspace: workspace.files(REVIEWS))
        house.braintrust.faults.always("query", Status(403, REFUSAL))
        house.ask(*as_form(command(house, f"tag=other reviewers={emails[0]}")))
        house.slack.wait_for(lambda workspace: [one for one in workspace.ephemerals(ADA) if "No plan was" in one.text])
        house.rest()
        at_rest = stored(house)
        workspace = house.slack.workspace
        shown = {
            f"said {number}": f"{one!r}" for number, one in enumerate([*workspace.messages(), *workspace.ephemerals()])
        }
        attached = {file.name: file.content.decode() for file in workspace.files()}

    secrets = [*dataclasses.astuple(DISTINCTIVE), OWNER, "Acme-6Yp"]
    logged = dict(enumerate(lines))
    urls = [content["response_url"], house.slack.url + "/respond/"]
    assert len(shown) > 3
    assert "to_assign_ids.json" in attached
    assert any("a plan was assigned" in line for line in lines)
    assert holding(shown | attached, [*secrets, *emails, *urls]) == set()
    assert holding({str(number): line for number, line in logged.items()}, [*secrets, *emails, *urls]) == set()
    assert holding(while_reading | at_rest, secrets) == set()
    assert holding(while_reading | at_rest, emails) == {"plans.asked_reviewers"}
    assert holding(while_reading, urls) == {"plans.response_url"}
    assert holding(at_rest, urls) == set()
