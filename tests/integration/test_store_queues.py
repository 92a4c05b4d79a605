"""Stored queues: changed under their versions, all of an import or nothing."""

from dataclasses import replace
from functools import partial

import pytest

from bot.domain.queue import Queue, QueueChange, queue_of
from tests.integration.stored import NOW, PROJECT, Store, together

TEXTS = {"project": "support-bot", "tag": "t", "reviewers": "ana@example.com<=40", "filter": "metadata.a = 'b'"}


def a_queue(name: str = "support-de", **texts: str) -> Queue:
    return queue_of(name, TEXTS | texts, project_id=PROJECT)


def made(store: Store, queue: Queue) -> Queue:
    assert store.queues.apply([QueueChange(None, queue)], who="U0ANA", now=NOW)
    stored = store.queues.get(queue.name)
    assert stored is not None
    return stored


def test_a_queue_is_found_again_as_it_was_made(store: Store) -> None:
    stored = made(store, a_queue())

    assert (stored, stored.version) == (a_queue(), 1)
    assert store.queues.all() == (stored,)
    assert store.queues.get("other") is None


def test_a_change_counts_once(store: Store) -> None:
    stored = made(store, a_queue())
    first, second = a_queue(days="3"), a_queue(days="4")

    assert store.queues.apply([QueueChange(stored, first)], who="U0ANA", now=NOW)
    assert not store.queues.apply([QueueChange(stored, second)], who="U0BEN", now=NOW)

    assert store.queues.all() == (first,)


def test_a_name_is_given_once(store: Store) -> None:
    made(store, a_queue())

    assert not store.queues.apply([QueueChange(None, a_queue(days="3"))], who="U0BEN", now=NOW)
    assert store.queues.all() == (a_queue(),)


def test_all_changes_are_made_or_none(store: Store) -> None:
    stored = made(store, a_queue())
    outdated = replace(stored, version=7)
    wanted = [QueueChange(None, a_queue("a")), QueueChange(outdated, None), QueueChange(None, a_queue("z"))]

    assert not store.queues.apply(wanted, who="terminal", now=NOW)
    assert store.queues.all() == (stored,)

    wanted[1] = QueueChange(stored, None)
    assert store.queues.apply(wanted, who="terminal", now=NOW)
    assert [queue.name for queue in store.queues.all()] == ["a", "z"]


@pytest.mark.parametrize("first", [None, a_queue()])
def test_of_two_editors_at_the_same_moment_one_is_told(store: Store, first: Queue | None) -> None:
    before = made(store, first) if first else None
    wanted = [QueueChange(before, a_queue(days=str(days))) for days in range(1, 9)]

    results = together(*(partial(store.queues.apply, [one], who="U0ANA", now=NOW) for one in wanted))

    assert sorted(results) == [False] * 7 + [True]
    assert store.queues.all() == (wanted[results.index(True)].after,)
