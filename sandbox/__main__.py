"""The demo's command line: `python -m sandbox`, and the command `assign-reviews-demo`.

Exit codes: 0 fine, 1 failed or not shown, 2 wrong usage, 130 interrupted.
"""

import argparse
import gc
import sys

_LAST_PORT = 65_535


def main() -> int:
    """Do what the command line says; the exit code."""
    try:
        return _run()
    except KeyboardInterrupt:  # before anything was begun, or after its end
        return 130


def _run() -> int:
    gc.disable()  # until everything is imported, which stays
    from bot.cli.console import Console  # noqa: PLC0415 - Ctrl-C may come while it is imported

    options, console, code = _parser().parse_args(), Console(), 1
    try:
        from sandbox.demo import run  # noqa: PLC0415 - what it needs may not be installed
    except ModuleNotFoundError as error:
        console.complain(f"The demo needs {error.name}: pip install -r requirements-dev.txt")
    else:
        gc.freeze()
        gc.enable()
        code = run(once=options.once, port=options.port, say=lambda text: console.say(*text.split("\n")))
    return code if console.close() or code else 1


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m sandbox", description="Try the bot on local stand-ins for Slack and Braintrust, in the browser."
    )
    options.add_argument("--once", action="store_true", help="without a browser: once from the command to the counts")
    options.add_argument("--port", type=_port, default=8080, help="the page's port (default: 8080)")
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_LAST_PORT)) or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a whole number up to {_LAST_PORT}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
