"""What neither ruff nor import-linter sees: who reads the environment, prints and sleeps, and how long things get."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATHS = sorted(path for folder in ("bot", "handlers", "sandbox") for path in (ROOT / folder).rglob("*.py"))
MIGRATIONS = "bot/adapters/store/migrations/versions/"

MAX_FUNCTION_LINES = 50
MAX_MODULE_LINES = 320
TABLES = frozenset({"bot/settings.py"})  # entry after entry, and no logic to speak of
ENVIRONMENT = frozenset({"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"})
BROAD = frozenset({"Exception", "BaseException", None})

pytestmark = pytest.mark.xdist_group("architecture")  # all look at the same modules


@cache
def modules() -> dict[str, ast.Module]:
    """Every module by its path, parsed."""
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in PATHS}


@cache
def names() -> dict[str, frozenset[str]]:
    """Every dotted name that a module uses or imports: `os.environ`, `print`."""
    return {module: frozenset(names_in(tree)) for module, tree in modules().items()}


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def users_of(*wanted: str) -> set[str]:
    """The modules that use one of these names."""
    return {module for module, used in names().items() if not used.isdisjoint(wanted)}


def broad_handlers(tree: ast.AST) -> list[ast.ExceptHandler]:
    """Every `except` that catches what nobody foresaw and goes on."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return [handler for handler in handlers if not BROAD.isdisjoint(_caught(handler)) and not _raises_again(handler)]


def _caught(handler: ast.ExceptHandler) -> set[str | None]:
    if handler.type is None:
        return {None}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def functions() -> Iterator[tuple[str, int]]:
    """Every function with its number of lines."""
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_only_the_settings_read_the_environment() -> None:
    assert users_of(*ENVIRONMENT) == {"bot/settings.py"}


def test_only_the_terminal_prints() -> None:
    assert users_of("print") == set()
    assert users_of("sys.stdout", "sys.stderr", "sys.stdin") == {"bot/cli/console.py"}


def test_only_the_entry_point_exits() -> None:
    assert users_of("sys.exit", "os._exit", "exit", "quit", "SystemExit") == {"bot/__main__.py", "sandbox/__main__.py"}


def test_what_nobody_foresaw_is_caught_around_a_step_and_around_a_tick() -> None:
    """Around a listener it is Bolt that catches it, and `background` only hands it on."""
    found = {module: len(broad_handlers(tree)) for module, tree in modules().items() if broad_handlers(tree)}

    assert found == {"bot/work/turn.py": 1, "bot/work/ticks.py": 1, "bot/services/threads.py": 1}


def test_what_is_compared_goes_by_the_clock_of_the_database() -> None:
    """Of the process's own there is what dates the log, checks Slack's signatures, starts ticks, and finds the skew."""
    used = users_of("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today")

    assert {module for module in used if not module.startswith("sandbox/")} == {
        "bot/adapters/http.py",
        "bot/adapters/store/database.py",
        "bot/doors/web.py",
        "bot/preflight/braintrust.py",
        "bot/preflight/slack.py",
        "bot/work/ticks.py",
    }


def test_nothing_sleeps_but_the_check_on_the_terminal() -> None:
    """Whatever else waits, waits on an event, so that a shutdown ends it."""
    assert users_of("time.sleep") == {"bot/preflight/braintrust.py"}


def test_functions_are_short() -> None:
    """A migration is as long as its tables."""
    assert [(name, lines) for name, lines in functions() if lines > MAX_FUNCTION_LINES and MIGRATIONS not in name] == []


def test_modules_are_short() -> None:
    lengths = Counter({path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in PATHS})

    assert [
        (module, lines) for module, lines in lengths.items() if lines > MAX_MODULE_LINES and module not in TABLES
    ] == []
