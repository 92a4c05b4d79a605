"""`init`: questions at a terminal or answers from a file, each tried at once, and a `.env` that works."""

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bot.cli.init.questions import QUESTIONS
from bot.environment import EnvFile
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from tests.e2e.pseudo_terminal import CTRL_C, CTRL_D, PseudoTerminal
from tests.e2e.world import TAG, World

SECRETS = {"SLACK_BOT_TOKEN": "xoxb-sandbox", "SLACK_APP_TOKEN": "xapp-sandbox"}
WRITTEN = ("REVIEW_TAG", "REVIEWERS", "WEEKLY_POST", "REVIEW_CHANNEL")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world whose bot knows nothing that `init` asks for."""
    with World(tmp_path, door="terminal") as world:
        world.unset = frozenset(question.name for question in QUESTIONS)
        yield world


@pytest.fixture
def answers(world: World) -> dict[str, str]:
    """Right answers, in the words of people."""
    return {
        **SECRETS,
        "BRAINTRUST_API_URL": world.braintrust.url,
        "BRAINTRUST_API_KEY": world.braintrust.api_key,
        "BRAINTRUST_PROJECT_ID": "support-bot",
        "REVIEW_TAG": TAG,
        "REVIEWERS": "ada.okafor@example.com,chiara@example.com",
        "WEEKLY_POST": "mon 09:00 Europe/Berlin",
        "REVIEW_CHANNEL": "#llm-reviews",
    }


def begun(world: World) -> PseudoTerminal:
    return PseudoTerminal(world, "init")


def reply(terminal: PseudoTerminal, question: str, answer: str) -> str:
    """Answer a question once it is there; what was shown until then, and is not looked at again."""
    terminal.see(f"\n{question}\n")
    before, mark, terminal.seen = terminal.seen.rpartition(f"\n{question}\n")
    terminal.see("> ")
    asked, terminal.seen = terminal.seen, ""
    terminal.type(f"{answer}\n")
    return before + mark + asked


def env_file(world: World) -> EnvFile:
    return EnvFile(world.folder / ".env")


def given(world: World, answers: Mapping[str, str]) -> str:
    file = world.folder / "answers"
    file.write_text("".join(f"{name}={value}\n" for name, value in answers.items()))
    return str(file)


def test_a_person_is_led_from_nothing_to_a_bot_that_works(world: World, answers: Mapping[str, str]) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        shown = "".join(reply(terminal, name, answer) for name, answer in answers.items())
        code = terminal.end()
        shown += terminal.seen

    assert code == 0, shown
    values = env_file(world).values
    assert values["BRAINTRUST_PROJECT_ID"] == DEFAULT_PROJECT_ID
    assert values["REVIEW_CHANNEL"] == "C0REVIEWS"
    assert values["BRAINTRUST_ORG_NAME"] == "Acme"
    assert {name: values[name] for name in SECRETS} == SECRETS
    assert not set(SECRETS.values()) & set(shown.split())  # what is typed there is not shown
    assert "Everything is ok.\nStart the bot with: python -m bot run\n" in shown
    assert stat.S_IMODE((world.folder / ".env").stat().st_mode) == 0o600
    assert not (world.folder / ".env.unfinished").exists()


@pytest.mark.parametrize(("choice", "is_socket_mode"), [("1", True), ("2", False)])
def test_the_link_creates_the_app_from_the_manifest(world: World, choice: str, is_socket_mode: bool) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type(f"{choice}\n")
        if not is_socket_mode:
            terminal.see("public address")
            terminal.type("http://reviews.acme.com\n")
            terminal.see("wrong: it begins with https://")
            terminal.type("https://reviews.acme.com\n")
        shown = terminal.see("\nSLACK_BOT_TOKEN\n")

    [link] = re.findall(r"https://api\.slack\.com/apps\?\S+", shown)
    manifest = yaml.safe_load(parse_qs(urlsplit(link).query)["manifest_yaml"][0])
    whole = yaml.safe_load((Path(__file__).parents[2] / "manifest.yml").read_text())
    assert manifest["oauth_config"] == whole["oauth_config"]
    assert manifest["settings"]["socket_mode_enabled"] is is_socket_mode
    address = manifest["settings"]["interactivity"].get("request_url")
    assert address == (None if is_socket_mode else "https://reviews.acme.com/slack/events")


def test_the_door_for_http_is_led_to_as_well(world: World, answers: Mapping[str, str]) -> None:
    """With each of its own answers wrong once."""
    secret = "0123456789abcdef0123456789abcdef"
    of_http = {"SLACK_SIGNING_SECRET": secret, "WEEKLY_POST": ""}
    mine = {name: answers[name] for name in answers if name not in ("SLACK_APP_TOKEN", "REVIEW_CHANNEL")} | of_http
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("3\n")
        terminal.see("1 or 2 [1] >")
        terminal.type("2\n")
        terminal.see("public address")
        terminal.type("https://reviews.acme.com\n")
        for name in sorted(mine, key=[question.name for question in QUESTIONS].index):
            if name == "SLACK_SIGNING_SECRET":
                reply(terminal, name, "xoxb-sandbox")
                terminal.see("wrong: SLACK_SIGNING_SECRET: ")
            reply(terminal, name, mine[name])
        code = terminal.end()

    assert code == 0, terminal.seen
    assert env_file(world).values["SLACK_SIGNING_SECRET"] == secret
    assert "Start the bot with: python -m bot web\n" in terminal.seen


def test_a_token_without_a_scope_is_asked_for_again_once_it_has_it(world: World) -> None:
    world.slack.scopes.discard("chat:write")
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        reply(terminal, "SLACK_BOT_TOKEN", SECRETS["SLACK_BOT_TOKEN"])
        terminal.see("chat:write")
        world.slack.scopes.add("chat:write")
        reply(terminal, "SLACK_BOT_TOKEN", SECRETS["SLACK_BOT_TOKEN"])
        terminal.see("\nSLACK_APP_TOKEN\n")


def test_an_address_that_nobody_answers_is_asked_for_again(world: World, answers: Mapping[str, str]) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
            reply(terminal, name, answers[name])
        reply(terminal, "BRAINTRUST_API_URL", "http://127.0.0.1:1")
        reply(terminal, "BRAINTRUST_API_KEY", answers["BRAINTRUST_API_KEY"])
        terminal.see("wrong: BRAINTRUST_API_URL: ")
        reply(terminal, "BRAINTRUST_API_URL", answers["BRAINTRUST_API_URL"])
        reply(terminal, "BRAINTRUST_API_KEY", answers["BRAINTRUST_API_KEY"])
        terminal.see("\nBRAINTRUST_PROJECT_ID\n")


WRONG = {
    "BRAINTRUST_API_URL": ("ftp://braintrust", "an address such as https://"),
    "SLACK_BOT_TOKEN": ("xoxb-other", "Slack does not know this token"),
    "SLACK_APP_TOKEN": ("xoxb-sandbox", "xapp-"),
    "BRAINTRUST_API_KEY": ("sk-other", "BRAINTRUST_API_KEY"),
    "BRAINTRUST_PROJECT_ID": ("suport-bto", "UUID"),
    "REVIEWERS": ("nobody@example.com", "nobody@example.com is left out"),
    "WEEKLY_POST": ("someday", "WEEKLY_POST"),
    "REVIEW_CHANNEL": ("#nowhere", "REVIEW_CHANNEL"),
}


def test_a_wrong_answer_is_told_and_asked_for_again(world: World, answers: Mapping[str, str]) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        for name, answer in answers.items():
            if name in WRONG:
                mistake, told = WRONG[name]
                reply(terminal, name, mistake)
                assert told in terminal.see(f"\n{name}\n")
                assert "wrong: " in terminal.seen
            reply(terminal, name, answer)
        assert terminal.end() == 0


def test_what_may_not_be_meant_is_kept_only_if_somebody_says_so(world: World, answers: Mapping[str, str]) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        for name in [name for name in answers if name not in WRITTEN]:
            reply(terminal, name, answers[name])
        reply(terminal, "REVIEW_TAG", "needs-reveiw")
        terminal.see("Keep this REVIEW_TAG all the same? [y/N] >")
        terminal.type("\n")
        reply(terminal, "REVIEW_TAG", "1")
        reply(terminal, "REVIEWERS", "1, 2")
        reply(terminal, "WEEKLY_POST", "")
        assert terminal.end() == 0

    values = env_file(world).values
    assert values["REVIEW_TAG"] == TAG
    assert values["REVIEWERS"].count("@") == 2
    assert "REVIEW_CHANNEL" not in values


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_what_was_answered_is_kept_when_somebody_leaves(world: World, answers: Mapping[str, str], key: str) -> None:
    with begun(world) as terminal:
        terminal.see("1 or 2 [1] >")
        terminal.type("\n")
        reply(terminal, "SLACK_BOT_TOKEN", answers["SLACK_BOT_TOKEN"])
        terminal.see("\nSLACK_APP_TOKEN\n")
        terminal.see("> ")
        terminal.type(key)
        terminal.see("init goes on with it.")
        assert terminal.end() == 130

    assert not (world.folder / ".env").exists()
    assert stat.S_IMODE((world.folder / ".env.unfinished").stat().st_mode) == 0o600
    with begun(world) as terminal:
        terminal.see("Going on with what was answered last time: SLACK_BOT_TOKEN.")
        terminal.see("1 or 2 [1] >")
        terminal.type("1\n")
        for name in [name for name in answers if name != "SLACK_BOT_TOKEN"]:
            reply(terminal, name, answers[name])
        assert terminal.end() == 0
    assert env_file(world).values["SLACK_BOT_TOKEN"] == answers["SLACK_BOT_TOKEN"]


def test_a_file_with_answers_does_the_same_without_a_terminal(world: World, answers: Mapping[str, str]) -> None:
    """And the bot enters the channel that is named."""
    others = {"LOG_FORMAT": "json", "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID, "REVIEW_CHANNEL": "#general"}

    said = world.bot("init", "--from", given(world, {**answers, **others}))

    assert said.returncode == 0, said.stdout + said.stderr
    values = env_file(world).values
    assert values["LOG_FORMAT"] == "json"
    assert values["REVIEW_CHANNEL"] == "C0GENERAL"
    assert world.slack.workspace.bot.id in world.slack.workspace.channel("C0GENERAL").members
    assert said.stdout.endswith("Everything is ok.\nStart the bot with: python -m bot run\n")


@pytest.mark.parametrize("name", WRONG)
def test_a_file_with_a_wrong_answer_writes_nothing(world: World, answers: Mapping[str, str], name: str) -> None:
    said = world.bot("init", "--from", given(world, {**answers, name: WRONG[name][0]}))

    assert said.returncode == 1
    assert WRONG[name][1] in said.stdout
    assert re.search(rf"No \.env was written\. Correct .*{name}", said.stderr)
    assert not (world.folder / ".env").exists()


def test_lines_that_nobody_reads_are_refused(world: World, answers: Mapping[str, str]) -> None:
    said = world.bot("init", "--from", given(world, {**answers, "REVIEW_TAGS": "x"}))

    assert (said.returncode, said.stderr) == (1, "REVIEW_TAGS: nothing of this name is read. Take the line out.\n")


def test_a_file_that_is_not_there_is_told(world: World) -> None:
    said = world.bot("init", "--from", "nowhere")

    assert (said.returncode, said.stderr) == (1, "nowhere: there is no such file.\n")


def test_an_env_that_is_there_stays_unless_somebody_agrees(world: World, answers: Mapping[str, str]) -> None:
    before = "# ours\nLOG_FORMAT=json\nREVIEW_TAG='old tag'\n"
    (world.folder / ".env").write_text(before)
    file = given(world, answers)

    refused = world.bot("init", "--from", file)
    with begun(world) as terminal:
        terminal.see("Change it? [y/N]")
        terminal.type("\n")
        assert terminal.end() == 1
    assert (world.folder / ".env").read_text() == before

    agreed = world.bot("init", "--from", file, "--overwrite")

    assert (refused.returncode, agreed.returncode) == (1, 0)
    assert (world.folder / ".env").read_text().startswith(f"# ours\nLOG_FORMAT=json\nREVIEW_TAG={TAG}\n")


def test_what_the_environment_sets_is_not_asked_for(world: World, answers: Mapping[str, str]) -> None:
    set_outside = {"BRAINTRUST_API_KEY": answers["BRAINTRUST_API_KEY"]}
    file = given(world, {name: value for name, value in answers.items() if name not in set_outside})

    said = world.bot("init", "--from", file, **set_outside)

    assert said.returncode == 0, said.stdout
    assert "BRAINTRUST_API_KEY is set in the environment, which wins over .env; it is not asked for." in said.stdout
    assert "BRAINTRUST_API_KEY" not in env_file(world).values


def test_what_the_environment_sets_to_nothing_would_hide_the_answer(world: World, answers: Mapping[str, str]) -> None:
    said = world.bot("init", "--from", given(world, answers), REVIEW_TAG="")

    assert said.returncode == 1
    assert said.stderr == (
        "REVIEW_TAG: it is set to nothing in the environment, which wins over .env. Type: unset REVIEW_TAG\n"
    )


def test_without_anybody_to_ask_a_file_is_asked_for(world: World) -> None:
    said = world.bot("init")

    assert said.returncode == 1
    assert said.stderr == (
        "init asks questions, and nobody can be asked here: pass --from FILE with NAME=VALUE lines.\n"
    )


@pytest.mark.parametrize("text", ["a b", "it's", 'say "hi"', "#1", "back\\slash", " # ", "über", "a=b", "x$y"])
def test_a_value_is_read_as_it_was_answered(world: World, answers: Mapping[str, str], text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    file = given(world, {**answers, "REVIEW_TAG": f"'{quoted}'"})

    world.bot("init", "--from", file)

    if "\\" in text:  # BTQL has no way to write it, so no tag may have it
        assert not (world.folder / ".env").exists()
    else:
        assert env_file(world).values["REVIEW_TAG"] == text.strip()
