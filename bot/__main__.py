"""`python -m bot`, and the command `assign-reviews`."""

import gc
import sys


def main() -> int:
    """Do what the command line says; the exit code."""
    try:
        gc.disable()  # what is imported stays: to look through it again and again is a quarter of the start
        from bot.cli import main as run  # noqa: PLC0415 - Ctrl-C may come while it is imported

        gc.freeze()
        gc.enable()
        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before anything was begun, or after its end
        return 130


if __name__ == "__main__":
    sys.exit(main())
