"""The loading of settings for a command, which tells what was understood otherwise than it was written."""

import logging

from bot.cli.console import Console
from bot.logs import configure
from bot.settings import NAMES, Settings, environment

log = logging.getLogger(__name__)

_QUOTES = "the quotes around it were taken off"


def settings_for_a_terminal(console: Console, required: tuple[str, ...] = ()) -> Settings:
    """The settings of a command that people look at; raises `SettingsError`."""
    env = environment()
    console.complain(*(f"{name}: {_QUOTES}." for name in env.quoted(NAMES)))
    return Settings.from_env(env, required=required)


def settings_for_a_server(required: tuple[str, ...]) -> Settings:
    """The settings of a command that serves Slack and logs from now on; raises `SettingsError`."""
    env = environment()
    settings = Settings.from_env(env, required=required)
    configure(settings.log_format)
    for name in env.quoted(NAMES):
        log.warning(_QUOTES, extra={"setting": name})
    return settings
