"""The command line: its commands, what they print and ask, and their exit codes."""

from bot.cli.commands import main, parser

__all__ = ["main", "parser"]
