"""The help: all that the bot can do, in one message."""

from bot.domain.options import COMMAND
from bot.messages.blocks import Message, section

OPTIONS = (
    ('tag="My tag"', "the tag of the rows; without it, the usual one"),
    ("days=14", "how many days back"),
    ("limit=200", "at most this many rows"),
    ("order=oldest", "which rows come first: `newest`, `oldest` or `random`"),
    ("sample=10%", "only a part of the rows, chosen by chance"),
    (
        "reviewers=ana@example.com:2,group:Support",
        "who gets them: `@people`, `@groups`, e-mails, ids, each perhaps with a weight; without it, the usual ones",
    ),
    ("strategy=balanced", "those with the fewest open rows first; `even` gives all as many"),
    ("group_by=trace", "rows of one trace, or of one value of a field (`metadata.session`), to one reviewer"),
    ("dry-run", "show the plan, assign nothing"),
)
QUEUES = (
    ("NAME", "plans a queue; options behind the name count for this once"),
    ("queues", "lists the queues, with buttons to plan and to change each"),
    ("queue new", "makes one; `queue edit NAME` changes it, `queue remove NAME` removes it"),
)
SCHEDULES = (
    ("schedule add mon,thu 09:00 Europe/Berlin", "a plan that comes by itself; a queue's name may stand behind it"),
    ("schedule list", "when each comes next; `pause ID`, `resume ID`, `run ID` and `remove ID` change one"),
)
PERSONAL = (
    ("mute", "no direct messages about your rows; `unmute` brings them back"),
    ("away YYYY-MM-DD", "no new rows for you until that day; `back` ends it"),
)


def help_message() -> Message:
    """Everything there is to know about the command."""
    options = "\n".join(f"• `{form}` {meaning}" for form, meaning in OPTIONS)
    queues = "\n".join(f"• `{COMMAND} {form}` {meaning}" for form, meaning in QUEUES)
    schedules = "\n".join(f"• `{COMMAND} {form}` {meaning}" for form, meaning in SCHEDULES)
    personal = "\n".join(f"• `{COMMAND} {form}` {meaning}" for form, meaning in PERSONAL)
    text = (
        f"Type `{COMMAND}`, look at the plan, press Approve: unreviewed Braintrust log rows are assigned to reviewers, "
        "and the plan's thread gets the counts.\n"
        f"*Options*\n{options}\n"
        f"*Queues*\n{queues}\n"
        f"*Schedules*\n{schedules}\n"
        f"*For yourself, if you get rows*\n{personal}\n"
        f"`{COMMAND} help` shows this."
    )
    return Message(text, (section(text),))
