"""Notices are sent in working hours, to those who want them, and nothing that passes ends one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.model import BatchState, Plan, PlanState
from bot.domain.notice import Notice, NoticeCount, NoticeState
from bot.domain.preferences import Preference
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.services.notices import (
    AGAIN_SECONDS,
    LATE,
    LONGEST_SECONDS,
    MOST_ATTEMPTS,
    REPAIR_SECONDS,
    NoticeDrafts,
    NoticeSender,
)
from bot.settings import BraintrustSettings, Settings
from tests.unit.builders import PROJECT, a_batch, a_plan
from tests.unit.fakes import (
    FakeBatches,
    FakeClock,
    FakeMessenger,
    FakeNotices,
    FakePlans,
    FakePreferences,
)

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)  # a Monday
NIGHT = datetime(2026, 5, 18, 23, tzinfo=UTC)
MORNING = datetime(2026, 5, 19, 9, tzinfo=UTC)
OFF = [NoticeState.OFF]


def a_notice(**changes: Any) -> Notice:
    notice = Notice("k7f3q2", NoticeCount("r1", "U0ANA", 2), NoticeState.WAITING, revision=1, attempt=1)
    return replace(notice, **changes)


def sent(**changes: Any) -> Notice:
    return a_notice(state=NoticeState.SENT, channel="D0ANA", ts="1.1", revision=2, **changes)


class World:
    """The service with everything it talks to, and one notice, or more."""

    def __init__(
        self,
        *notices: Notice,
        plan: Plan | None = None,
        now: datetime = NOON,
        messenger: FakeMessenger | None = None,
        has_lost_claim: bool = False,
        muted: bool = False,
        **settings: Any,
    ) -> None:
        self.notices = FakeNotices(*(notices or [a_notice()]), has_lost_claim=has_lost_claim)
        self.messenger = messenger or FakeMessenger()
        self.undone = FakeBatches()
        drafts = NoticeDrafts(
            plans=FakePlans(plan or a_plan(PlanState.DONE, decided_by="U0BOSS")),
            batches=FakeBatches(a_batch(state=BatchState.CONFIRMED)),
            undone=self.undone,
            preferences=FakePreferences(**({"U0ANA": Preference(muted=True)} if muted else {})),
            settings=Settings(**settings),
        )
        self.notifying = NoticeSender(
            notices=self.notices, drafts=drafts, messenger=self.messenger, clock=FakeClock(now)
        )

    def said(self) -> list[str]:
        return [posted.message.text for posted in self.messenger.posted]


def refused(call: str, code: str) -> FakeMessenger:
    return FakeMessenger(fails=call, error=SlackRejectedError("no", code=code))


def test_a_notice_goes_to_its_person_alone() -> None:
    world = World()

    assert world.notifying.step()

    assert [posted.channel for posted in world.messenger.posted] == ["D0ANA"]
    assert world.said()[0].startswith("You have 2 rows to review in `My dummy tag`. Approved by <@U0BOSS>.\n")
    assert world.notices.became == [("sent", "1.000200")]
    assert not world.notifying.step()


def test_links_to_rows_need_the_organisation_s_name() -> None:
    without, with_name = World(), World(braintrust=BraintrustSettings(org_name="Acme & Co"))

    for world in (without, with_name):
        world.notifying.step()

    row = f"/app/Acme%20%26%20Co/object?object_type=project_logs&amp;object_id={PROJECT}&amp;id=row-2|row 2>"
    assert "To begin with" not in without.said()[0]
    assert row in with_name.said()[0]


@pytest.mark.parametrize(
    "world",
    [
        World(muted=True),
        World(notify_reviewers=False),
        World(a_notice(count=NoticeCount("r1", "U0ANA", 2, 2))),
        World(plan=a_plan(PlanState.UNDONE)),
    ],
    ids=["muted", "switched off", "nothing left", "undone"],
)
def test_what_is_not_wanted_is_dropped(world: World) -> None:
    assert world.notifying.step()
    assert (world.notices.became, world.said()) == (OFF, [])


def test_at_night_a_notice_is_put_off_till_the_morning() -> None:
    world = World(now=NIGHT)

    assert world.notifying.step()
    assert (world.notices.became, world.said()) == ([("put off", MORNING)], [])


def test_whose_time_zone_slack_does_not_tell_is_written_to_by_utc() -> None:
    world = World(now=NOON, messenger=FakeMessenger(zone=None))

    world.notifying.step()

    assert len(world.said()) == 1


@pytest.mark.parametrize(("late", "became"), [(LATE - timedelta(seconds=1), "sent"), (LATE, "put off")])
def test_one_that_was_missed_by_long_waits_for_working_hours_again(late: timedelta, became: str) -> None:
    world = World(a_notice(due_at=NIGHT - late), now=NIGHT)

    world.notifying.step()

    assert [what for what, _ in world.notices.became] == [became]


@pytest.mark.parametrize("call", ["time_zone", "open", "post"])
def test_a_fault_that_passes_is_tried_again_later_and_ends_the_tick(call: str) -> None:
    world = World(messenger=FakeMessenger(fails=call, error=SlackUnavailableError("later")))

    assert not world.notifying.step()
    assert (world.notices.became, world.said()) == ([("again", AGAIN_SECONDS)], [])


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
    call: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(messenger=refused(call, code))

    assert world.notifying.step()

    assert world.notices.became == [NoticeState.FAILED]
    assert "a reviewer could not be told" in caplog.text


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_what_is_wrong_with_the_bot_itself_loses_no_notice(code: str) -> None:
    world = World(messenger=refused("open", code))

    world.notifying.step()

    assert world.notices.became == [("again", REPAIR_SECONDS)]


def test_who_lost_the_claim_while_opening_the_conversation_says_nothing() -> None:
    world = World(has_lost_claim=True)

    world.notifying.step()

    assert (world.notices.became, world.said()) == ([], [])


def test_a_change_edits_the_message_at_any_hour_also_of_the_muted() -> None:
    world = World(sent(count=NoticeCount("r1", "U0ANA", 5)), now=NIGHT, muted=True)

    world.notifying.step()

    [edit] = world.messenger.updated
    assert (edit.channel, edit.thread_ts) == ("D0ANA", "1.1")
    assert edit.message.text.startswith("You have 5 rows to review")
    assert (world.notices.became, world.said()) == ([("sent", "1.1")], [])


def test_after_an_undo_the_message_says_what_was_taken_back() -> None:
    world = World(sent(count=NoticeCount("r1", "U0ANA", 2, 2)), plan=a_plan(PlanState.UNDONE))
    world.undone.stored = (a_batch(state=BatchState.CONFIRMED, rows=(("row-0", "r1"), ("row-2", "r1"))),)

    world.notifying.step()

    assert world.messenger.updated[0].message.text.startswith("Taken back: all of your 2 rows")


def test_a_message_that_was_deleted_is_left_alone() -> None:
    world = World(sent(), messenger=refused("update", "message_not_found"))

    assert world.notifying.step()
    assert (world.notices.became, world.said()) == ([("sent", "1.1")], [])


def test_an_edit_that_meets_a_passing_fault_comes_later() -> None:
    world = World(sent(), messenger=FakeMessenger(fails="update", error=SlackUnavailableError("later")))

    assert not world.notifying.step()
    assert world.notices.became == [("again", AGAIN_SECONDS)]


def test_pauses_grow_and_have_an_end() -> None:
    away = FakeMessenger(fails="post", error=SlackUnavailableError("later"))
    world = World(*(a_notice(attempt=number + 1) for number in range(MOST_ATTEMPTS)), messenger=away)

    for _ in range(MOST_ATTEMPTS):
        world.notifying.step()

    pauses = [seconds for _, seconds in world.notices.became]
    assert pauses[:6] == [30, 60, 120, 240, 480, LONGEST_SECONDS]
    assert sum(pauses) > 23 * 3600


@pytest.mark.parametrize(("notice", "became"), [(a_notice(), NoticeState.FAILED), (sent(), ("sent", "1.1"))])
def test_a_notice_is_not_tried_for_ever_whatever_stands_in_its_way(notice: Notice, became: Any) -> None:
    """Also where the process ended each time, or something happened that nobody foresaw."""
    world = World(replace(notice, attempt=MOST_ATTEMPTS + 1))

    assert world.notifying.step()
    assert (world.notices.became, world.said()) == ([became], [])


def test_a_plan_that_was_forgotten_tells_nobody_anything() -> None:
    world = World(a_notice(plan_id="gone"))

    assert world.notifying.step()
    assert (world.notices.became, world.said()) == ([], [])
