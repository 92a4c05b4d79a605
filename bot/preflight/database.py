"""The check of the database: whether it can be used, and whose it is.  Nothing is recorded."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from slack_sdk import WebClient

from bot.adapters.braintrust.client import BraintrustClient, organisation
from bot.adapters.slack.identity import Identity
from bot.adapters.store.database import missing_file
from bot.adapters.store.store import Store
from bot.domain.homes import Home, HomeKind, refusal
from bot.errors import BotError
from bot.preflight.braintrust import bounded_patience
from bot.preflight.finding import Finding, ok, warning, wrong
from bot.settings import DatabaseSettings, Settings

_SETTING = "DATABASE_URL"


class DatabaseCheck:
    """Opens the database once; what it says of its homes is compared later."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._kept: Mapping[HomeKind, Home] = {}

    def finding(self) -> Finding:
        """Whether it can be used, and tells the time as this machine does."""
        if path := missing_file(self._settings.url):
            return _new(path)
        try:
            store = Store(self._settings)
            self._kept = store.homes.kept()
            skew = store.clock.skew()
        except BotError as error:
            return wrong(_SETTING, _bare(str(error)))
        store.database.close()
        if skew is not None:
            return warning(_SETTING, skew)
        return ok(_SETTING, f"{store.database.engine.dialect.name}, up to date.")

    def of_slack(self, client: WebClient | None) -> Iterator[Finding]:
        """What is wrong where the database belongs to another workspace than the token's."""
        if client is not None:
            yield from self._compared(Identity(client).home)

    def of_braintrust(self, settings: Settings) -> Iterator[Finding]:
        """What is wrong where the database belongs to another organisation than the project's."""
        client, patience = BraintrustClient(settings.braintrust), bounded_patience()
        yield from self._compared(lambda: organisation(client, settings.braintrust, patience=patience))

    def _compared(self, find: Callable[[], Home | None]) -> Iterator[Finding]:
        try:
            found = find()
        except BotError:
            return  # told by others
        kept = found and self._kept.get(found.kind)
        if found and kept and (sentence := refusal(kept, found)):
            yield wrong(_SETTING, _bare(sentence))


def _new(path: Path) -> Finding:
    """Whether a database can be made; that is left to the first start."""
    folder = next(parent for parent in path.parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return ok(_SETTING, f"there is no database at {path} yet; the first start makes it.")
    return wrong(_SETTING, f"{path} cannot be made: the bot may not write to {folder}.")


def _bare(sentence: str) -> str:
    return sentence.removeprefix(f"{_SETTING}: ")
