"""Notices and preferences in a real database: told once, never lost, and changed by nobody who lost the right to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.adapters.store.notices import CLAIM_SECONDS
from bot.adapters.store.tables import notices
from bot.domain.notice import Notice, NoticeCount, NoticeState
from bot.domain.plan import PlanState
from bot.domain.preferences import Preference
from bot.errors import LeaseLostError
from bot.services.ports.work import Lease
from tests.integration.stored import ANA, BO, NOW, Store, together

S = PlanState
AT_REST = [S.DONE, S.PARTIAL, S.STOPPED]
TOLD = (NoticeCount(ANA.id, "U0ANA", 2), NoticeCount(BO.id, "U0BO", 1))
LATER = NOW + timedelta(hours=12)


def arranged(store: Store, *counts: NoticeCount, state: PlanState = S.DONE, plan_id: str = "plan") -> None:
    """A plan that came to rest with something to tell; `TOLD` unless said otherwise."""
    store.add(plan_id, S.REPORTING, project_id=f"{plan_id:x<36}")
    store.notices.arrange(store.claim(plan_id), counts or TOLD)
    store.change(plan_id, state=state.value, lease_owner=None, lease_until=None)


def again(store: Store, *counts: NoticeCount, state: PlanState = S.DONE) -> None:
    """The plan comes to rest once more, with other numbers."""
    store.notices.arrange(store.claim(), counts)
    store.change(state=state.value, lease_owner=None, lease_until=None)


def claim(store: Store, now: datetime = NOW) -> Notice:
    notice = store.notices.claim(now=now)
    assert notice is not None
    return notice


def stored(store: Store, reviewer_id: str = ANA.id) -> dict[str, Any]:
    rows = {row["reviewer_id"]: row for row in store.everything()["notices"]}
    return rows[reviewer_id]


def change(store: Store, **columns: Any) -> None:
    """Set columns of Ana's notice behind the store's back."""
    with store.database.write() as connection:
        connection.execute(update(notices).where(notices.c.reviewer_id == ANA.id).values(**columns))


@pytest.mark.parametrize("state", PlanState)
def test_a_notice_waits_until_its_plan_rests(store: Store, state: PlanState) -> None:
    arranged(store, state=state)

    assert (store.notices.claim(now=NOW) is not None) == (state in [*AT_REST, S.UNDONE])


def test_what_is_claimed_is_what_was_arranged(store: Store) -> None:
    arranged(store)

    first, second = claim(store), claim(store)

    assert {first.count, second.count} == set(TOLD)
    assert (first.plan_id, first.state, first.revision, first.attempt) == ("plan", NoticeState.WAITING, 1, 1)
    assert store.notices.claim(now=NOW) is None


def test_who_got_nothing_gets_no_notice(store: Store) -> None:
    arranged(store, NoticeCount(ANA.id, "U0ANA", 0), NoticeCount(BO.id, "U0BO", 3, 3))

    assert store.everything()["notices"] == []


def test_arranging_the_same_again_changes_nothing(store: Store) -> None:
    """As after a kill between this and the plan's last step."""
    arranged(store)
    before = store.everything()["notices"]

    again(store, *TOLD)

    assert store.everything()["notices"] == before


def test_whoever_lost_the_plan_arranges_nothing(store: Store) -> None:
    store.add(state=S.REPORTING)
    fence = store.claim().fence

    with pytest.raises(LeaseLostError):
        store.notices.arrange(Lease("plan", fence - 1), TOLD)

    assert store.everything()["notices"] == []


def test_one_that_was_put_off_is_due_from_its_instant_on(store: Store) -> None:
    arranged(store, TOLD[0])
    store.notices.put_off(claim(store), until=LATER)

    assert store.notices.claim(now=LATER - timedelta(microseconds=1)) is None
    assert claim(store, LATER).due_at == LATER


def test_one_that_met_a_fault_is_taken_up_again_after_a_while(store: Store) -> None:
    arranged(store, TOLD[0])
    store.notices.try_again(claim(store), in_seconds=30)

    assert store.notices.claim(now=NOW) is None
    change(store, lease_until=1.0)
    assert claim(store).attempt == 2


def test_one_that_was_sent_is_done(store: Store) -> None:
    arranged(store, TOLD[0])
    notice = claim(store)

    opened = store.notices.opened(notice, "D0ANA")
    store.notices.sent(notice, ts="1.1")

    found = stored(store)
    assert opened
    assert (found["state"], found["channel"], found["ts"], found["lease_until"]) == ("sent", "D0ANA", "1.1", None)
    assert store.notices.claim(now=LATER) is None


def test_one_whose_process_died_is_taken_up_by_another(store: Store, rival: Store) -> None:
    arranged(store, TOLD[0])
    claim(store)
    assert rival.notices.claim(now=NOW) is None
    assert stored(store)["lease_until"] is not None

    change(store, lease_until=1.0)

    assert claim(rival).count == TOLD[0]


def test_whoever_lost_the_claim_can_record_nothing(store: Store, rival: Store) -> None:
    """A process that froze in the middle and wakes up later."""
    arranged(store, TOLD[0])
    frozen = claim(store)
    change(store, lease_until=1.0)
    claim(rival)
    before = stored(store)

    opened = store.notices.opened(frozen, "D0ANA")
    store.notices.sent(frozen, ts="1.1")
    store.notices.put_off(frozen, until=LATER)
    store.notices.try_again(frozen, in_seconds=0)
    store.notices.drop(frozen)
    store.notices.fail(frozen)

    assert not opened
    assert stored(store) == before
    assert store.notices.failed("plan") == frozenset()


def test_two_processes_never_claim_the_same(store: Store, rival: Store) -> None:
    people = [NoticeCount(f"r{number}", f"U{number}", 1) for number in range(20)]
    arranged(store, *people)

    def take(one: Store) -> list[str]:
        return [notice.count.reviewer_id for _ in people if (notice := one.notices.claim(now=NOW))]

    first, second = together(lambda: take(store), lambda: take(rival))

    assert sorted(first + second) == sorted(person.reviewer_id for person in people)


@pytest.mark.parametrize("state", [*AT_REST, S.UNDONE])
def test_new_numbers_are_told_by_an_edit(store: Store, state: PlanState) -> None:
    arranged(store, TOLD[0])
    store.notices.sent(claim(store), ts="1.1")

    again(store, NoticeCount(ANA.id, "U0ANA", 5, 1), state=state)
    edit = claim(store)
    store.notices.sent(edit)

    assert (edit.state, edit.count.rows, edit.count.taken_back, edit.ts) == (NoticeState.SENT, 5, 1, "1.1")
    assert stored(store)["ts"] == "1.1"
    assert store.notices.claim(now=NOW) is None


def test_numbers_that_change_while_the_message_is_sent_are_told_afterwards(store: Store) -> None:
    arranged(store, TOLD[0])
    notice = claim(store)
    again(store, NoticeCount(ANA.id, "U0ANA", 5))

    store.notices.sent(notice, ts="1.1")

    assert claim(store).count.rows == 5


def test_rows_that_turn_out_to_be_somebody_else_s_are_told_too(store: Store) -> None:
    arranged(store, TOLD[0])
    store.notices.sent(claim(store), ts="1.1")

    again(store, NoticeCount(ANA.id, "U0ANA", 0))

    assert claim(store).count.rows == 0


def test_one_that_waits_for_the_morning_while_its_plan_is_undone_can_be_dropped_at_once(store: Store) -> None:
    arranged(store, TOLD[0])
    store.notices.put_off(claim(store), until=LATER)
    store.change(state=S.UNDONE.value)

    store.notices.drop(claim(store))

    assert stored(store)["state"] == "off"
    assert store.notices.claim(now=LATER) is None


def test_who_cannot_be_written_to_is_named_and_the_plan_drawn_again(store: Store) -> None:
    arranged(store)
    revision = store.get().revision
    notice = claim(store)

    store.notices.fail(notice)

    assert store.notices.failed("plan") == {notice.count.reviewer_id}
    assert store.notices.failed("another") == frozenset()
    assert store.get().revision == revision + 1


@pytest.mark.parametrize("end", ["fail", "drop"])
def test_with_more_rows_a_notice_without_a_message_is_tried_again(store: Store, end: str) -> None:
    arranged(store, TOLD[0], state=S.PARTIAL)
    getattr(store.notices, end)(claim(store))

    again(store, NoticeCount(ANA.id, "U0ANA", 3))

    assert claim(store).count.rows == 3
    assert store.notices.failed("plan") == frozenset()


def test_a_claim_outlasts_a_request_to_slack(store: Store) -> None:
    arranged(store, TOLD[0])
    claim(store)
    with store.database.read() as connection:
        until = connection.execute(select(notices.c.lease_until)).scalar_one()

    left = until - datetime.now(UTC).timestamp()

    assert CLAIM_SECONDS - 5 < left < CLAIM_SECONDS + 5


def test_a_forgotten_plan_takes_its_notices_with_it(store: Store) -> None:
    arranged(store)

    store.plans.forget(before=NOW + timedelta(days=1))

    assert store.everything()["notices"] == []


# ---- preferences -----------------------------------------------------------------------------------------------------


def test_people_want_what_they_said_last(store: Store) -> None:
    day = date(2026, 12, 24)
    store.preferences.set_muted("U0ANA", muted=True)
    store.preferences.set_away("U0ANA", until=day)
    store.preferences.set_away("U0BO", until=day)
    store.preferences.set_away("U0BO", until=None)
    store.preferences.set_muted("U0CLEO", muted=True)

    found = store.preferences.of(["U0ANA", "U0BO", "U0DAN"])

    assert found == {"U0ANA": Preference(muted=True, away_until=day), "U0BO": Preference()}
    assert store.preferences.of([]) == {}


def test_two_processes_may_store_what_one_person_said_at_once(store: Store, rival: Store) -> None:
    day = date(2026, 12, 24)
    for number in range(10):
        user = f"U{number}"
        together(
            lambda user=user: store.preferences.set_muted(user, muted=True),  # type: ignore[misc]
            lambda user=user: rival.preferences.set_away(user, until=day),  # type: ignore[misc]
        )

        assert store.preferences.of([user]) == {user: Preference(muted=True, away_until=day)}


# ---- which Slack account is whose ------------------------------------------------------------------------------------


def test_accounts_are_remembered_for_as_long_as_somebody_wants_to_know_of_them(store: Store) -> None:
    store.matches.keep({"ana": "U0ANA", "bo": None}, now=NOW)
    store.matches.keep({"bo": "U0BO"}, now=NOW + timedelta(hours=1))

    assert store.matches.since(NOW) == {"ana": "U0ANA", "bo": "U0BO"}
    assert store.matches.since(NOW + timedelta(minutes=1)) == {"bo": "U0BO"}


def test_that_somebody_has_no_account_is_remembered_too(store: Store) -> None:
    store.matches.keep({"ana": "U0ANA"}, now=NOW)
    store.matches.keep({"ana": None}, now=NOW)
    store.matches.keep({}, now=NOW)

    assert store.matches.since(NOW) == {"ana": None}


def test_two_processes_may_remember_the_same_accounts_at_once(store: Store, rival: Store) -> None:
    for number in range(10):
        accounts = {f"{who}-{number}": f"U{who}" for who in ("ana", "bo", "cleo")}
        together(
            lambda accounts=accounts: store.matches.keep(accounts, now=NOW),  # type: ignore[misc]
            lambda accounts=accounts: rival.matches.keep(dict(reversed(accounts.items())), now=NOW),  # type: ignore[misc]
        )

        assert store.matches.since(NOW).items() >= accounts.items()
