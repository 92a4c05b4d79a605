"""The whole check, one setting after the other; what does not depend on a mistake is tried all the same."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.environment import Environment
from bot.preflight.braintrust import BraintrustCheck
from bot.preflight.channels import channel_findings
from bot.preflight.database import DatabaseCheck
from bot.preflight.finding import Finding, Misread, ok, warning, wrong
from bot.preflight.people import approver_findings, reviewer_findings
from bot.preflight.slack import token_findings
from bot.preflight.variables import EXAMPLE, EXAMPLES, USABLE, is_example, variable_findings
from bot.settings import NETWORK, Settings

REQUIRED = ("SLACK_BOT_TOKEN", "BRAINTRUST_API_KEY", "BRAINTRUST_PROJECT_ID")
DOORS = ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
NAMING_IDS = frozenset({"ALLOWED_CHANNELS", "REVIEW_CHANNEL", "APPROVERS", "BRAINTRUST_PROJECT_ID"})
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
    yield from approver_findings(slack, settings.policy, misread)
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
