"""Bolt listeners, thin: acknowledge, read the payload, make one service call."""

from slack_bolt import App

from handlers import actions, commands, errors, events, payloads, views


def register(app: App) -> None:
    """Add every listener, and the gate before them, to `app`."""
    app.middleware(payloads.refuse_strangers)
    for listeners in (commands, actions, views, events, errors):
        listeners.register(app)
