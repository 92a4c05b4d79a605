"""The check of variables by their names and values alone: misspelt ones, the example's, and quotes that were kept."""

import difflib
from collections.abc import Iterator

from bot.environment import Environment
from bot.preflight.finding import Finding, warning
from bot.settings import FOR_HTTP, FOR_PLANNING, FOR_SOCKET_MODE, NAMES, TABLE

EXAMPLES = {name: TABLE[name].example for name in (*FOR_SOCKET_MODE, *FOR_HTTP, *FOR_PLANNING)}
"""What stands in .env.example, to be replaced."""
USABLE = ("REVIEW_TAG", "REVIEWERS")
"""Those that may be meant as they stand there."""
EXAMPLE = "this is still the example from .env.example; put your own there."
LIKELY, CERTAIN = 0.7, 0.85
"""How alike two names are, from 0 to 1; in the process's environment there are many that are no business of ours."""


def variable_findings(env: Environment) -> Iterator[Finding]:
    """What is probably not meant as it stands."""
    for name in env.quoted(NAMES):
        yield warning(name, "the quotes around it are taken off; `docker --env-file` keeps them, so write none there.")
    for name in USABLE:
        if is_example(env, name):
            yield warning(name, EXAMPLE)
    for name in sorted(env.keys() - NAMES):
        meant = _meant(name, LIKELY if name in env.file.values else CERTAIN)
        if meant and not env.get(meant, "").strip():
            yield warning(name, f"nothing of this name is read; write {meant}.")
        elif name in env.file.values:
            yield warning(name, "nothing of this name is read; docs/settings.md has all that are.")


def is_example(env: Environment, name: str) -> bool:
    """Whether a variable was left as .env.example has it."""
    return env.get(name, "").strip() == EXAMPLES[name]


def _meant(name: str, alike: float) -> str | None:
    near = difflib.get_close_matches(name.upper().replace("-", "_"), sorted(NAMES), n=1, cutoff=alike)
    return near[0] if near else None
