"""The manifest of the Slack app, and the link that creates the app from it."""

import re
from pathlib import Path
from urllib.parse import quote

import bot

_NEW_APP = "https://api.slack.com/apps?new_app=1&manifest_yaml="
"""<https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests#sharing-manifests>"""
_PLACES = [Path(bot.__file__).parent, Path(bot.__file__).parents[1]]
"""In a package it lies beside the code, in a checkout at the top."""
_EXAMPLE_HOST = "https://assign-reviews.example.com"


def manifest(*, address: str | None = None) -> str:
    """The manifest for Socket Mode, or for HTTP at the public `address`; raises `OSError`."""
    text = next(file for folder in _PLACES if (file := folder / "manifest.yml").exists()).read_text("utf-8")
    if address is None:
        return text
    text = re.sub(r"# (?=(?:request_)?url:)", "", text).replace(_EXAMPLE_HOST, address)
    return text.replace("socket_mode_enabled: true", "socket_mode_enabled: false")


def creation_link(*, address: str | None = None) -> str:
    """Where Slack creates an app with the manifest; comments are left out, for the link's sake."""
    lines = [re.sub(r"(^|\s+)#\s.*", "", line) for line in manifest(address=address).splitlines()]
    return _NEW_APP + quote("\n".join(line for line in lines if line.strip()), safe="")
