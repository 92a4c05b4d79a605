"""What the bot can do, in one message."""

from bot.messages.blocks import section
from bot.messages.message import Message

COMMAND = "/assign-reviews"
OPTIONS = (
    ('tag="My tag"', "the tag of the rows; without it, the usual one"),
    ("days=14", "how many days back"),
    ("limit=200", "at most this many rows, the newest first"),
    (
        "reviewers=ana@example.com,ben@example.com",
        "who gets them, by Braintrust user id or e-mail; without it, the usual people",
    ),
    ("dry-run", "show the plan, assign nothing"),
)


def help_message() -> Message:
    """Everything there is to know about the command."""
    options = "\n".join(f"• `{form}` {meaning}" for form, meaning in OPTIONS)
    text = (
        f"Type `{COMMAND}`, look at the plan, press Approve: unreviewed Braintrust log rows are assigned to reviewers, "
        "and the plan's thread gets the counts.\n"
        f"*Options*\n{options}\n"
        f"`{COMMAND} help` shows this."
    )
    return Message(text, (section(text),))
