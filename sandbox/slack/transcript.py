"""A workspace as text: what a person scrolling through every channel would read."""

from sandbox.slack.records import Ephemeral, Message
from sandbox.slack.rendering import render_text
from sandbox.slack.workspace import Workspace


def transcript(workspace: Workspace) -> str:
    """Every message and private answer in the order they appeared, replies marked."""
    said: list[Message | Ephemeral] = [*workspace.messages(), *workspace.ephemerals()]
    entries = [_entry(workspace, one) for one in sorted(said, key=lambda one: one.ts)]
    return "\n".join(entries) or "(nothing was said)"


def _entry(workspace: Workspace, said: Message | Ephemeral) -> str:
    place = _place(workspace, said.channel) + (f" > thread {said.thread_ts}" if said.thread_ts else "")
    if isinstance(said, Ephemeral):
        who = f"{_name(workspace, said.sender)} to {_name(workspace, said.user)} only"
    else:
        who = _name(workspace, said.user) + (" (edited)" if said.edited else "")
    body = "\n".join(f"    {line}" for line in render_text(said).splitlines())
    return f"{place} {said.ts} {who}:\n{body}"


def _place(workspace: Workspace, channel_id: str) -> str:
    channel = workspace.channel(channel_id)
    return f"direct {channel.id}" if channel.is_im else f"#{channel.name}"


def _name(workspace: Workspace, user_id: str) -> str:
    names = {person.id: person.name for person in workspace.people()}
    return names.get(user_id, user_id)
