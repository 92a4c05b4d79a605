"""The help message shows what exists, and what it shows exists."""

import html
from fractions import Fraction

import pytest

from bot.domain.allocation import Strategy
from bot.domain.choices import RowOrder
from bot.domain.command import HelpCommand, PlanCommand, parsed
from bot.domain.options import COMMAND
from bot.messages.help import OPTIONS, help_message
from sandbox.slack.blocks import message_problems
from tests.unit.builders import block_texts


@pytest.mark.parametrize("form", [form for form, _ in OPTIONS])
def test_every_form_in_the_help_is_understood(form: str) -> None:
    command = parsed(form)

    assert isinstance(command, PlanCommand)
    assert command != PlanCommand()


def test_all_forms_together_are_one_command() -> None:
    command = parsed(" ".join(form for form, _ in OPTIONS))

    assert command == PlanCommand(
        tag="My tag",
        days=14,
        limit=200,
        reviewers=("ana@example.com:2", "group:support"),
        dry_run=True,
        strategy=Strategy.BALANCED,
        order=RowOrder.OLDEST,
        sample=Fraction(1, 10),
        group_by="trace",
    )


def test_the_help_names_the_command_every_option_and_itself() -> None:
    text = help_message().text

    forms = [COMMAND, f"{COMMAND} help", *(form for form, _ in OPTIONS)]
    assert [form for form in forms if f"`{form}`" not in html.unescape(text)] == []
    assert parsed("help") == HelpCommand()


def test_the_help_is_one_valid_message_whose_text_is_complete() -> None:
    message = help_message()

    assert message_problems(list(message.blocks)) == []
    assert block_texts(message) == [message.text]
