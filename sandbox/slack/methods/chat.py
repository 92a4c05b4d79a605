"""chat.*: messages, private answers, permalinks."""

from sandbox.slack import limits
from sandbox.slack.answers import SlackError, message_json
from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.backend import Backend
from sandbox.slack.content import NAMES, content_of
from sandbox.slack.records import Channel, Json, Message


def post_message(backend: Backend, arguments: Arguments) -> Json:
    """Say something in a channel or thread."""
    channel = postable_channel(backend, arguments.text("channel"))
    thread_ts = existing_thread(backend, channel, arguments.text("thread_ts"))
    said = content_of(arguments).said
    return _said(backend, backend.workspace.post(channel.id, backend.workspace.bot.id, **said, thread_ts=thread_ts))


def update(backend: Backend, arguments: Arguments) -> Json:
    """Change a message of the bot.  Blocks that are not given stay."""
    message = _own_message(backend, arguments)
    content = content_of(arguments)
    if content.text and len(content.text) > limits.UPDATE_TEXT:
        raise SlackError("msg_too_long")
    kept = {"blocks": message.blocks} if content.blocks is None else {}
    message = backend.workspace.edit(message, **content.said | kept)
    return {**_said(backend, message), "text": message.text}


def post_ephemeral(backend: Backend, arguments: Arguments) -> Json:
    """Say something to one member of a channel."""
    channel = postable_channel(backend, arguments.text("channel"))
    if arguments.text("user") not in channel.members:
        raise SlackError("user_not_in_channel")
    thread_ts = existing_thread(backend, channel, arguments.text("thread_ts"))
    said = content_of(arguments).said
    seen_by, bot = arguments.text("user"), backend.workspace.bot.id
    private = backend.workspace.post(channel.id, bot, **said, thread_ts=thread_ts, seen_by=seen_by)
    return {"message_ts": private.ts}


def get_permalink(backend: Backend, arguments: Arguments) -> Json:
    """The address of a message."""
    channel = backend.channel(arguments.text("channel"))
    message = _posted(backend, channel, arguments.text("message_ts"))
    return {"channel": channel.id, "permalink": backend.permalink(channel.id, message.ts, message.thread_ts)}


def postable_channel(backend: Backend, channel_id: str) -> Channel:
    """The channel, if the bot may say something there."""
    channel = backend.channel(channel_id)
    if channel.is_archived:
        raise SlackError("is_archived")
    if backend.workspace.bot.id not in channel.members and "chat:write.public" not in backend.scopes:
        raise SlackError("not_in_channel")
    return channel


def existing_thread(backend: Backend, channel: Channel, ts: str) -> str | None:
    """The time stamp of the thread's first message; a reply's own leads there.  None without `ts`."""
    if not ts:
        return None
    parent = _posted(backend, channel, ts, error="thread_not_found")  # stricter than Slack, which posts into nowhere
    return parent.thread_ts or parent.ts


def _own_message(backend: Backend, arguments: Arguments) -> Message:
    channel = backend.channel(arguments.text("channel"))
    message = _posted(backend, channel, arguments.text("ts"))
    if message.user != backend.workspace.bot.id:
        raise SlackError("cant_update_message")
    return message


def _posted(backend: Backend, channel: Channel, ts: str, *, error: str = "message_not_found") -> Message:
    message = backend.workspace.message(channel.id, ts)
    if message is None or message.seen_by:
        raise SlackError(error)
    return message


def _said(backend: Backend, message: Message) -> Json:
    said = message_json(backend.workspace, backend.url, message)
    return {"channel": message.channel, "ts": message.ts, "message": said}


_POSTING = (*NAMES, "thread_ts", "unfurl_links", "unfurl_media")

METHODS = (
    Method("chat.postMessage", post_message, ("channel",), _POSTING, "chat:write"),
    Method("chat.update", update, ("channel", "ts"), NAMES, "chat:write"),
    Method("chat.postEphemeral", post_ephemeral, ("channel", "user"), (*NAMES, "thread_ts"), "chat:write"),
    Method("chat.getPermalink", get_permalink, ("channel", "message_ts"), takes_json=False),
)
