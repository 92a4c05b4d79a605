"""Bolt listeners, thin: acknowledge, read the payload, make one service call."""

from slack_bolt import App

from handlers import actions, commands, errors, events


def register(app: App) -> None:
    """Add every listener to `app`."""
    for listeners in (commands, actions, events, errors):
        listeners.register(app)
