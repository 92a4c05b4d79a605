"""conversations.*: channels and their members."""

from sandbox.slack.answers import SlackError, channel_json
from sandbox.slack.arguments import PAGE, Arguments, Method
from sandbox.slack.backend import Backend
from sandbox.slack.records import Json


def info(backend: Backend, arguments: Arguments) -> Json:
    """A channel the bot can know of."""
    channel = backend.channel(arguments.text("channel"))
    backend.need_channel_scope(channel)
    return {"channel": channel_json(backend.workspace, channel)}


def list_(backend: Backend, arguments: Arguments) -> Json:
    """The channels of the kinds asked for that the bot can know of, page by page."""
    kinds = set((arguments.text("types") or "public_channel").split(","))
    found = [one for one in backend.workspace.channels() if one.kind in kinds and backend.knows(one)]
    if arguments.flag("exclude_archived"):
        found = [channel for channel in found if not channel.is_archived]
    page, metadata = arguments.page_of(found, default=100)
    for channel in page:
        backend.need_channel_scope(channel)
    return {"channels": [channel_json(backend.workspace, channel) for channel in page], "response_metadata": metadata}


def join(backend: Backend, arguments: Arguments) -> Json:
    """Make the bot a member of a public channel."""
    channel = backend.channel(arguments.text("channel"))
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if backend.workspace.bot.id in channel.members:
        warning = "already_in_channel"
        found = channel_json(backend.workspace, channel)
        return {"channel": found, "warning": warning, "response_metadata": {"warnings": [warning]}}
    return {"channel": channel_json(backend.workspace, backend.workspace.join(channel.id, backend.workspace.bot.id))}


def open_(backend: Backend, arguments: Arguments) -> Json:
    """Open the direct conversation with one person."""
    users = [user for user in arguments.text("users").split(",") if user]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("too_many_users")  # group conversations are not played here
    _check_reachable(backend, users[0])
    return {"channel": {"id": backend.workspace.direct_channel(users[0]).id}}


def members(backend: Backend, arguments: Arguments) -> Json:
    """The ids of a channel's members, page by page."""
    channel = backend.channel(arguments.text("channel"))
    backend.need_channel_scope(channel)
    page, metadata = arguments.page_of(sorted(channel.members), default=100)
    return {"members": page, "response_metadata": metadata}


def _check_reachable(backend: Backend, user_id: str) -> None:
    try:
        person = backend.workspace.person(user_id)
    except KeyError as error:
        raise SlackError("user_not_found") from error
    if person.deleted:
        raise SlackError("user_disabled")


METHODS = (
    Method("conversations.info", info, ("channel",), takes_json=False),
    Method("conversations.list", list_, (), (*PAGE, "types", "exclude_archived"), takes_json=False),
    Method("conversations.join", join, ("channel",), scope="channels:join"),
    Method("conversations.open", open_, (), ("users",), "im:write"),
    Method("conversations.members", members, ("channel",), PAGE, takes_json=False),
)
