"""`python -m bot check`: it tries all that it can, blames the setting that is wrong, and says what to write."""

import json
import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Garbage, Status
from tests.e2e.mistakes import MISTAKES, Mistake
from tests.e2e.world import World
from tests.peer import Peer, answer

LINE = re.compile(r"(ok|warning|wrong) +(\S[^:]*): (.+\.)")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("check"), door="terminal") as world:
        yield world


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The world, as it was before the test afterwards."""
    scopes, channels = set(shared.slack.scopes), shared.slack.workspace.channels()
    yield shared
    shared.slack.scopes.update(scopes)
    shared.slack.faults.clear()
    shared.braintrust.faults.clear()
    for channel in channels:
        shared.slack.workspace.put(channel)


def check(world: World, **settings: str) -> tuple[int, list[tuple[str, str, str]], str]:
    """The exit code, the verdicts with settings and sentences, and the last line."""
    said = world.bot("check", **settings)
    *lines, _, last = said.stdout.splitlines()
    assert said.stderr == ""
    matches = [LINE.fullmatch(line) for line in lines]
    assert None not in matches, said.stdout
    return said.returncode, [(match[1], match[2], match[3]) for match in matches if match], last


def test_everything_that_works_is_ok(world: World) -> None:
    code, lines, last = check(
        world,
        APPROVERS="U0ADA,S0REVIEWERS",
        REQUESTERS="S0REVIEWERS",
        ADMINS="U0ADA",
        ALLOWED_CHANNELS="C0REVIEWS,C0GENERAL",
        REVIEWER_MAP="U0BEN=chiara@example.com",
        REVIEW_CHANNEL="C0REVIEWS",
        WEEKLY_POST="mon-fri 9am europe/berlin",
        BRAINTRUST_ORG_NAME="Acme",
    )

    assert code == 0
    assert {verdict for verdict, _, _ in lines} == {"ok"}
    assert [setting for _, setting, _ in lines] == [
        "settings",
        "DATABASE_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "ALLOWED_CHANNELS",
        "REVIEW_CHANNEL",
        "WEEKLY_POST",
        "APPROVERS",
        "REQUESTERS",
        "ADMINS",
        "BRAINTRUST_API_KEY",
        "BRAINTRUST_ORG_NAME",
        "BRAINTRUST_PROJECT_ID",
        "REVIEW_TAG",
        "REVIEWERS",
        "REVIEWER_MAP",
    ]
    assert last == "Everything is ok."


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_told_with_its_setting_and_what_to_write(world: World, mistake: Mistake) -> None:
    """Nothing else is blamed for it."""
    mistake.prepare(world)
    settings = mistake.settings(world) if callable(mistake.settings) else mistake.settings

    code, lines, _ = check(world, **settings)

    found = [(f"{verdict} {setting}", sentence) for verdict, setting, sentence in lines if verdict != "ok"]
    assert [blamed for blamed, _ in found] == [blamed for blamed, _ in mistake.said], found
    assert [part for (_, part), (_, sentence) in zip(mistake.said, found, strict=True) if part not in sentence] == [], (
        found
    )
    assert code == (1 if any(blamed.startswith("wrong") for blamed, _ in found) else 0)


def test_warnings_alone_are_no_failure(world: World) -> None:
    code, lines, last = check(world, REVIEW_TAG="", REVIEWERS="")

    assert code == 0
    assert [setting for verdict, setting, _ in lines if verdict == "warning"] == ["REVIEW_TAG", "REVIEWERS"]
    assert last == "2 warnings."


def test_what_can_be_tried_is_tried_beside_what_is_wrong(world: World) -> None:
    code, lines, last = check(
        world, REVIEW_DAYS="soon", SLACK_APP_TOKEN="xoxb-1", ADMINS="U0NOBODY", BRAINTRUST_ORG_NAME="Acne"
    )

    verdicts = {setting: verdict for verdict, setting, _ in lines}
    wrong = {setting for setting, verdict in verdicts.items() if verdict == "wrong"}
    assert code == 1
    assert wrong == {"REVIEW_DAYS", "SLACK_APP_TOKEN", "ADMINS", "BRAINTRUST_ORG_NAME"}
    assert verdicts["SLACK_BOT_TOKEN"] == verdicts["BRAINTRUST_PROJECT_ID"] == verdicts["REVIEWERS"] == "ok"
    assert last.startswith("4 wrong. ")


def test_a_proxy_that_lets_nobody_through_is_blamed(world: World) -> None:
    with Peer(answer("407 Proxy Authentication Required")) as proxy:
        address = f"http://bot:hush@127.0.0.1:{proxy.port}"
        code, lines, _ = check(world, HTTPS_PROXY=address, BRAINTRUST_API_URL="https://api.example.invalid")

    blamed = {setting: sentence for verdict, setting, sentence in lines if verdict == "wrong"}
    assert code == 1
    assert blamed.keys() == {"Slack", "HTTPS_PROXY"}
    assert "the proxy does not accept its user and password (407)" in blamed["HTTPS_PROXY"]
    assert "hush" not in str(lines)
    assert "by itself" not in str(lines)
    assert len([setting for _, setting, _ in lines if setting == "Slack"]) == 1


@pytest.mark.parametrize("answer", [Status(403), Status(200, '{"objects": []}')], ids=["403", "nobody"])
@pytest.mark.parametrize(
    ("reviewers", "verdict", "sentence"),
    [
        ("{id}", "warning", "the key may not list users, so ids are taken on trust."),
        ("{email}", "wrong", "(Braintrust does not let the bot list users); nobody is left who could be given rows."),
    ],
)
def test_a_key_that_may_not_list_users_is_told_as_that(
    world: World, answer: Status, reviewers: str, verdict: str, sentence: str
) -> None:
    world.braintrust.faults.always("user", answer)

    _, lines, _ = check(world, REVIEWERS=reviewers.format(**world.braintrust.directory.users[0]))

    [found] = [line for line in lines if line[1] == "REVIEWERS"]
    assert found[0] == verdict
    assert found[2].endswith(sentence)


def test_people_are_not_blamed_while_slack_cannot_be_asked(world: World) -> None:
    people = {"REVIEWERS": "S0REVIEWERS,chiara@example.com", "REVIEWER_MAP": "U0BEN=chiara@example.com"}

    code, lines, _ = check(world, SLACK_BOT_TOKEN="xoxb-sand", **people)

    assert code == 1
    assert [setting for verdict, setting, _ in lines if verdict != "ok"] == ["SLACK_BOT_TOKEN"]


ORGANISATIONS = json.dumps({"objects": [{"id": str(UUID(int=number)), "name": f"Acme {number}"} for number in (1, 2)]})


@pytest.mark.parametrize(
    ("answer", "name", "verdict", "sentence"),
    [
        (Status(200, ORGANISATIONS), "", "warning", "the key reaches several; write Acme 1 or Acme 2."),
        (Status(200, ORGANISATIONS), "Acme 2", "ok", "the key reaches it."),
        (Status(200, ORGANISATIONS), "Acme 3", "wrong", "the key does not reach it; write Acme 1 or Acme 2."),
        (Status(403), "Acme 3", "warning", "Braintrust does not say which organisations the key reaches."),
    ],
)
def test_the_organisation_is_one_that_the_key_reaches(
    world: World, answer: Status, name: str, verdict: str, sentence: str
) -> None:
    world.braintrust.faults.always("organization", answer)

    _, lines, _ = check(world, BRAINTRUST_ORG_NAME=name)

    assert [line for line in lines if line[1] == "BRAINTRUST_ORG_NAME"] == [(verdict, "BRAINTRUST_ORG_NAME", sentence)]


@pytest.mark.parametrize("fault", [Garbage(), Status(503)])
def test_an_answer_that_is_none_of_braintrust_s_points_at_the_address(world: World, fault: Garbage | Status) -> None:
    world.braintrust.faults.always("organization", fault)

    code, lines, _ = check(world)

    [(_, _, sentence)] = [line for line in lines if line[0] == "wrong"]
    assert code == 1
    assert sentence.endswith("if that stays so, check BRAINTRUST_API_URL.")


def test_what_others_wrote_cannot_make_up_a_line(world: World) -> None:
    forged = json.dumps({"id": DEFAULT_PROJECT_ID, "name": "bot\nok       REVIEWERS: fine\x1b[2J"})
    world.braintrust.faults.always("project", Status(200, forged))

    _, lines, _ = check(world)

    assert [setting for _, setting, _ in lines].count("REVIEWERS") == 1
    assert any(r"bot\nok       REVIEWERS: fine\u001b[2J" in sentence for _, _, sentence in lines)
