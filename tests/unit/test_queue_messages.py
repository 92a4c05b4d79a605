"""The list and the form of queues, within Slack's limits whatever is in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.queue import FIELDS, Queue, queue_of
from bot.errors import QueueError
from bot.messages.queue_form import Draft, beside_fields, closing_view, queue_form, submitted, waiting_view
from bot.messages.queues import MAX_QUEUES, conflict_sentence, described, found_sentence, queue_list
from sandbox.slack.blocks import message_problems, view_problems
from tests.unit.builders import PROJECT
from tests.unit.test_queue import NEEDED, TEXTS

QUEUE = queue_of("support-de", TEXTS, project_id=PROJECT, version=3)
DEFAULT = Queue("default", PROJECT, "", ())
ANY_TEXT = st.text(max_size=3_500)


@pytest.mark.parametrize("count", [0, 1, MAX_QUEUES - 1, MAX_QUEUES, 40, 200])
def test_a_list_of_any_length_fits(count: int) -> None:
    queues = [queue_of(f"queue-{number}", TEXTS, project_id=PROJECT) for number in range(count)]

    message = queue_list(DEFAULT, queues)

    assert message_problems(list(message.blocks)) == []
    assert [queue.name for queue in queues[: MAX_QUEUES - 1] if f"*{queue.name}*" not in message.text] == []
    assert ("more queue" in message.text) == (count >= MAX_QUEUES)


def test_a_queue_is_described_by_what_it_limits() -> None:
    assert described(QUEUE) == (
        "*support-de* · project `support-bot`\n"
        "tag `needs-review`, the last 14 days, for 3 names, filter `metadata.language = 'de'`, "
        "strategy `balanced`, at most 200 rows, only in <#C0REV>"
    )
    assert "the bot's operator changes" in described(DEFAULT)


@pytest.mark.parametrize(
    ("matching", "unassigned", "sentence"),
    [
        (12_400, 3_100, "Queue `q`: 12,400 rows match, 3,100 unassigned."),
        (1, 0, "Queue `q`: 1 row matches, 0 unassigned."),
        (5, None, "Queue `q`: 5 rows match."),
        (None, None, "Queue `q`: Braintrust does not count its rows."),
    ],
)
def test_what_a_queue_finds_is_told_as_far_as_it_is_known(
    matching: int | None, unassigned: int | None, sentence: str
) -> None:
    assert found_sentence("q", matching, unassigned) == sentence


@pytest.mark.parametrize("draft", [Draft({}), Draft(NEEDED, "support-de"), Draft.of(QUEUE)])
def test_a_form_gives_back_what_it_was_opened_with(draft: Draft) -> None:
    view = queue_form(draft)

    again = submitted(view | {"state": {"values": untouched(view)}})

    assert view_problems(view) == []
    assert (again.name, again.version, again.texts.keys()) == (draft.name, draft.version, draft.texts.keys())
    assert [set(text.split(",")) for text in again.texts.values()] == [
        set(text.split(",")) for text in draft.texts.values()
    ]


def untouched(view: dict[str, Any]) -> dict[str, Any]:
    """The state of a form in which nobody changed anything, as Slack tells it."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            told = {name.replace("initial_", "selected_"): element[name] for name in element if "initial" in name}
            values[block["block_id"]] = {
                "value": {"type": element["type"], "value": element.get("initial_value"), **told}
            }
    return values


@given(texts=st.dictionaries(st.sampled_from(sorted(FIELDS)), ANY_TEXT), problem=ANY_TEXT, note=ANY_TEXT)
def test_a_form_fits_whatever_stands_in_it(texts: dict[str, str], problem: str, note: str) -> None:
    """What people typed comes back to them, also where nobody would save it."""
    kept = {name: text for name, text in texts.items() if name not in ("channel", "approvers")}

    view = queue_form(Draft(kept, "q", 2, ("S0TEAM",)), problems=dict.fromkeys(FIELDS, problem), note=note)

    assert view_problems(view) == []


@given(st.text(min_size=1, max_size=4_000).filter(str.strip))
def test_a_view_of_a_sentence_fits(text: str) -> None:
    assert view_problems(waiting_view(text)) == view_problems(closing_view(text)) == []


def test_a_hint_is_shown_whole() -> None:
    hints = [block["hint"]["text"] for block in queue_form(Draft({}))["blocks"] if "hint" in block]

    assert hints == [field.hint.replace("`", "") for field in FIELDS.values()]


def test_a_problem_beside_a_field_has_no_signs_of_code() -> None:
    assert beside_fields({"days": "`days` is a whole number."}) == {"days": "days is a whole number."}


def test_somebody_who_was_second_is_told_in_what_the_other_one_differs() -> None:
    told = conflict_sentence(QUEUE, TEXTS | {"days": "3"})

    assert "With them it has Days: `14`." in told
    assert "It is as you have it." in conflict_sentence(QUEUE, TEXTS)
    assert "Somebody removed this queue" in conflict_sentence(None, TEXTS)


def test_what_the_other_one_wrote_mentions_nobody_and_hides_nothing() -> None:
    theirs = queue_of("q", TEXTS | {"filter": "metadata.a = '<@U0ANA>" + "<" * 1_900 + "'"}, project_id=PROJECT)

    view = queue_form(Draft(TEXTS, "q", 4), note=conflict_sentence(theirs, TEXTS))
    told = view["blocks"][0]["text"]["text"]

    assert "<@" not in told
    assert "Save again to have yours." in told


def test_the_name_of_a_new_queue_is_the_one_that_is_typed_last() -> None:
    """The form comes back where the name is taken; the one that was typed first does not stick to it."""
    view = queue_form(Draft(NEEDED, "support"), problems={"name": "There is a queue `support` already."})
    values = untouched(view) | {"name": {"value": {"type": "plain_text_input", "value": "support-2"}}}

    assert submitted(view | {"state": {"values": values}}).name == "support-2"


def test_a_form_holds_everything_that_a_queue_may_have() -> None:
    """What an input cannot hold would be lost when somebody changes something else."""
    many = ",".join(f"reviewer-{number}@example.com" for number in range(400))

    with pytest.raises(QueueError) as caught:
        queue_of("q", TEXTS | {"reviewers": many})

    assert "at most 3,000 characters" in caught.value.problems["reviewers"]
