"""One walk through the demo without a browser: ask, approve, read the report, and check it against the rows."""

import re
from collections.abc import Callable

from sandbox.demo_proof import Evidence, problems
from sandbox.demo_world import World
from sandbox.slack.records import Message, Person, StoredFile
from sandbox.slack.rendering import render_text
from sandbox.slack.workspace import Workspace

CHANNEL = "llm-reviews"
COMMAND = "/assign-reviews"
RESULT_FILE = "to_assign_ids.json"
_PATIENCE_SECONDS = 30.0

Say = Callable[[str], None]


def walk(world: World, say: Say) -> bool:
    """Play it and print it; False when the report and the rows disagree.  AssertionError when the bot stays silent."""
    before = world.rows()
    person = next(one for one in world.slack.workspace.people() if not one.is_bot)

    plan = _asked(world, say, person)
    report, file = _approved(world, say, person, plan)

    evidence = Evidence(before, world.rows(), report.text, file.content, world.names)
    return _proven(say, evidence)


def _asked(world: World, say: Say, person: Person) -> Message:
    channel = next(one for one in world.slack.workspace.channels() if one.name == CHANNEL)
    say(f"{person.real_name} types {COMMAND} in #{CHANNEL}.\n")
    world.slack.command(person.id, channel.id, "")
    plan = world.slack.wait_for(
        lambda now: [one for one in now.channel_messages(channel.id) if one.user == now.bot.id],
        timeout_seconds=_PATIENCE_SECONDS,
    )[-1]
    say(f"The bot answers in #{CHANNEL}:\n{_indented(plan, world)}\n")
    return plan


def _approved(world: World, say: Say, person: Person, plan: Message) -> tuple[Message, StoredFile]:
    say(f"{person.real_name} presses Approve.\n")
    world.slack.press(person.id, plan, "approve")
    ended = world.slack.wait_for(lambda now: _endings(now, plan), timeout_seconds=_PATIENCE_SECONDS)[-1]
    say("The thread:")
    for message in world.slack.workspace.thread(plan.channel, plan.ts):
        say(_indented(message, world))
    say("")
    return ended


def _proven(say: Say, evidence: Evidence) -> bool:
    say("Newly assigned, as Braintrust's stand-in has it:")
    for name, rows in evidence.assigned.items():
        say(f"    {name:<16}{rows:>6,}")
    say(f"    {'together':<16}{len(evidence.written):>6,}\n")
    found = problems(evidence)
    for problem in found:
        say(f"Wrong: {problem}")
    if not found:
        say(
            f"All is well: the report, the attached {RESULT_FILE} and the stored rows agree; "
            f"{len(evidence.written):,} rows were written once each, and no other row was touched."
        )
    return not found


def _endings(now: Workspace, plan: Message) -> list[tuple[Message, StoredFile]]:
    """The report and the file; nothing while one of them is missing."""
    thread = now.thread(plan.channel, plan.ts)
    reports = [one for one in thread if one.text.startswith(("Done.", "Partly done.", "Stopped.", "Failed."))]
    files = [file for one in thread for file in one.files if file.name == RESULT_FILE]
    return list(zip(reports, files, strict=False))


def _indented(message: Message, world: World) -> str:
    text = render_text(message)
    for person in world.slack.workspace.people():
        text = text.replace(f"@{person.id}", f"@{person.real_name}")
    text = re.sub(r"\*([^*\n]+)\*", r"\1", text)
    return "\n".join(f"    {line}" for line in text.splitlines() if line)
