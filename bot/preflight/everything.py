"""The whole check, one setting after the other; what does not depend on a mistake is tried all the same."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.environment import Environment
from bot.preflight.braintrust import BraintrustCheck
from bot.preflight.database import DatabaseCheck
from bot.preflight.finding import Finding, Misread, ok, warning, wrong
from bot.preflight.people import policy_findings, reviewer_findings
from bot.preflight.slack import channel_findings, token_findings
from bot.settings import FOR_HTTP, FOR_PLANNING, FOR_SOCKET_MODE, NAMES, NETWORK, TABLE, Settings

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


REQUIRED = ("SLACK_BOT_TOKEN", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")
DOORS = ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
NAMING_IDS = frozenset(
    {"ALLOWED_CHANNELS", "REVIEW_CHANNEL", "APPROVERS", "REQUESTERS", "ADMINS", "BRAINTRUST_PROJECT_ID"}
)
"""Settings that want ids.  Who wrote a name is told the id, as far as Slack and Braintrust can be asked for it."""


def findings(env: Environment) -> Iterator[Finding]:
    """Every finding, as soon as it is known."""
    examples = [name for name in EXAMPLES if name not in USABLE and is_example(env, name)]
    own = Environment({**env, **dict.fromkeys(examples, "")}, env.file)
    settings, problems = Settings.as_far_as_readable(own, required=REQUIRED)
    misread = {name: Misread(own.get(name, "").strip(), _sentence(name, told)) for name, told in problems.items()}
    misread |= dict.fromkeys(examples, Misread("", EXAMPLE))

    yield from (
        wrong(name, found.sentence) for name, found in misread.items() if name not in NAMING_IDS or not found.text
    )
    if not misread:
        yield ok("settings", "all that are set can be read.")
    yield from _absent(env, misread)
    yield from variable_findings(env)
    database = DatabaseCheck(settings.database)
    if "DATABASE_URL" not in misread:
        yield database.finding()
    slack = (
        None if misread.keys() & {*NETWORK, "SLACK_API_URL"} else (yield from token_findings(settings.slack, misread))
    )
    yield from database.of_slack(slack)
    yield from channel_findings(slack, settings, misread)
    yield from policy_findings(slack, settings.policy, misread)
    if not misread.keys() & {*NETWORK, "BRAINTRUST_API_URL", "BRAINTRUST_API_KEY"}:
        braintrust = BraintrustCheck(settings)
        yield from braintrust.findings(misread)
        if braintrust.is_reached:
            yield from database.of_braintrust(settings)
        yield from reviewer_findings(slack, braintrust, settings)


def _sentence(name: str, problem: str) -> str:
    """What is wrong with a setting, without its name in front."""
    rest = problem.removeprefix(name)
    return problem if rest.startswith(" and ") else rest.removeprefix(":").strip().removeprefix("is ")


def _absent(env: Mapping[str, str], misread: Mapping[str, Misread]) -> Iterator[Finding]:
    """What has to be there, and is not."""
    if not any(env.get(name, "").strip() for name in DOORS):
        yield wrong(
            "SLACK_APP_TOKEN", "neither this nor SLACK_SIGNING_SECRET is set; Socket Mode needs this, HTTP the other."
        )
    if not any(env.get(name, "").strip() for name in REQUIRED) and not Path(".env").exists():
        yield warning(".env", f"there is no such file in this folder, {Path.cwd()}, where it would be read from.")
    for name, what in (("REVIEW_TAG", "a tag"), ("REVIEWERS", "reviewers")):
        if not env.get(name, "").strip() and name not in misread:
            yield warning(name, f"not set, so every command has to name {what}.")
