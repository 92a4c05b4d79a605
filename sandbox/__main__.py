"""`python -m sandbox`, and the command `assign-reviews-demo`."""

import sys


def main() -> int:
    """Do what the command line says; the exit code."""
    try:
        from sandbox.terminal import main as run  # noqa: PLC0415 - Ctrl-C may come while it is imported

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before anything was begun, or after its end
        return 130


if __name__ == "__main__":
    sys.exit(main())
