"""What stands between the bot and a server is told by its cause and by the setting that is to be put right."""

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.slack.client import SlackClient, web_client
from bot.domain.row_changes import Assignment
from bot.domain.writing import Outcome, WriteResult
from bot.doors.socket_mode import Session
from bot.errors import NoAccessError, SlackUnavailableError, UnreachedError
from bot.settings import SlackSettings
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import Status
from tests.integration.braintrust_client import NoPatience, client_of, query
from tests.peer import Peer, answer
from tests.ports import free_port

PAIRS = [("row-1", "11111111-1111-4111-8111-111111111111")]
PROJECT = "5f0c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10"
NOBODY = "http://nobody.invalid"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for `localhost`, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    try:
        subprocess.run([*made, *files], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "both.pem"


@pytest.fixture
def peer(authority: Path) -> Iterator[Callable[..., Peer]]:
    """Start a peer; it ends with the test."""
    peers: list[Peer] = []

    def start(answer: bytes | None, *, tls: bool = False) -> Peer:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority)
        peers.append(Peer(answer, context=context).__enter__())
        return peers[-1]

    yield start
    for one in peers:
        one.__exit__()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTTP libraries look into the process's environment, so what they find there has to be known."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def unreached(url: str) -> UnreachedError:
    """What a reading from `url` says, which nobody answers."""
    with pytest.raises(UnreachedError) as raised:
        client_of(url).page(query(), patience=NoPatience())
    return raised.value


def slack_says(url: str) -> str:
    with pytest.raises(SlackUnavailableError) as raised:
        SlackClient(web_client(SlackSettings(bot_token="xoxb-1", api_url=f"{url}/api/"))).channel("C0REVIEWS")
    return str(raised.value)


def write(url: str) -> WriteResult:
    return client_of(url).write(PROJECT, PAIRS, Assignment("needs-review"))


ADDRESSES: Mapping[str, tuple[Callable[[Callable[..., Peer]], str], str, str | None, bool]] = {
    "a name that nobody has": (lambda _: NOBODY, "no address is known for its name", "BRAINTRUST_API_URL", True),
    "a port where nobody listens": (
        lambda _: f"http://127.0.0.1:{free_port()}",
        "nothing listens at its port",
        "BRAINTRUST_API_URL",
        True,
    ),
    "https where http is spoken": (
        lambda peer: f"https://127.0.0.1:{peer(answer('200 OK')).port}",
        "it does not speak TLS there, so http:// or another port is meant",
        "BRAINTRUST_API_URL",
        False,
    ),
    "another protocol": (
        lambda peer: f"http://127.0.0.1:{peer(b'SSH-2.0-OpenSSH_9.7').port}",
        "it does not speak HTTP there, so https:// or another port is meant",
        "BRAINTRUST_API_URL",
        False,
    ),
    "a certificate that nobody signed": (
        lambda peer: f"https://localhost:{peer(answer('200 OK'), tls=True).port}",
        "its certificate is signed by an authority that is not known here",
        "REQUESTS_CA_BUNDLE",
        True,
    ),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_an_address_that_leads_nowhere_is_told_by_its_cause(peer: Callable[..., Peer], case: str) -> None:
    address, cause, setting, never_sent = ADDRESSES[case]
    url = address(peer)

    error = unreached(url)

    assert str(error) == f"Braintrust cannot be reached at {url}: {cause}. Check {setting}."
    assert error.setting == setting
    assert write(url).outcome is (Outcome.UNREACHABLE if never_sent else Outcome.UNKNOWN)
    assert f"Slack cannot be reached: {cause}." in slack_says(url)


def test_a_certificate_of_another_host_is_told_as_that(
    peer: Callable[..., Peer], authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))

    error = unreached(f"https://127.0.0.1:{peer(answer('200 OK'), tls=True).port}")

    assert "its certificate is that of another host. Check BRAINTRUST_API_URL." in str(error)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_cannot_be_read_is_named(
    peer: Callable[..., Peer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    """It may vanish, or be emptied, while the bot runs."""
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    url = f"https://localhost:{peer(answer('200 OK'), tls=True).port}"

    error = unreached(url)

    assert "the file with certificate authorities cannot be read. Check REQUESTS_CA_BUNDLE." in str(error)
    assert write(url).outcome is Outcome.UNREACHABLE


PROXIES = [
    ("407 Proxy Authentication Required", "the proxy does not accept its user and password (407)", "HTTPS_PROXY"),
    ("403 Forbidden", "the proxy does not let it through (403)", "HTTPS_PROXY"),
    ("502 Bad Gateway", "the proxy cannot get there (502)", "BRAINTRUST_API_URL"),
    (None, "the proxy does not answer", "HTTPS_PROXY"),
]


@pytest.mark.parametrize(("status", "cause", "setting"), PROXIES)
def test_a_proxy_in_the_way_is_told_as_that_and_its_password_is_not(
    peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch, status: str | None, cause: str, setting: str
) -> None:
    port = free_port() if status is None else peer(answer(status)).port
    monkeypatch.setenv("HTTPS_PROXY", f"http://bot:hush@127.0.0.1:{port}")
    url = "https://nobody.invalid"

    error = unreached(url)

    assert str(error) == f"Braintrust cannot be reached at {url}: {cause}. Check {setting}."
    assert write(url).outcome is Outcome.UNREACHABLE
    assert "Slack cannot be reached through the proxy" in slack_says(url)
    assert "hush" not in str(error) + slack_says(url)


def test_a_proxy_that_answers_itself_is_no_braintrust(
    peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no TLS is not tunnelled: the proxy's answer looks like the server's."""
    proxy = peer(answer("407 Proxy Authentication Required"))
    monkeypatch.setenv("HTTP_PROXY", f"http://bot:hush@127.0.0.1:{proxy.port}")

    with pytest.raises(NoAccessError) as raised:
        client_of(NOBODY).page(query(), patience=NoPatience())

    assert raised.value.setting == "HTTP_PROXY"
    assert "Check HTTP_PROXY." in str(raised.value)


@pytest.mark.parametrize("kind", ["query", "user", "group"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_api_that_has_moved_is_told_with_its_new_address(
    braintrust: BraintrustStandIn, kind: str, status: int
) -> None:
    """Not as a lack of rights: whoever may not list users is answered otherwise."""
    path = "/btql" if kind == "query" else f"/v1/{kind}?limit=100"
    headers = {"Location": f"https://api-eu.example.com/base{path}"}
    braintrust.faults.always(kind, Status(status, headers=headers))
    client = client_of(braintrust.url)
    asked: dict[str, Callable[[], object]] = {
        "query": lambda: client.page(query(), patience=NoPatience()),
        "user": lambda: client.users(patience=NoPatience()),
        "group": lambda: client.groups(patience=NoPatience()),
    }

    with pytest.raises(NoAccessError) as raised:
        asked[kind]()

    assert f"({status}). Set BRAINTRUST_API_URL to https://api-eu.example.com/base." in str(raised.value)
    assert raised.value.setting == "BRAINTRUST_API_URL"
    assert braintrust.requests.count() == 1


@pytest.mark.parametrize("location", ["", "https://elsewhere.example.com/", "https://a b/btql", "*btql"])
def test_a_move_without_a_usable_address_names_none(braintrust: BraintrustStandIn, location: str) -> None:
    braintrust.faults.always("query", Status(308, headers={"Location": location}))

    with pytest.raises(NoAccessError) as raised:
        client_of(braintrust.url).page(query(), patience=NoPatience())

    assert str(raised.value) == "Braintrust's API is not at this address any more (308). Check BRAINTRUST_API_URL."


@pytest.mark.parametrize(
    "page",
    ["<h1>400 The plain HTTP request was sent to HTTPS port</h1>", "Client sent an HTTP request to an HTTPS server.\n"],
)
def test_http_where_https_is_spoken_is_told_as_that(braintrust: BraintrustStandIn, page: str) -> None:
    braintrust.faults.always("query", Status(400, page))

    with pytest.raises(NoAccessError) as raised:
        client_of(braintrust.url).page(query(), patience=NoPatience())

    assert str(raised.value) == "Braintrust is spoken to by https:// there. Check BRAINTRUST_API_URL."


# --- what answers in Slack's place ---


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (answer("200 OK", "<html>Welcome to our network</html>"), 200),
        (answer("404 Not Found", "<html>nothing here</html>"), 404),
        (answer("401 Unauthorized", '{"message": "who are you?"}'), 401),
        (answer("200 OK", '{"a": 1}'), 200),
        (answer("200 OK", "[]"), 200),
        (answer("200 OK"), 200),
        (answer("307 Temporary Redirect", "", "Location: https://elsewhere.invalid/"), 307),
    ],
)
def test_what_answers_in_slacks_place_points_at_its_address(
    peer: Callable[..., Peer], said: bytes, status: int
) -> None:
    sentence = slack_says(f"http://127.0.0.1:{peer(said).port}")

    assert sentence == (
        f"Slack cannot be reached: something else answers in its place (status {status}). "
        "Check SLACK_API_URL, if it is set, and the network."
    )


def test_an_outage_of_slack_is_none_of_its_address(peer: Callable[..., Peer]) -> None:
    sentence = slack_says(f"http://127.0.0.1:{peer(answer('503 Service Unavailable', 'down')).port}")

    assert sentence == "Slack has a problem (status 503). Try again later."


def test_a_refused_websocket_is_told_by_its_status_alone(peer: Callable[..., Peer]) -> None:
    said = answer("503 Service Unavailable", "POISON", "Set-Cookie: POISON")
    session = Session(f"ws://127.0.0.1:{peer(said).port}/?ticket=POISON", received=lambda *_: None, lost=lambda _: None)

    assert not session.is_greeted(unless=threading.Event())
    assert session.cause == "status 503"
