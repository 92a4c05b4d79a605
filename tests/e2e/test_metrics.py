"""`/metrics`: what is counted while the bot works, on both doors, without a question to Slack or Braintrust."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.adapters.store.database import Database
from bot.adapters.store.waiting import WaitingPlans
from sandbox.http.faults import Status
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, REVIEWS, World
from tests.ports import free_port

DOCS = Path(__file__).parents[2] / "docs"
OWN = "assign_reviews_"


def read(address: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Our samples by name and labels."""
    text = requests.get(f"{address}/metrics", timeout=10).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(one.name, frozenset(one.labels.items())): one.value for one in samples if one.name.startswith(OWN)}


def value(metrics: Mapping[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return metrics.get((OWN + name, frozenset(labels.items())), 0.0)


def assigned(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve", user=BEN)
    world.report(plan)


def test_a_plan_is_counted_with_its_rows_and_requests(world: World) -> None:
    world.braintrust.faults.next("insert", Status(429))

    assigned(world)

    metrics = read(world.address)
    assert [value(metrics, "plans_total", state=state) for state in ("reading", "proposed", "checking", "done")] == [
        1
    ] * 4
    assert value(metrics, "rows_total", outcome="assigned") == world.seeded.open
    assert value(metrics, "braintrust_requests_total", kind="insert", outcome="limited") == 1
    assert value(metrics, "braintrust_requests_total", kind="insert", outcome="2xx") >= 1
    asked = sum(number for (name, _), number in metrics.items() if name == f"{OWN}braintrust_requests_total")
    assert value(metrics, "braintrust_request_seconds_count") == asked
    assert value(metrics, "slack_requests_total", method="chat.postMessage", outcome="ok") >= 2
    assert value(metrics, "listener_seconds_count") >= 2


def test_a_reading_of_the_metrics_asks_braintrust_nothing_while_a_plan_is_written(world: World) -> None:
    plan = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(plan, "approve", user=BEN)
        gate.wait_for_arrivals(1, timeout_seconds=40)
        before = world.braintrust.requests.count()

        metrics = [read(world.address) for _ in range(20)]

        assert world.braintrust.requests.count() == before
    assert value(metrics[-1], "plans_total", state="running") == 1
    assert world.report(plan).text.startswith("Done.")


def test_what_waits_is_told_with_its_age(world: World) -> None:
    assert not [name for name, _ in read(world.address) if "oldest_waiting" in name]

    world.proposed()

    assert 0 <= value(read(world.address), "oldest_waiting_seconds", state="proposed") < 60


def test_what_the_database_knows_is_left_out_while_it_is_away() -> None:
    away = Database(f"postgresql://bot@127.0.0.1:{free_port()}/reviews", patience_ms=100)

    assert list(WaitingPlans(away, lambda: datetime.now(UTC)).collect()) == []


def test_socket_mode_serves_them_on_a_port_of_their_own(start_world: StartWorld) -> None:
    port = free_port()
    start_world(door="socket", METRICS_PORT=str(port))
    address = f"http://127.0.0.1:{port}"

    answers = [
        requests.get(f"{address}{path}", timeout=30).status_code for path in ("/healthz", "/readyz", "/slack/events")
    ]
    assert answers == [200, 200, 404]
    assert "assign_reviews_build_info" in {name for name, _ in read(address)}


def test_a_port_that_is_taken_ends_the_start_with_a_sentence(world: World) -> None:
    taken = world.address.rpartition(":")[2]

    said = world.bot("web", METRICS_PORT=taken)

    assert said.returncode == 1
    assert re.search(rf"^METRICS_PORT: nobody can listen on 127\.0\.0\.1, port {taken}: ", said.stderr, re.MULTILINE)


@pytest.fixture
def shown(world: World) -> str:
    assigned(world)
    return requests.get(f"{world.address}/metrics", timeout=10).text


def test_no_label_names_anybody_or_anything(shown: str) -> None:
    lines = [line for line in shown.splitlines() if line.startswith(OWN)]
    secrets = ["xoxb", "xapp", "sk-", ADA, BEN, REVIEWS, "needs-review", "@", "example.com"]

    assert [line for line in lines if any(secret in line for secret in secrets)] == []


def test_alerts_and_dashboard_ask_for_metrics_that_exist(shown: str) -> None:
    existing = set(re.findall(rf"^# TYPE ({OWN}\w+)", shown, re.MULTILINE)) | {f"{OWN}schedule_last_fired_timestamp"}
    alerts = yaml.safe_load((DOCS / "monitoring/alerts.yml").read_text())
    rules = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    dashboard = json.loads((DOCS / "monitoring/dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = set(re.findall(rf"{OWN}\w+", " ".join([*rules, *queries, (DOCS / "monitoring.md").read_text()])))

    assert len(rules) == 5
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in named} <= existing
