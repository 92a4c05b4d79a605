"""The check of Braintrust: address, key, organisation, project, tag.  Nothing is written."""

import difflib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from bot.adapters.braintrust.client import BraintrustClient
from bot.addresses import is_readable_on_the_way
from bot.domain.btql import matching_rows, newest_rows
from bot.domain.people import Group, User
from bot.domain.plan import Window
from bot.errors import (
    BraintrustError,
    BraintrustRejectedError,
    BraintrustUnavailableError,
    NoAccessError,
    UnreachedError,
)
from bot.messages.text import last_days
from bot.preflight.finding import Finding, Misread, ok, warning, wrong
from bot.services.step import BoundedPatience
from bot.settings import Settings

MAX_WAIT_SECONDS = 60.0
MOST_NAMED = 5
LOOKED_AT = 200
"""How many of the newest rows are looked at for their tags."""
_PAGE = re.compile(r"/p/([^/?#]+)")


class BraintrustCheck:
    """Asks with the key from the settings, as far as that is let in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = BraintrustClient(settings.braintrust)
        self.is_reached = False

    def findings(self, misread: Mapping[str, Misread]) -> Iterator[Finding]:
        """What the key is good for."""
        if not self._settings.braintrust.api_key:
            return
        yield from self._account()
        if not self.is_reached:
            return
        unread = misread.get("BRAINTRUST_PROJECT_ID")
        if unread is not None and unread.text:
            yield self._misread(unread)
        elif self._settings.braintrust.project_id:
            yield from self._project()

    def users(self) -> Sequence[User] | None:
        """Braintrust's users; None where they may not be listed; raises `BraintrustError`."""
        try:
            return self._client.users(patience=bounded_patience()) or None
        except BraintrustRejectedError:
            return None

    def groups(self) -> Sequence[Group] | None:
        """Braintrust's groups; None where they may not be listed; raises `BraintrustError`."""
        try:
            return self._client.groups(patience=bounded_patience())
        except BraintrustRejectedError:
            return None

    def _account(self) -> Iterator[Finding]:
        """The organisations behind the key: it answers first whether address and key are right."""
        try:
            # Without the organisation's name, which may be the mistake.
            client = BraintrustClient(replace(self._settings.braintrust, org_name=""))
            names = sorted(client.names("organization", patience=bounded_patience()).values())
        except NoAccessError as error:
            yield wrong(error.setting, str(error))
            return
        except BraintrustUnavailableError as error:
            yield _unanswered(error)
            return
        except BraintrustRejectedError as error:
            if error.status == 404:
                yield wrong("BRAINTRUST_API_URL", f"there is no API of Braintrust at this address ({error.status}).")
                return
            names = []
        self.is_reached = True
        yield from self._encryption()
        yield ok("BRAINTRUST_API_KEY", f"of {', '.join(names)}." if names else "accepted.")
        yield from self._organisation(names)

    def _encryption(self) -> Iterator[Finding]:
        """Whether somebody on the way could read the key."""
        if is_readable_on_the_way(self._settings.braintrust.api_url):
            sentence = (
                "it begins with http://, so the key can be read on the way; write https:// if that is spoken there."
            )
            yield warning("BRAINTRUST_API_URL", sentence)

    def _organisation(self, names: Sequence[str]) -> Iterator[Finding]:
        """Whether the organisation is named as Braintrust writes it."""
        wanted = self._settings.braintrust.org_name
        if wanted and not names:
            yield warning("BRAINTRUST_ORG_NAME", "Braintrust does not say which organisations the key reaches.")
        elif wanted and wanted not in names:
            yield wrong("BRAINTRUST_ORG_NAME", f"the key does not reach it; write {' or '.join(names[:MOST_NAMED])}.")
        elif wanted:
            yield ok("BRAINTRUST_ORG_NAME", "the key reaches it.")
        elif len(names) > 1:
            yield warning("BRAINTRUST_ORG_NAME", f"the key reaches several; write {' or '.join(names[:MOST_NAMED])}.")

    def _misread(self, misread: Misread) -> Finding:
        """The id of the project that was named otherwise."""
        page = _PAGE.search(misread.text)
        name = unquote(page[1]) if page else misread.text
        projects = self._projects()
        meant = [project_id for project_id, known in projects.items() if known.lower() == name.lower()]
        found = [f"`{projects[project_id]}` is {project_id}" for project_id in meant]
        advice = f"write the id in place of the name: {', '.join(found)}." if found else misread.sentence
        return wrong("BRAINTRUST_PROJECT_ID", advice)

    def _project(self) -> Iterator[Finding]:
        project_id = self._settings.braintrust.project_id
        try:
            name, _ = self._client.project(project_id, patience=bounded_patience())
        except BraintrustRejectedError:
            known = [f"`{name}` is {found}" for found, name in self._projects().items()][:MOST_NAMED]
            advice = f"of those it reaches, {', '.join(known)}" if known else "check the id and the key's permissions"
            yield wrong("BRAINTRUST_PROJECT_ID", f"the key reaches no project with this id; {advice}.")
            return
        except BraintrustUnavailableError as error:
            yield _unanswered(error)
            return
        sentence = f"`{name}` can be read; whether the key may also write shows at the first assignment."
        yield ok("BRAINTRUST_PROJECT_ID", sentence)
        yield from self._tag()

    def _projects(self) -> Mapping[str, str]:
        try:
            return self._client.names("project", patience=bounded_patience())
        except BraintrustError:
            return {}

    def _tag(self) -> Iterator[Finding]:
        """Two real queries at most: they also tell whether this is the right region."""
        tag = self._settings.queue.tag
        try:
            if tag and self._is_carried(tag):
                yield ok("REVIEW_TAG", f"rows of {last_days(self._settings.queue.days)} carry it.")
                return
            tags = self.tags()
        except NoAccessError as error:
            yield wrong(error.setting, str(error))
        except BraintrustRejectedError as error:
            yield wrong("BRAINTRUST_API_KEY", f"the project's logs cannot be read. {error}")
        except BraintrustUnavailableError as error:
            yield _unanswered(error)
        else:
            if tag:
                yield warning("REVIEW_TAG", self._carried_instead(tag, tags))

    def _is_carried(self, tag: str) -> bool:
        project_id = self._settings.braintrust.project_id
        query = matching_rows(project_id, tag=tag, window=self._window(), limit=1)
        return bool(self._client.page(query, patience=bounded_patience()).rows)

    def tags(self) -> list[str]:
        """The tags of the newest rows, the most frequent first; raises `BraintrustError`."""
        query = newest_rows(self._settings.braintrust.project_id, window=self._window(), limit=LOOKED_AT)
        rows = self._client.page(query, patience=bounded_patience()).rows
        tags = [tag for row in rows for tag in row.tags]
        return sorted(dict.fromkeys(tags), key=tags.count, reverse=True)

    def _carried_instead(self, tag: str, tags: Sequence[str]) -> str:
        days = self._settings.queue.days
        if not tags:
            return f"no row of {last_days(days)} carries it, and no new one carries any tag."
        near = difflib.get_close_matches(tag.lower(), [known.lower() for known in tags], n=1)
        first = [known for known in tags if known.lower() in near]
        others = [known for known in tags if known not in first]
        named = ", ".join(f"`{known}`" for known in [*first, *others][:MOST_NAMED])
        return f"no row of {last_days(days)} carries it; others carry {named}."

    def _window(self) -> Window:
        now = datetime.now(UTC)
        return Window(now - timedelta(days=self._settings.queue.days), now)


def _unanswered(error: BraintrustUnavailableError) -> Finding:
    if isinstance(error, UnreachedError) and error.setting:
        return wrong(error.setting, str(error))
    return wrong("Braintrust", f"{error} If that stays so, check BRAINTRUST_API_URL.")


def bounded_patience() -> BoundedPatience:
    """Nobody waits for a check for ever."""
    return BoundedPatience(time.sleep, seconds=MAX_WAIT_SECONDS)
