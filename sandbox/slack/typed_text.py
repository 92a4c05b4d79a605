"""Slack's form of a text that somebody typed: `&<>` escaped; people, channels, links and emoji written its way."""

import re

import emoji

from sandbox.slack.workspace import Workspace

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w.@-])(?P<domain>(?:[\w-]+\.)+(?:com|dev|id|io|org))(?![\w.-])"
    r"|(?<!\w)@(?P<name>[\w.-]*\w)"
    r"|(?<!\w)#(?P<channel>[\w-]+)"
    r"|(?P<sign>[&<>])"
)
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape_signs(text: str) -> str:
    """`&`, `<` and `>` as entities, which Slack does to whatever is typed."""
    return re.sub("[&<>]", lambda sign: _SIGNS[sign[0]], text)


def escape_typed(workspace: Workspace, text: str) -> str:
    """A command's text with `should_escape`, or a message's: `@ada` becomes `<@U0ADA|ada>`, and so on."""
    return _TOKEN.sub(lambda found: _markup(workspace, found), emoji.demojize(text, language="alias"))


def escape_said(workspace: Workspace, text: str) -> str:
    """A typed message: like a command's text, but people are mentioned without their names."""
    return re.sub(r"<@(\w+)\|[^>]*>", r"<@\1>", escape_typed(workspace, text))


def _markup(workspace: Workspace, found: re.Match[str]) -> str:
    kind, value = found.lastgroup, found[found.lastgroup or 0]
    match kind:
        case "url":
            return f"<{escape_signs(value)}>"
        case "domain":
            return f"<http://{value}|{value}>"
        case "email":
            return f"<mailto:{value}|{value}>"
        case "name":
            return _mention(workspace, value) or found[0]
        case "channel":
            return _channel(workspace, value) or found[0]
    return _SIGNS[value]


def _mention(workspace: Workspace, name: str) -> str | None:
    for person in workspace.people():
        if person.name == name:
            return f"<@{person.id}|{person.name}>"
    for group in workspace.user_groups():
        if group.handle == name and not group.is_disabled:
            return f"<!subteam^{group.id}|@{group.handle}>"
    return None


def _channel(workspace: Workspace, name: str) -> str | None:
    for channel in workspace.channels():
        if channel.name == name and not channel.is_im:
            return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
    return None
