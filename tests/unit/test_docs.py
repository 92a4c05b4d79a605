"""The documentation says what exists: settings, commands, options, dependencies, modules, files."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from io import StringIO
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from bot.adapters.braintrust.client import assignment_event
from bot.cli import main, parser
from bot.domain.btql import matching_rows
from bot.domain.options import COMMAND
from bot.domain.plan import PlanState, Window
from bot.errors import SettingsError
from bot.messages.buttons import approve_button, cancel_button, retry_button, stop_button, undo_button
from bot.messages.help import OPTIONS, PERSONAL, QUEUES
from bot.settings import FOR_HTTP, FOR_PLANNING, FOR_SOCKET_MODE, NAMES, NETWORK, TABLE, Settings
from tests.unit.builders import PROJECT, a_plan

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MODULES = (ROOT / "docs" / "modules.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
HOW_IT_WORKS = (ROOT / "docs" / "how-it-works.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT_FILE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
ALTERNATIVE_DOOR = {"SLACK_SIGNING_SECRET"}
NOT_SETTINGS = {
    "SLACK_CLIENT_ID": "only refused, together with the other one",
    "SLACK_CLIENT_SECRET": "only refused, together with the other one",
    "DYNO": "set by the platform, which thereby says that its files do not survive",
    **dict.fromkeys(NETWORK.keys() - TABLE.keys(), "another spelling of a setting, as the HTTP libraries know it"),
}


class Asked(Mapping[str, str]):
    """An environment where nothing is set, and which remembers what was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def variables() -> set[str]:
    """Every variable that the settings read, but for those that nobody is to set."""
    asked = Asked()
    Settings.from_env(asked)
    return asked.names - NOT_SETTINGS.keys()


def section(title: str, page: str = README) -> str:
    """What stands below a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(text: str) -> list[list[str]]:
    """The cells of the first table, without its head."""
    lines = takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: line[:1] != "|", text.splitlines()))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in list(lines)[2:]]


def code(cell: str) -> str:
    return cell.strip("`")


SETTINGS_TABLE = {
    name: (default, meaning)
    for name, default, meaning in re.findall(r"^\| `([A-Z_]+)` \| (?:`(.*?)` )?\| (.*) \|$", SETTINGS, re.MULTILINE)
}


def env_example() -> tuple[dict[str, str], dict[str, str]]:
    """(what is set, what is commented out) in .env.example."""
    set_lines = re.findall(r"^[A-Z_]+=.*$", EXAMPLE, re.MULTILINE)
    commented = re.findall(r"^#([A-Z_]+=.*)$", EXAMPLE, re.MULTILINE)
    return _read(set_lines), _read(commented)


def _read(lines: list[str]) -> dict[str, str]:
    values = dotenv_values(stream=StringIO("\n".join(lines)))
    assert len(values) == len(lines), "a variable stands there twice"
    return {name: value or "" for name, value in values.items()}


def in_words(value: object) -> str:
    """A default as people write it."""
    match value:
        case bool():
            return str(value).lower()
        case frozenset():
            return ",".join(f":{name}:" for name in sorted(value))
        case tuple():
            return ",".join(value)
        case _:
            return str(value or "")


def comments() -> dict[str, str]:
    """What stands above each variable of .env.example, in one line."""
    found = re.findall(r"^((?:# .*\n)+)#?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    return {name: " ".join(line.removeprefix("# ") for line in comment.splitlines()) for comment, name in found}


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `python -m bot COMMAND --help` prints."""
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    return capsys.readouterr().out


def commands() -> list[str]:
    """The commands of the terminal."""
    return re.findall(r"^    ([a-z]+) ", parser().format_help(), re.MULTILINE)


def packages(text: str) -> set[str]:
    """The names in a list of requirements."""
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in text.splitlines())
    return {normal(name[0]) for name in names if name and not name[0].startswith("-")}


def normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()


def declared() -> set[str]:
    """The dependencies that pyproject.toml names."""
    extras = [name for names in PROJECT_FILE["optional-dependencies"].values() for name in names]
    return packages("\n".join(PROJECT_FILE["dependencies"] + extras))


def documented_packages() -> set[str]:
    """The packages that README gives a reason for, in the table's first column or within a reason."""
    names = ", ".join(row[0] for row in table(section("Dependencies")))
    return {normal(name) for name in names.split(", ")}


def imported_packages() -> set[str]:
    """The distributions that our code imports."""
    paths = [path for folder in ("bot", "handlers", "sandbox", "tests") for path in (ROOT / folder).rglob("*.py")]
    modules = {module for path in paths for module in _imports(ast.parse(path.read_text()))}
    by_module = packages_distributions()
    return {normal(by_module[module][0]) for module in modules if module in by_module}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def tree() -> set[str]:
    """The paths in the tree of docs/modules.md."""
    paths, folders = set(), list[str]()
    block = section("The tree", MODULES).split("```")[1]
    for line in block.strip("\n").splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        folders = [*folders[:depth], name]
        paths.add("".join(folders))
    return paths


def test_the_settings_page_is_the_table_of_the_settings() -> None:
    expected = {name: (in_words(line.default), line.meaning) for name, line in TABLE.items()}

    assert list(SETTINGS_TABLE.items()) == list(expected.items())
    assert set(TABLE) == variables()


@pytest.mark.parametrize("found", [{"SLACK_CLIENT_ID": "x", "SLACK_CLIENT_SECRET": "x"}, {"DYNO": "web.1"}])
def test_what_is_no_setting_is_refused_and_the_page_says_so(found: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Settings.from_env(found)

    assert set(found) <= NOT_SETTINGS.keys()
    assert [name for name in found if f"`{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("name", [name for name, (default, _) in SETTINGS_TABLE.items() if default])
def test_a_documented_default_is_the_default(name: str) -> None:
    default, _ = SETTINGS_TABLE[name]

    assert Settings.from_env({name: default}) == Settings.from_env({})


def test_the_example_is_the_table_of_the_settings() -> None:
    given, commented = env_example()
    shown = {**given, **commented}

    assert shown == {name: in_words(line.default) or line.example for name, line in TABLE.items()}
    assert comments() == {name: line.meaning.replace("`", "") for name, line in TABLE.items()}


def test_the_example_gives_what_a_first_start_needs() -> None:
    given, _ = env_example()

    assert set(given) == {*FOR_SOCKET_MODE, *FOR_PLANNING}
    assert set(FOR_HTTP) - set(given) == ALTERNATIVE_DOOR


def test_the_example_can_be_used_as_it_stands_and_with_every_line() -> None:
    given, commented = env_example()

    Settings.from_env(given, required=FOR_SOCKET_MODE)
    assert Settings.from_env({**given, **commented}).queue.weekly_post is not None


def test_the_command_table_says_what_the_help_says() -> None:
    rows = [(code(form), meaning) for form, meaning in table(section("In Slack", COMMANDS))]

    assert rows[0][0] == COMMAND
    assert tuple(rows[1:-1]) == OPTIONS
    assert rows[-1] == (f"{COMMAND} help", "shows this")


def test_the_table_of_what_is_typed_about_oneself_says_what_the_help_says() -> None:
    rows = [tuple(line.strip("| ").split(" | ")) for line in COMMANDS.splitlines() if line.startswith(f"| `{COMMAND} ")]

    personal = [(f"`{COMMAND} {form}`", meaning) for form, meaning in (*PERSONAL, *QUEUES)]
    assert [row for row in personal if row not in rows] == []


def test_the_button_table_has_every_button_that_a_channel_sees() -> None:
    makers = (approve_button, cancel_button, stop_button, lambda plan: retry_button(plan, 7), undo_button)
    labels = [make(a_plan())["text"]["text"] for make in makers]
    named = [row[0] for row in table(section("Buttons", COMMANDS))]
    assert [name for label, name in zip(labels, named, strict=True) if not label.startswith(name)] == []
    assert "**Take back**" in COMMANDS


def test_the_terminal_table_has_every_command() -> None:
    assert [code(row[0]) for row in table(section("In the terminal", COMMANDS))] == commands()


@pytest.mark.parametrize("command", commands())
def test_each_command_is_documented_with_exactly_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    [described] = [row[1] for row in table(section("In the terminal", COMMANDS)) if code(row[0]) == command]

    existing = set(re.findall(r"--[a-z-]+", help_of(command, capsys))) - {"--help"}
    assert set(re.findall(r"--[a-z-]+", described)) == existing


def test_every_declared_dependency_has_its_reason() -> None:
    assert declared() - documented_packages() == set()


def test_whatever_the_code_imports_has_its_reason() -> None:
    mentioned = set(map(normal, re.findall(r"[\w-]+", section("Dependencies"))))

    assert imported_packages() - mentioned == set()


def test_what_has_a_reason_is_pinned() -> None:
    pinned = packages((ROOT / "requirements.txt").read_text() + (ROOT / "requirements-dev.txt").read_text())

    assert documented_packages() - pinned == set()


def test_the_tree_has_every_module() -> None:
    paths = [path for folder in ("bot", "handlers") for path in (ROOT / folder).rglob("*.py")]
    modules = {path.relative_to(ROOT).as_posix() for path in paths if path.name != "__init__.py"}
    inner = "bot/adapters/store/migrations/"

    assert {path for path in tree() if path.endswith(".py")} == {name for name in modules if not name.startswith(inner)}
    assert [path for path in tree() if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    file = ""
    for path, name in re.findall(r"`((?:unit|integration|e2e)/\w+\.py)?(?:::(test_\w+))?`", page.read_text()):
        file = path or file
        if path or name:
            assert (ROOT / "tests" / file).exists(), file
            assert f"def {name}(" in (ROOT / "tests" / file).read_text() or not name, f"{file}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:unit|integration|e2e|sandbox)/\w+\.py)`", page.read_text())

    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    named = {
        target for page in PAGES for target in re.findall(r"(?:`|^)make ([.a-z/]+)", page.read_text(), re.MULTILINE)
    }

    assert named == set(re.findall(r"^([.a-z/]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {
        "clean",
        ".PHONY",
    }


def test_the_procfiles_processes_start_what_exists() -> None:
    for command in re.findall(r"python -m bot ([a-z]+)", " ".join(PROCFILE.values())):
        assert callable(parser().parse_args([command]).command)

    assert set(re.findall(r"`(web|socket|release)`", README)) == set(PROCFILE)


def test_the_command_goes_by_one_name() -> None:
    """`assign-reviews`, or what can be typed in a checkout where nothing is activated."""
    pages = [page for page in PAGES if page.name != "modules.md"]
    lines = [line for page in pages for line in page.read_text().splitlines()]

    assert [line for line in lines if re.search(r"(?<!bin/)python -m bot", line)] == []


def test_the_manifest_for_kubernetes_sets_what_is_read() -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)
    [container] = yaml.safe_load(text)["spec"]["template"]["spec"]["containers"]

    assert {one["name"] for one in container["env"]} <= NAMES
    assert callable(parser().parse_args(container["args"]).command)


def test_the_unit_for_systemd_starts_the_bot() -> None:
    [command] = re.findall(r"^ExecStart=\S+/python -m bot (.+)$", OPERATIONS, re.MULTILINE)

    assert callable(parser().parse_args(command.split()).command)


def test_every_state_of_a_plan_is_explained() -> None:
    states = [code(row[0]) for row in table(section("A plan's life", HOW_IT_WORKS))]

    assert sorted(states) == sorted(PlanState)


def test_the_queries_are_the_documented_ones() -> None:
    window = Window(datetime(2026, 11, 16, 9, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC))
    queries = [matching_rows(PROJECT, tag="My tag", window=window, limit=1000)]

    assert [query for query in queries if query not in HOW_IT_WORKS.splitlines()] == []


def test_the_merge_event_is_the_documented_one() -> None:
    [event] = re.findall(r"^```json\n(.*?)^```", HOW_IT_WORKS, re.MULTILINE | re.DOTALL)

    assert assignment_event("ROW ID", "USER ID") == json.loads(event)


def test_the_changelog_has_the_version() -> None:
    assert f"## [{PROJECT_FILE['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def findings_in_code() -> set[tuple[str, str]]:
    """Verdict and setting of everything that `check` can find wrong, where the code names the setting."""
    found: set[tuple[str, str]] = set()
    for module in map(ast.parse, (path.read_text() for path in (ROOT / "bot" / "preflight").glob("*.py"))):
        constants = {
            node.targets[0].id: node.value.value
            for node in module.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("wrong", "warning"):
                setting = node.args[0]
                name = constants.get(setting.id) if isinstance(setting, ast.Name) else getattr(setting, "value", None)
                if isinstance(name, str):
                    found.add((node.func.id, name))
    return found


def test_troubleshooting_has_whatever_check_can_find_wrong_in_the_codes_own_words() -> None:
    lines = [code(row[0]) for row in table(section("What `check` can say", TROUBLESHOOTING))]
    told = [line.partition(":")[0].split(" ", 1) for line in lines]
    sources = " ".join(" ".join(path.read_text().split()) for path in (ROOT / "bot").rglob("*.py"))

    documented = {(verdict, setting) for verdict, setting in told}
    assert findings_in_code() - documented == set()
    quoted = [part.strip() for line in lines for part in line.partition(":")[2].split("…")]
    assert [part for part in quoted if part not in sources] == []
