"""The description of a Web API method."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.arguments import Arguments
from sandbox.slack.backend import Backend
from sandbox.slack.records import Json

Run = Callable[[Backend, Arguments], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what it does, what it must and may be given, and who may call it.

    `token` is `bot`, `app` or `none`.  Methods that take no JSON see nothing in a JSON body, as with Slack.
    """

    name: str
    run: Run
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    scope: str | None = None
    takes_json: bool = True
    token: str = "bot"
