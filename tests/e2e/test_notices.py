"""Reviewers are told about their rows: once, with the right numbers, by daylight of their own."""

import re
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.adapters.store.tables import notices, plans
from bot.domain.working_hours import next_delivery
from sandbox.http.faults import Error, Status
from sandbox.slack.records import Message, Person
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.undoing import previewed, undone
from tests.e2e.world import ADA, BEN, REVIEWS, World, plan_id

HAVE = re.compile(r"You have ([\d,]+) rows? to review in `needs-review`\.")
UNTOLD = re.compile(r"^Slack does not let me write to (.*): please tell them about their rows\.$", re.MULTILINE)
FIVE = ("U0REV1", "U0REV2", "U0REV3", "U0REV4", "U0REV5")


def zone_at(hour: int) -> str:
    """A time zone in which it is about that hour now."""
    east = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}"


def settled(world: World, hour: int, *, people: int = 5, **changes: Any) -> dict[str, str]:
    """Accounts in Slack for the first reviewers, where it is about `hour`: their Slack ids, by Braintrust id."""
    linked = dict(zip(FIVE[:people], world.braintrust.directory.users, strict=False))
    for slack_id, user in linked.items():
        person = Person(slack_id, slack_id.lower(), user["given_name"], user["email"], tz=zone_at(hour), **changes)
        world.slack.workspace.put(person)
    return {user["id"]: slack_id for slack_id, user in linked.items()}


def approved(world: World, text: str = "") -> Message:
    """A plan that is being written."""
    plan = world.proposed(text)
    world.press(plan, "approve", user=BEN)
    return plan


def owed(world: World, linked: Mapping[str, str]) -> dict[str, int]:
    """How many rows each person got, by what stands in Braintrust."""
    written = Counter(assignees[0] for assignees in world.newly_assigned().values() if assignees)
    return {slack_id: written[user] for user, slack_id in linked.items() if written[user]}


def states(world: World) -> dict[str, str]:
    """What became of each person's notice."""
    with world.stored() as stored, stored.database.read() as connection:
        return {row.slack_user: row.state for row in connection.execute(select(notices))}


def make_due(world: World) -> None:
    """Pretend that the morning has come, for everybody who waits for it."""
    waits = (notices.c.state == "waiting") & (notices.c.due_at > datetime.now(UTC))
    with world.stored() as stored, stored.database.write() as connection:
        connection.execute(update(notices).where(waits).values(due_at=datetime.now(UTC)))


def settle(world: World, expected: Callable[[dict[str, str]], bool], *, seconds: float = 40) -> None:
    """Wait until the notices are as expected, whatever day of the week it is."""

    def reached(_: object) -> bool:
        make_due(world)
        return expected(states(world))

    world.wait_until(reached, seconds=seconds)


def all_sent(linked: Mapping[str, str]) -> Callable[[dict[str, str]], bool]:
    return lambda found: found == dict.fromkeys(linked.values(), "sent")


def told(world: World) -> dict[str, list[str]]:
    """The direct messages about rows, by person."""
    found = {who: [m.text for m in world.slack.workspace.direct_messages(who)] for who in (*FIVE, ADA, BEN)}
    return {who: texts for who, texts in found.items() if texts}


def counts(world: World) -> dict[str, list[int]]:
    """The numbers of rows in these messages."""
    return {who: [rows_in(text) for text in texts] for who, texts in told(world).items()}


def rows_in(text: str) -> int:
    found = HAVE.match(text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("database", DATABASES)
def test_each_reviewer_in_slack_is_told_once_how_many_rows_there_are(start_world: StartWorld, database: str) -> None:
    world = start_world(database=database, BRAINTRUST_ORG_NAME="acme")
    linked = settled(world, 12, people=3)

    plan = approved(world)
    world.report(plan)
    settle(world, all_sent(linked))

    assert len(owed(world, linked)) == 3
    assert counts(world) == {who: [rows] for who, rows in owed(world, linked).items()}
    text = told(world)[FIVE[0]][0]
    assert f"Approved by <@{BEN}>." in text
    assert f"plan `{plan_id(plan.text)}` · `/assign-reviews mute` ends these messages" in text
    assert text.count("/app/acme/object?object_type=project_logs") == 5
    assert "Slack does not let me" not in world.now(world.report(plan)).text


def test_of_two_processes_one_tells_each_reviewer(start_world: StartWorld) -> None:
    world = start_world()
    world.start_another()
    linked = settled(world, 12)

    world.report(approved(world))
    settle(world, all_sent(linked))

    assert counts(world) == {who: [rows] for who, rows in owed(world, linked).items()}


def test_who_got_no_row_is_told_nothing(world: World) -> None:
    linked = settled(world, 12)

    world.report(approved(world, "limit=2"))
    settle(world, lambda found: list(found.values()) == ["sent", "sent"])

    assert counts(world) == {who: [1] for who in owed(world, linked)}
    assert len(counts(world)) == 2


def test_the_muted_are_told_nothing(world: World) -> None:
    linked = settled(world, 12, people=2)

    answer = world.type("mute", user=FIVE[0])
    world.report(approved(world))
    settle(world, lambda found: found == {FIVE[0]: "off", FIVE[1]: "sent"})

    assert "`/assign-reviews unmute` brings them back" in answer
    assert counts(world) == {FIVE[1]: [owed(world, linked)[FIVE[1]]]}


def test_where_notices_are_switched_off_nobody_is_told(start_world: StartWorld) -> None:
    world = start_world(NOTIFY_REVIEWERS="false")
    linked = settled(world, 12)

    world.report(approved(world))
    settle(world, lambda found: found == dict.fromkeys(linked.values(), "off"))

    assert told(world) == {}


def test_at_night_a_notice_waits_for_the_morning_also_over_a_restart(world: World) -> None:
    linked = settled(world, 2, people=2)
    world.report(approved(world))
    world.wait_until(lambda _: len(put_off(world)) == 2)
    [morning] = set(put_off(world).values())

    world.stop_bot(signal.SIGTERM)
    world.start_bot()
    world.wait_for_log("the bot works")
    kept = set(put_off(world).values())
    said = told(world)
    make_due(world)
    settle(world, all_sent(linked))

    local = morning.astimezone(ZoneInfo(zone_at(2)))
    assert morning == next_delivery(datetime.now(UTC), zone_at(2))
    assert (local.hour, local.weekday() < 5, kept, said) == (9, True, {morning}, {})
    assert counts(world) == {who: [rows] for who, rows in owed(world, linked).items()}


def put_off(world: World) -> dict[str, datetime]:
    """When those who wait are to be told."""
    with world.stored() as stored, stored.database.read() as connection:
        waiting = connection.execute(select(notices).where(notices.c.state == "waiting", notices.c.due_at.is_not(None)))
        return {row.slack_user: row.due_at for row in waiting}


def test_an_undo_is_told_by_an_edit_and_what_was_not_sent_yet_is_dropped(world: World) -> None:
    settled(world, 12, people=2)
    sleeper = FIVE[1]
    world.slack.workspace.change_person(sleeper, tz=zone_at(2))
    plan = approved(world)
    report = world.report(plan)
    sent_to_the_first(world)

    world.press(previewed(world, report), "undo_confirm")
    undone(world, plan)
    world.wait_until(lambda _: states(world) == {FIVE[0]: "sent", sleeper: "off"}, seconds=90)
    message = world.wait(lambda w: next((m for m in w.direct_messages(FIVE[0]) if "Taken back" in m.text), None))

    rows = rows_in(message.history[0].text)
    assert f"Taken back: all of your {rows} rows to review in `needs-review`." in message.text
    assert list(told(world)) == [FIVE[0]]
    assert len(told(world)[FIVE[0]]) == 1


def sent_to_the_first(world: World) -> None:
    """Wait until the first reviewer was told, and nobody else."""
    mine = (notices.c.slack_user == FIVE[0]) & (notices.c.state == "waiting") & notices.c.due_at.is_not(None)

    def is_sent(_: object) -> bool:
        with world.stored() as stored, stored.database.write() as connection:
            connection.execute(update(notices).where(mine).values(due_at=datetime.now(UTC)))
        return states(world).get(FIVE[0]) == "sent"

    world.wait_until(is_sent, seconds=90)


def test_a_retry_edits_the_message_to_the_new_number(start_world: StartWorld) -> None:
    world = start_world(BATCH_SIZE="50", PARALLEL_REQUESTS="1")
    linked = settled(world, 12, people=2)
    world.braintrust.faults.next("insert", Status(403), nth=2)
    plan = approved(world)
    report = world.report(plan)
    settle(world, all_sent(linked))
    first = counts(world)

    world.press(report, "retry", user=BEN)
    world.wait(lambda _: world.now(report).text.startswith("Done."))
    world.wait_until(lambda _: counts(world) == {who: [rows] for who, rows in owed(world, linked).items()}, seconds=90)

    assert report.text.startswith("Partly done.")
    assert all(len(numbers) == 1 for numbers in first.values())


def test_who_cannot_be_written_to_is_named_in_one_line_of_the_thread(world: World) -> None:
    settled(world, 2, people=3)
    plan = approved(world)
    report = world.report(plan)
    world.wait_until(lambda _: len(put_off(world)) == 3)
    for who in FIVE[:2]:
        world.slack.workspace.change_person(who, deleted=True)

    settle(world, lambda found: sorted(found.values()) == ["failed", "failed", "sent"])
    said = world.wait(lambda _: both_named(world, report))

    names = [user["given_name"] for user in world.braintrust.directory.users[:2]]
    assert all(name in said for name in names)
    assert list(told(world)) == [FIVE[2]]
    assert world.log().count("a reviewer could not be told") == 2
    replies = world.slack.workspace.thread(REVIEWS, plan.ts)
    assert sum(len(UNTOLD.findall(reply.text)) for reply in replies) == 1


def both_named(world: World, report: Message) -> str | None:
    found = UNTOLD.search(world.now(report).text)
    return found[1] if found and ", " in found[1] else None


def test_without_the_scope_everybody_is_named(world: World) -> None:
    linked = settled(world, 12, people=2)
    world.slack.faults.next("conversations.open", Error("missing_scope"), times=2)

    report = world.report(approved(world))
    settle(world, lambda found: found == dict.fromkeys(linked.values(), "failed"))

    assert world.wait(lambda _: both_named(world, report))
    assert told(world) == {}


def test_a_kill_while_they_are_sent_leaves_nobody_without(world: World) -> None:
    linked = settled(world, 12)
    plan = approved(world)
    world.report(plan)
    world.slack.faults.latency(1.5, "chat.postMessage")
    settle(world, lambda found: "sent" in found.values())

    world.kill_bot()
    before = states(world)
    world.slack.faults.clear()
    world.start_bot()
    settle(world, all_sent(linked), seconds=90)

    numbers = counts(world)
    assert "waiting" in before.values()
    assert {who: set(rows) for who, rows in numbers.items()} == {
        who: {rows} for who, rows in owed(world, linked).items()
    }
    assert sum(len(rows) for rows in numbers.values()) <= len(linked) + 1  # the one that was on its way


def test_what_people_say_about_themselves_is_answered_to_them_alone(world: World) -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).date()

    world.type(f"away {day}")
    world.answer(ADA, f"You are away: no new rows before {day:%a} {day.day} {day:%B} {day.year}.")
    world.type("away yesterday")
    world.answer(ADA, "Did you mean `/assign-reviews away ")
    answers = [world.type(text) for text in ("back", "unmute", "mute now")]

    assert answers[0].startswith("You are back")
    assert answers[1].startswith("You can get direct messages about your rows again")
    assert answers[2] == "`mute` stands alone: `/assign-reviews mute`."
    assert world.slack.workspace.channel_messages(REVIEWS) == []


@pytest.mark.parametrize(("zone", "hours"), [("Etc/GMT+12", -12), ("Pacific/Kiritimati", 14)])
def test_tomorrow_is_the_day_after_today_where_the_person_is(world: World, zone: str, hours: int) -> None:
    """At any time of day, one of the two has another date than UTC."""
    world.slack.workspace.change_person(ADA, tz=zone)
    today = (datetime.now(UTC) + timedelta(hours=hours)).date()

    world.type(f"away {today}")
    world.answer(ADA, "The day has to come")
    world.type(f"away {today + timedelta(days=1)}")
    told = world.answer(ADA, "You are away")

    assert f"{(today + timedelta(days=1)).day} " in told
    notes = world.slack.workspace.ephemerals(ADA, REVIEWS)
    assert len(notes) == 2  # each note became its answer


@pytest.mark.parametrize("restarted", [False, True])
def test_who_waited_long_for_a_plan_is_told_directly_once(world: World, restarted: bool) -> None:
    with world.braintrust.faults.hold("query") as gate:
        world.type()
        gate.wait_for_arrivals(1)
        asked_long_ago(world)
        if restarted:
            world.kill_bot()
            world.start_bot()
    plan = world.wait(lambda w: w.channel_messages(REVIEWS) or None, seconds=90)[0]
    [message] = world.wait(lambda w: w.direct_messages(ADA) or None)

    world.press(plan, "approve", user=BEN)
    world.report(plan)

    assert re.match(r"<https?://[^|]+\|The plan is ready>: ", message.text)
    assert world.slack.workspace.direct_messages(ADA) == [message]


def asked_long_ago(world: World) -> None:
    """Pretend that the plan was asked for two minutes ago."""
    with world.stored() as stored, stored.database.write() as connection:
        connection.execute(update(plans).values(created_at=datetime.now(UTC) - timedelta(minutes=2)))


def test_who_waited_a_moment_is_not_told_directly(world: World) -> None:
    world.proposed()
    world.answer(ADA, "The plan is ready")

    assert world.slack.workspace.direct_messages(ADA) == []
