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
        case "sign":
            return _SIGNS[value]
    return _known(workspace).get(found[0], found[0])


def _known(workspace: Workspace) -> dict[str, str]:
    """What may be mentioned, as it is typed and as Slack writes it; a person goes before a group of the same name."""
    groups = [group for group in workspace.user_groups() if not group.is_disabled]
    channels = [channel for channel in workspace.channels() if not channel.is_im]
    return {
        **{f"@{one.handle}": f"<!subteam^{one.id}|@{one.handle}>" for one in groups},
        **{f"@{one.name}": f"<@{one.id}|{one.name}>" for one in workspace.people()},
        **{f"#{one.name}": f"<#{one.id}|{'' if one.is_private else one.name}>" for one in channels},
    }
