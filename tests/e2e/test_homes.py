"""Two deployments and one database: whoever came second is refused, and what is meant for the other one too."""

import signal

import pytest

from sandbox.http.faults import Status as SlackStatus
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import ADA, REVIEWS, World

OF_SLACK = (
    "DATABASE_URL: the database belongs to the Slack workspace Sandbox (T0SANDBOX), "
    "and SLACK_BOT_TOKEN is of Elsewhere (T0ELSEWHERE). Name another database, or correct the setting."
)
OF_BRAINTRUST = (
    "DATABASE_URL: the database belongs to the Braintrust organisation Acme (00000000-0000-4000-8000-000000000001), "
    "and BRAINTRUST_API_KEY reaches the project of Other (00000000-0000-4000-8000-000000000002). "
    "Name another database, or correct the setting."
)
NOT_HERE = "This bot works for another Slack workspace"


def move_slack(world: World) -> None:
    """The bot's token is that of another workspace from now on."""
    world.slack.workspace.team_id, world.slack.workspace.name = "T0ELSEWHERE", "Elsewhere"


def move_braintrust(world: World) -> None:
    """The key and the project are those of another organisation from now on."""
    directory = world.braintrust.directory
    directory.organization_id, directory.organization_name = "00000000-0000-4000-8000-000000000002", "Other"


@pytest.mark.parametrize("database", DATABASES)
def test_a_bot_of_another_workspace_or_organisation_does_not_start(start_world: StartWorld, database: str) -> None:
    world = start_world(database=database, rows=10)
    plan = world.proposed()
    world.stop_bot(signal.SIGTERM)

    move_slack(world)
    of_slack = [world.bot(*command) for command in (("web",), ("run",))]
    world.slack.workspace.team_id = "T0SANDBOX"
    move_braintrust(world)
    of_braintrust = [world.bot(*command) for command in (("web",), ("run",), ("plan", "--yes"), ("stop", "abc"))]

    assert [said.returncode for said in of_slack + of_braintrust] == [1] * 6
    assert all(OF_SLACK in said.stderr.splitlines() for said in of_slack), of_slack
    assert all(OF_BRAINTRUST in said.stderr.splitlines() for said in of_braintrust), of_braintrust
    assert world.now(plan) == plan
    assert world.newly_assigned() == {}


def test_the_check_says_whose_the_database_is_and_records_nothing(start_world: StartWorld) -> None:
    world = start_world(rows=10, door="terminal")
    assert world.bot("check").returncode == 0
    move_slack(world)
    world.start_another()

    world.slack.workspace.team_id = "T0SANDBOX"
    move_braintrust(world)
    said = world.bot("check")

    wrong = [line for line in said.stdout.splitlines() if line.startswith("wrong")]
    assert [line.split()[1] for line in wrong] == ["DATABASE_URL:", "DATABASE_URL:"]
    assert "Elsewhere (T0ELSEWHERE), and SLACK_BOT_TOKEN is of Elsewhere (T0SANDBOX)" in wrong[0]
    assert "Braintrust organisation Acme" in wrong[1]


def test_a_bot_that_learns_late_where_it_is_stops(start_world: StartWorld) -> None:
    world = start_world(rows=10)
    world.stop_bot(signal.SIGTERM)
    move_slack(world)
    world.slack.faults.next("auth.test", SlackStatus(503))

    said = world.bot("web")

    assert said.returncode == 1
    assert OF_SLACK in said.stderr.splitlines()
    assert "Slack cannot be used" in said.stderr


@pytest.mark.parametrize("what", ["team_id", "app_id"])
def test_what_slack_sends_for_another_installation_is_refused_and_logged(world: World, what: str) -> None:
    plan = world.proposed()
    setattr(world.slack.workspace, what, "X0ELSEWHERE")

    assert world.type("help").startswith(NOT_HERE)
    world.press(plan, "approve")
    answered = world.answer(ADA, NOT_HERE)
    assert world.slack.mention(ADA, REVIEWS, "hello").acknowledged

    assert answered
    world.wait_for_log("meant for another installation")
    assert world.now(plan) == plan
    assert world.slack.workspace.thread(REVIEWS, plan.ts) == []
    assert len(world.stored_plans()) == 1
