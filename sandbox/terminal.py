"""The demo's options.  Exit codes: 0 fine, 1 failed or not shown, 2 wrong usage, 130 interrupted."""

import argparse
import importlib
from collections.abc import Sequence

from bot.cli.console import Console

_FAILED = 1
_LAST_PORT = 65_535


def main(arguments: Sequence[str]) -> int:
    """Run the demo until somebody ends it, or once; its exit code."""
    options = _parser().parse_args(arguments)
    console = Console()
    code = _demo(options, console)
    return code if console.close() or code else _FAILED


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m sandbox", description="Try the bot on local stand-ins for Slack and Braintrust, in the browser."
    )
    options.add_argument("--once", action="store_true", help="without a browser: once from the command to the counts")
    options.add_argument("--port", type=_port, default=8080, help="the page's port (default: 8080)")
    return options


def _demo(options: argparse.Namespace, console: Console) -> int:
    try:
        demo = importlib.import_module("sandbox.demo")
    except ModuleNotFoundError as error:
        console.complain(f"The demo needs {error.name}: pip install -r requirements-dev.txt")
        return _FAILED
    code: int = demo.run(once=options.once, port=options.port, say=lambda text: console.say(*text.split("\n")))
    return code


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_LAST_PORT)) or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a whole number up to {_LAST_PORT}")
    return int(text)
