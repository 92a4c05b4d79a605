"""Notices are sent in working hours, to those who want them, and nothing that passes ends one."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from bot.adapters.store.notices import NoticeStore
from bot.adapters.store.tables import notices, plans
from bot.domain.notice import Notice, NoticeCount, NoticeState
from bot.domain.plan import BatchState, Plan, PlanState
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.services.notices import (
    AGAIN_SECONDS,
    LATE,
    LONGEST_SECONDS,
    MOST_ATTEMPTS,
    REPAIR_SECONDS,
    NoticeSender,
)
from bot.settings import BraintrustSettings, Settings
from tests.integration.stored import Store
from tests.unit.builders import PROJECT, a_batch, a_plan
from tests.unit.fakes import FakeClock, FakeMessenger

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 5, 18, 23, tzinfo=UTC)
MORNING = datetime(2026, 5, 19, 9, tzinfo=UTC)


def a_notice(**changes: Any) -> Notice:
    notice = Notice("k7f3q2", NoticeCount("r1", "U0ANA", 2), NoticeState.WAITING, revision=1, attempt=1)
    return replace(notice, **changes)


def sent(**changes: Any) -> Notice:
    return a_notice(state=NoticeState.SENT, channel="D0ANA", ts="1.1", revision=2, **changes)


class World:
    """The service with everything it talks to, and one notice."""

    def __init__(
        self,
        store: Store,
        notice: Notice | None = None,
        *,
        plan: Plan | None = None,
        now: datetime = NOON,
        messenger: FakeMessenger | None = None,
        muted: bool = False,
        **settings: Any,
    ) -> None:
        self.began = time.time()
        self.store = store
        store.put(plan or a_plan(PlanState.DONE, decided_by="U0BOSS"), a_batch(state=BatchState.CONFIRMED))
        self.put(notice or a_notice())
        store.preferences.set_muted("U0ANA", muted=muted)
        self.messenger = messenger or FakeMessenger()
        self.settings = Settings(**settings)
        self.clock = FakeClock(now)
        self.notifying = self.sender(store.notices)

    def sender(self, notices: NoticeStore) -> NoticeSender:
        return NoticeSender(
            self.store.books,
            queue=notices,
            preferences=self.store.preferences,
            messenger=self.messenger,
            settings=self.settings,
            clock=self.clock,
        )

    def put(self, notice: Notice) -> None:
        """Have exactly this notice, to be taken up for the attempt that it names."""
        columns = asdict(notice.count) | {
            "plan_id": notice.plan_id,
            "state": notice.state.value,
            "revision": notice.revision,
            "shown": notice.revision - 1,
            "attempts": notice.attempt - 1,
            "due_at": notice.due_at,
            "channel": notice.channel,
            "ts": notice.ts,
        }
        with self.store.database.write() as connection:
            connection.execute(delete(notices))
            connection.execute(insert(notices).values(columns))

    def said(self) -> list[str]:
        return [posted.message.text for posted in self.messenger.posted]

    @property
    def row(self) -> dict[str, Any]:
        """The notice as it is stored."""
        [row] = self.store.everything()["notices"]
        return row

    @property
    def became(self) -> Any:
        """The state, and what tells of it: which message, or until when nobody takes the notice up."""
        row = self.row
        match NoticeState(row["state"]):
            case NoticeState.SENT if row["shown"] == row["revision"]:
                return "sent", row["ts"]
            case NoticeState.WAITING if row["due_at"] is not None and row["lease_until"] is None:
                return "put off", row["due_at"]
            case NoticeState.WAITING | NoticeState.SENT:
                least, most = row["lease_until"] - time.time(), row["lease_until"] - self.began
                meant = (seconds for seconds in (AGAIN_SECONDS, REPAIR_SECONDS) if least - 0.5 <= seconds <= most + 0.5)
                return "again", next(meant, round(least))
            case state:
                return state


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def refused(call: str, code: str) -> FakeMessenger:
    return FakeMessenger(fails=call, error=SlackRejectedError("no", code=code))


def test_a_notice_goes_to_its_person_alone(worlds: Worlds) -> None:
    world = worlds()

    assert world.notifying.step()

    assert [posted.channel for posted in world.messenger.posted] == ["D0ANA"]
    assert world.said()[0].startswith("You have 2 rows to review in `My dummy tag`. Approved by <@U0BOSS>.\n")
    assert world.became == ("sent", "1.000200")
    assert not world.notifying.step()


def test_links_to_rows_need_the_organisation_s_name(worlds: Worlds) -> None:
    without = worlds()
    without.notifying.step()

    with_name = worlds(braintrust=BraintrustSettings(org_name="Acme & Co"))
    with_name.notifying.step()

    row = f"/app/Acme%20%26%20Co/object?object_type=project_logs&amp;object_id={PROJECT}&amp;id=row-2|row 2>"
    assert "To begin with" not in without.said()[0]
    assert row in with_name.said()[0]


@pytest.mark.parametrize(
    "unwanted",
    [
        {"muted": True},
        {"notify_reviewers": False},
        {"notice": a_notice(count=NoticeCount("r1", "U0ANA", 2, 2))},
        {"plan": a_plan(PlanState.UNDONE)},
    ],
    ids=["muted", "switched off", "nothing left", "undone"],
)
def test_what_is_not_wanted_is_dropped(unwanted: dict[str, Any], worlds: Worlds) -> None:
    world = worlds(**unwanted)

    assert world.notifying.step()
    assert (world.became, world.said()) == (NoticeState.OFF, [])


def test_at_night_a_notice_is_put_off_till_the_morning(worlds: Worlds) -> None:
    world = worlds(now=NIGHT)

    assert world.notifying.step()
    assert (world.became, world.said()) == (("put off", MORNING), [])


def test_whose_time_zone_slack_does_not_tell_is_written_to_by_utc(worlds: Worlds) -> None:
    world = worlds(now=NOON, messenger=FakeMessenger(zone=None))

    world.notifying.step()

    assert len(world.said()) == 1


@pytest.mark.parametrize(("late", "became"), [(LATE - timedelta(seconds=1), "sent"), (LATE, "put off")])
def test_one_that_was_missed_by_long_waits_for_working_hours_again(
    late: timedelta, became: str, worlds: Worlds
) -> None:
    world = worlds(a_notice(due_at=NIGHT - late), now=NIGHT)

    world.notifying.step()

    assert world.became[0] == became


@pytest.mark.parametrize("call", ["time_zone", "open", "post"])
def test_a_fault_that_passes_is_tried_again_later_and_ends_the_tick(call: str, worlds: Worlds) -> None:
    world = worlds(messenger=FakeMessenger(fails=call, error=SlackUnavailableError("later")))

    assert not world.notifying.step()
    assert (world.became, world.said()) == (("again", AGAIN_SECONDS), [])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("open", "user_not_found"),
        ("open", "missing_scope"),
        ("open", "user_disabled"),
        ("post", "messages_tab_disabled"),
    ],
)
def test_who_cannot_be_written_to_is_noted_and_the_next_one_is_told(
    call: str, code: str, caplog: pytest.LogCaptureFixture, worlds: Worlds
) -> None:
    world = worlds(messenger=refused(call, code))

    assert world.notifying.step()

    assert world.became == NoticeState.FAILED
    assert "a reviewer could not be told" in caplog.text


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_what_is_wrong_with_the_bot_itself_loses_no_notice(code: str, worlds: Worlds) -> None:
    world = worlds(messenger=refused("open", code))

    world.notifying.step()

    assert world.became == ("again", REPAIR_SECONDS)


class Rival(FakeMessenger):
    """While it opens the conversation, another process takes the notice up."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def open_directly(self, user: str) -> str:
        with self._store.database.write() as connection:
            connection.execute(update(notices).values(attempts=notices.c.attempts + 1))
        return super().open_directly(user)


def test_who_lost_the_claim_while_opening_the_conversation_says_nothing(store: Store) -> None:
    world = World(store, messenger=Rival(store))

    world.notifying.step()

    assert (world.row["state"], world.row["channel"], world.said()) == ("waiting", None, [])


def test_a_change_edits_the_message_at_any_hour_also_of_the_muted(worlds: Worlds) -> None:
    world = worlds(sent(count=NoticeCount("r1", "U0ANA", 5)), now=NIGHT, muted=True)

    world.notifying.step()

    [edit] = world.messenger.updated
    assert (edit.channel, edit.thread_ts) == ("D0ANA", "1.1")
    assert edit.message.text.startswith("You have 5 rows to review")
    assert (world.became, world.said()) == (("sent", "1.1"), [])


def test_after_an_undo_the_message_says_what_was_taken_back(worlds: Worlds) -> None:
    notice = sent(count=NoticeCount("r1", "U0ANA", 2, 2))
    world = worlds(notice, plan=a_plan(PlanState.UNDONE))
    undone = a_batch(state=BatchState.CONFIRMED, rows=(("row-0", "r1"), ("row-2", "r1")))
    world.store.put(a_plan(PlanState.UNDONE), a_batch(state=BatchState.CONFIRMED), undone=[undone])
    world.put(notice)

    world.notifying.step()

    assert world.messenger.updated[0].message.text.startswith("Taken back: all of your 2 rows")


def test_a_message_that_was_deleted_is_left_alone(worlds: Worlds) -> None:
    world = worlds(sent(), messenger=refused("update", "message_not_found"))

    assert world.notifying.step()
    assert (world.became, world.said()) == (("sent", "1.1"), [])


def test_an_edit_that_meets_a_passing_fault_comes_later(worlds: Worlds) -> None:
    world = worlds(sent(), messenger=FakeMessenger(fails="update", error=SlackUnavailableError("later")))

    assert not world.notifying.step()
    assert world.became == ("again", AGAIN_SECONDS)


def test_pauses_grow_and_have_an_end(worlds: Worlds) -> None:
    world = worlds(messenger=FakeMessenger(fails="post", error=SlackUnavailableError("later")))

    pauses = []
    for number in range(MOST_ATTEMPTS):
        world.put(a_notice(attempt=number + 1))
        world.notifying.step()
        pauses.append(world.became[1])

    assert pauses[:6] == [30, 60, 120, 240, 480, LONGEST_SECONDS]
    assert sum(pauses) > 23 * 3600


@pytest.mark.parametrize(("notice", "became"), [(a_notice(), NoticeState.FAILED), (sent(), ("sent", "1.1"))])
def test_a_notice_is_not_tried_for_ever_whatever_stands_in_its_way(notice: Notice, became: Any, worlds: Worlds) -> None:
    """Also where the process ended each time, or something happened that nobody foresaw."""
    world = worlds(replace(notice, attempt=MOST_ATTEMPTS + 1))

    assert world.notifying.step()
    assert (world.became, world.said()) == (became, [])


class Forgetful(NoticeStore):
    """Right after a notice is taken up, its plan is forgotten."""

    def claim(self, *, now: datetime) -> Notice | None:
        notice = super().claim(now=now)
        with self._database.write() as connection:
            connection.execute(delete(plans))
        return notice


def test_a_plan_that_was_forgotten_tells_nobody_anything(store: Store) -> None:
    world = World(store)

    assert world.sender(Forgetful(store.database)).step()
    assert (store.everything()["notices"], world.said()) == ([], [])
