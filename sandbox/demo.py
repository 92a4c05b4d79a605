"""The demo: the real bot between two stand-ins on this machine.  No account, no network, nothing left behind."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.demo_bot import BotEndedError, BotProcess, running_bot
from sandbox.demo_once import walk
from sandbox.demo_world import World, world
from sandbox.page.server import PageServer

Say = Callable[[str], None]


def run(*, once: bool, say: Say, port: int) -> int:
    """Run the demo until Ctrl-C, or walk through it `once`; the process's exit code.

    0 when it was stopped, or when the walk's report agreed with the rows; 1 with a sentence otherwise.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with world() as made:
            return _walked(made, say) if once else _served(made, port, say)
    except BotEndedError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Nothing is left behind.")
        return 130 if once else 0


def _walked(made: World, say: Say) -> int:
    with _bot(made) as bot:
        try:
            return 0 if walk(made, say) else 1
        except (AssertionError, ValueError) as error:  # waited in vain, or there was nothing to press
            say(f"The bot did not do what it should: {error}\n\n{bot.obituary()}")
            return 1


def _served(made: World, port: int, say: Say) -> int:
    page = PageServer(made, port)
    try:
        page.start()
    except OSError:
        say(f"Port {port} is taken. Choose another one: python -m sandbox --port {port + 1}")
        return 1
    try:
        made.slack.backend.page_url = page.url
        with _bot(made) as bot:
            say(f"Open {page.url} and type /assign-reviews. Ctrl-C ends the demo.")
            bot.wait()
    finally:
        page.stop()
    return 1


@contextmanager
def _bot(made: World) -> Iterator[BotProcess]:
    """The bot, ready, with a folder of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="assign-reviews-demo-") as name:
        folder = Path(name)
        with running_bot(made.environment(folder), folder) as bot:
            made.slack.bot_url = f"{bot.url}/slack/events"
            yield bot
