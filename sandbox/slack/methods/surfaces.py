"""Modals, home tabs, and the methods about the app itself."""

import dataclasses
import hashlib
import secrets
from typing import Any

from sandbox.slack import limits
from sandbox.slack.answers import SlackError, invalid_arguments
from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.backend import Backend
from sandbox.slack.blocks import view_problems
from sandbox.slack.records import Json, View


def auth_test(backend: Backend, _: Arguments) -> Json:
    """Who the token belongs to."""
    workspace = backend.workspace
    return {
        "url": f"{backend.url}/",
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "is_enterprise_install": False,
    }


def connections_open(backend: Backend, _: Arguments) -> Json:
    """The address of a WebSocket, good for one connection."""
    ticket = secrets.token_urlsafe(16)
    backend.socket_tickets.add(ticket)
    address = backend.url.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={backend.workspace.app_id}"}


def open_view(backend: Backend, arguments: Arguments) -> Json:
    """Open a modal for the person whose click or command gave the trigger id."""
    view = _checked_view(arguments, "modal")
    trigger = backend.use_trigger(arguments.text("trigger_id"))
    return _presented(backend, View(backend.workspace.next_id("V"), trigger.user_id, "modal", view))


def publish_view(backend: Backend, arguments: Arguments) -> Json:
    """Replace the home tab that one person sees."""
    view = _checked_view(arguments, "home")
    user_id = arguments.text("user_id")
    if user_id not in {person.id for person in backend.workspace.people()}:
        raise SlackError("user_not_found")
    return _presented(backend, View(f"V-home-{user_id}", user_id, "home", view))


def update_view(backend: Backend, arguments: Arguments) -> Json:
    """Replace an open modal; `hash` is that of the version that the bot knows."""
    known = {view.id: view for view in backend.workspace.views() if view.type == "modal"}
    view = known.get(arguments.text("view_id"))
    if view is None:
        raise SlackError("not_found")
    if arguments.text("hash") not in ("", _hash(view)):
        raise SlackError("hash_conflict")
    return _presented(backend, dataclasses.replace(view, content=_checked_view(arguments, "modal")))


def _checked_view(arguments: Arguments, expected: str) -> Json:
    view: Any = arguments.parsed("view", error="invalid_arguments")
    if problems := view_problems(view):
        raise invalid_arguments(*map(str, problems))
    if view["type"] != expected:
        raise invalid_arguments(f"[ERROR] unsupported type: {view['type']} [json-pointer:/view/type]")
    if len(str(view)) > limits.VIEW_JSON:
        raise SlackError("view_too_large")
    checked: Json = view
    return checked


def _presented(backend: Backend, view: View) -> Json:
    backend.workspace.put(view)
    return {"view": {"id": view.id, "team_id": backend.workspace.team_id, "hash": _hash(view), **view.content}}


def _hash(view: View) -> str:
    return hashlib.sha256(repr(view.content).encode()).hexdigest()[:16]


METHODS = (
    Method("auth.test", auth_test),
    Method("apps.connections.open", connections_open, token="app"),
    Method("views.open", open_view, ("view",), ("trigger_id", "interactivity_pointer")),
    Method("views.update", update_view, ("view",), ("view_id", "hash")),
    Method("views.publish", publish_view, ("user_id", "view"), ("hash", "interactivity_pointer")),
)
