"""What the bot can do, in one message."""

from bot.messages.blocks import section
from bot.messages.message import Message

COMMAND = "/assign-reviews"
OPTIONS = (
    ('tag="My tag"', "the tag of the rows; without it, the tag of the settings"),
    ("days=14", "how many days back"),
    ("limit=200", "at most this many rows, the newest first"),
    ("reviewers=ana@example.com,ben@example.com", "who gets them: Braintrust user ids or e-mails"),
    ("dry-run", "show the plan, assign nothing"),
)


def help_message() -> Message:
    """Everything there is to know about the command."""
    lines = "\n".join(f"• `{form}` {meaning}" for form, meaning in OPTIONS)
    text = (
        "I hand unreviewed Braintrust log rows to reviewers. Type the command, look at the plan, press Approve: "
        "the rows are assigned and the thread gets the counts.\n"
        f"• `{COMMAND}` plans the rows and reviewers of the settings\n{lines}\n• `{COMMAND} help` shows this"
    )
    return Message(text, (section(text),))
