"""The insert endpoint over HTTP: merging, replacing, deleting, unassigning, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.braintrust.stand_in import BraintrustStandIn
from tests.sandbox.braintrust_client import PROJECT, Client, assignment

ASSIGNMENTS = "~__bt_assignments"
LISTS = "~__bt_review_lists"
DONE = {"__bt_default_review_list": {"status": "COMPLETE", "note": 1}, "other": {"status": "PENDING"}}


@pytest.fixture
def client() -> Iterator[Client]:
    with BraintrustStandIn(max_body_bytes=20_000) as server, Client(server) as client:
        yield client


@pytest.mark.parametrize("paths", [[["metadata", ASSIGNMENTS, LISTS]], [["metadata", ASSIGNMENTS]], None])
def test_assignees_are_replaced_and_all_other_metadata_stays(client: Client, paths: Any) -> None:
    client.add("r", metadata={ASSIGNMENTS: ["u1"], LISTS: DONE, "model": "m", "none": None})

    client.insert({key: value for key, value in {**assignment("r", "u2"), "_merge_paths": paths}.items() if value})

    row = client.server.rows.get(PROJECT, "r")
    assert row is not None
    assert row.metadata == {
        ASSIGNMENTS: ["u2"],
        LISTS: {"__bt_default_review_list": {"status": "PENDING", "note": 1}, "other": {"status": "PENDING"}},
        "model": "m",
        "none": None,
    }


def test_row_ids_come_one_to_one_and_the_rows_are_assigned(client: Client) -> None:
    ids = client.add_numbered(3)

    answer = client.insert(*(assignment(row_id, "u1") for row_id in ids))

    assert answer.json() == {"row_ids": ids}
    assert [client.assignments(row_id) for row_id in ids] == [("u1",)] * 3
    assert client.server.requests.row_ids() == ids


def test_a_row_keeps_its_key_and_its_time_and_gets_a_new_transaction(client: Client) -> None:
    client.add("r")
    before = client.server.rows.get(PROJECT, "r")
    client.insert(assignment("r", "u1"))
    after = client.server.rows.get(PROJECT, "r")

    assert before is not None
    assert after is not None
    assert (before.columns["_pagination_key"], before.created) == (after.columns["_pagination_key"], after.created)
    assert int(after.columns["_xact_id"]) > int(before.columns["_xact_id"])
    assert after.columns["span_id"] == "r"


def test_a_row_remembers_every_write(client: Client) -> None:
    client.add("r")
    client.insert(assignment("r", "u1"))
    client.server.rows.finish_by_hand(PROJECT, "r")
    client.server.rows.assign_by_hand(PROJECT, "r", ["u2"])

    row = client.server.rows.get(PROJECT, "r")

    assert row is not None
    assert [(change.source, change.assignments, change.status) for change in row.history] == [
        ("api", ("u1",), "PENDING"),
        ("hand", ("u1",), "COMPLETE"),
        ("hand", ("u2",), "COMPLETE"),
    ]
    assert len({change.xact_id for change in row.history}) == 3


def test_a_merge_onto_an_unknown_id_makes_a_phantom(client: Client) -> None:
    client.add("new")
    client.insert(assignment("gone", "u1"), assignment("new", "u1"))

    phantom, plain = client.server.rows.get(PROJECT, "gone"), client.server.rows.get(PROJECT, "new")

    assert phantom is not None
    assert plain is not None
    assert (phantom.phantom, plain.phantom) == (True, False)
    assert phantom.assignments == ("u1",)


WAYS: dict[str, dict[str, Any]] = {
    "array_delete": {"_array_delete": [{"path": ["metadata", ASSIGNMENTS], "delete": ["u1"]}]},
    "empty_list": {"metadata": {ASSIGNMENTS: []}},
    "null": {"metadata": {ASSIGNMENTS: None}},
}


@pytest.mark.parametrize("mode", [*WAYS, "any", "none"])
@pytest.mark.parametrize("way", WAYS)
def test_only_the_chosen_way_of_unassigning_works(client: Client, mode: str, way: str) -> None:
    client.add("r", metadata={ASSIGNMENTS: ["u1"], "x": 1})
    client.server.faults.unassign = mode

    client.insert({"id": "r", "_is_merge": True, **WAYS[way]})

    assert client.assignments("r") == (() if mode in ("any", way) else ("u1",))


def test_array_delete_keeps_the_others(client: Client) -> None:
    client.add("r", metadata={ASSIGNMENTS: ["u1", "u2"]})
    client.server.faults.unassign = "none"

    client.insert({"id": "r", "_is_merge": True, **WAYS["array_delete"]})

    assert client.assignments("r") == ("u2",)


@pytest.mark.parametrize(
    "event",
    [
        {"id": 5},
        {"id": ""},
        {"id": "r", "nonsense": 1},
        {"id": "r", "tags": "a"},
        {"id": "r", "tags": [1]},
        {"id": "r", "metadata": []},
        {"id": "r", "_is_merge": "yes"},
        {"id": "r", "_merge_paths": ["metadata"]},
        {"id": "r", "_merge_paths": [[]]},
        {"id": "r", "_merge_paths": [["metadata"]]},
        {"id": "r", "_merge_paths": [["metadata", LISTS]]},
        {"id": "r", "metadata": {"model": "m"}},
        {"id": "r", "metadata": {ASSIGNMENTS: "u1"}},
        {"id": "r", "metadata": {ASSIGNMENTS: [1]}},
        {"id": "r", "metadata": {LISTS: []}},
        {"id": "r", "_array_delete": [{"path": ["metadata", "model"], "delete": ["m"]}]},
        {"id": "r", "_array_delete": [{"path": ["tags"]}]},
        {"id": "r", "created": "2026-05-18T09:00:00Z"},
        {"id": "r", "tags": ["a"]},
        {"id": "r", "metadata": None},
        {"id": "r", "_object_delete": True},
        {"id": "r"},
        {"metadata": {}},
    ],
)
def test_one_wrong_event_refuses_the_whole_request(client: Client, event: dict[str, Any]) -> None:
    client.add("good")

    answer = client.insert(assignment("good", "u1"), event)

    assert answer.status_code == 400
    assert client.assignments("good") == ()


def test_the_same_id_twice_is_refused(client: Client) -> None:
    assert client.insert({"id": "r"}, {"id": "r"}).status_code == 400


def test_a_body_that_is_too_long_is_a_413(client: Client) -> None:
    answer = client.insert({"id": "r", "input": "x" * 20_000})

    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})
    assert client.server.rows.all(PROJECT) == []


def test_an_unknown_project_is_refused(client: Client) -> None:
    answer = client.session.post(
        f"{client.server.url}/v1/project_logs/00000000-0000-0000-0000-000000000000/insert",
        json={"events": []},
        timeout=30,
    )

    assert answer.status_code == 400
    assert "or the project does not exist" in answer.text
