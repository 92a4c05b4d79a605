"""Braintrust's API over HTTP: queries, users, and the writing of assignments."""

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode, urljoin

from bot.adapters.braintrust import answers
from bot.adapters.http import Answer, Limits, TooBigError, exchange
from bot.adapters.obstacles import nothing_was_sent
from bot.domain.faults import LIMITED_SECONDS, pause_seconds
from bot.domain.homes import Home, HomeKind
from bot.domain.people import Group, User
from bot.domain.reading import is_quotable, log_row
from bot.domain.rhythm import USUAL
from bot.domain.row_changes import Change, Unassignment, Withdrawal
from bot.domain.writing import Outcome, WriteResult
from bot.errors import (
    STILL_LIMITED,
    BraintrustRejectedError,
    BraintrustUnavailableError,
    NoAccessError,
    QueryRefusedError,
    RateLimitedError,
)
from bot.metrics import BRAINTRUST_REQUESTS, BRAINTRUST_SECONDS
from bot.secret_files import Secret
from bot.services.ports.braintrust import MAX_PAGE_ROWS, READ_TRIES, Page, Patience
from bot.settings import BraintrustSettings

log = logging.getLogger(__name__)

USERS_PER_PAGE = 100
MAX_CURSOR = 1_000
NOT_HANDED_OUT = "Braintrust's storage did not hand out the answer. Try again later."
MAX_USER_PAGES = 1_000
MOST_AFTER_FAULT = 20.0  # seconds between two tries
_T = TypeVar("_T")


class BraintrustClient:
    """The `Braintrust` port on the real API.  One exchange may take so many seconds, to its last byte."""

    def __init__(
        self,
        settings: BraintrustSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        read_seconds: float = 120.0,
        write_seconds: float = USUAL.write_seconds,
    ) -> None:
        self._monotonic = monotonic
        self._read_seconds = read_seconds
        self._write_seconds = write_seconds
        self._url = settings.api_url
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._headers["Authorization"] = f"Bearer {settings.api_key}"
        self._key = Secret("BRAINTRUST_API_KEY", settings.api_key)
        if settings.org_name:
            self._headers["x-bt-org-name"] = settings.org_name

    def page(self, query: str, *, patience: Patience, rows: int = MAX_PAGE_ROWS, tries: int = READ_TRIES) -> Page:
        def read() -> Page:
            asked_at = self._monotonic()
            records, cursor = self._records(query, rows, patience)
            seconds = self._monotonic() - asked_at
            return Page(tuple(log_row(record) for record in records), cursor if records else None, asked_at, seconds)

        return _patiently(read, patience, tries=tries)

    def tally(self, query: str, *, key: str, count: str, patience: Patience) -> Mapping[str, int]:
        counts: Counter[str] = Counter()
        for record in _patiently(lambda: self._records(query, MAX_PAGE_ROWS, patience), patience)[0]:
            name, rows = record.get(key), answers.count_of(record.get(count))
            if isinstance(name, str) and name:
                counts[name] += rows
        return counts

    def total(self, query: str, *, count: str, patience: Patience) -> int:
        records = _patiently(lambda: self._records(query, 1, patience), patience)[0]
        return answers.count_of(records[0].get(count)) if records else 0

    def projects(self, *, patience: Patience) -> Mapping[str, str]:
        found = [entry for entry in self._everything("project", patience) if not entry.get("deleted_at")]
        return {str(entry["id"]): str(entry.get("name") or entry["id"]) for entry in found}

    def users(self, *, patience: Patience, at_least: Collection[str] = ()) -> tuple[User, ...]:
        return tuple(answers.user(entry) for entry in self._everything("user", patience, at_least))

    def groups(self, *, patience: Patience) -> tuple[Group, ...]:
        listed = self._everything("group", patience)
        return tuple(answers.group(entry) for entry in listed if not entry.get("deleted_at"))

    def write(self, project_id: str, pairs: Sequence[tuple[str, str]], change: Change) -> WriteResult:
        events = [merge_event(row_id, who, change) for row_id, who in pairs]
        body = json.dumps({"events": events}, separators=(",", ":")).encode()
        address = f"{self._url}/v1/project_logs/{project_id}/insert"
        headers, limits = self._headers, Limits(self._write_seconds, answers.size_of(len(events)))
        try:
            # To its deadline in any case: what became of a write that was given up would have to be found out.
            answer = _counted("POST", address, headers=headers, body=body, limits=limits, proceed=lambda: None)
        except (OSError, ValueError) as error:
            log.warning("Braintrust did not answer a write", extra={"cause": type(error).__name__})
            # Without a connection nothing was sent; whatever happens later may have been applied.
            if nothing_was_sent(error):
                return WriteResult(Outcome.UNREACHABLE, str(answers.unreached(error, url=self._url)))
            return WriteResult(Outcome.UNKNOWN, "Braintrust did not answer")
        if answer.status == 401 and self._has_other_key(headers):
            return WriteResult(Outcome.NOT_BEGUN)
        return answers.write_result(answer, [event["id"] for event in events])

    def project(self, project_id: str, *, patience: Patience) -> tuple[str, str | None]:
        """The name of a project, and the id of its organisation where that is said; raises like `page`."""
        return answers.project(_patiently(lambda: self._read(f"/v1/project/{project_id}", patience), patience))

    def names(self, kind: Literal["organization", "project"], *, patience: Patience) -> Mapping[str, str]:
        """The names of the first hundred that the key reaches, by id; raises like `page`."""
        found = _patiently(lambda: self._objects(kind, None, patience), patience)
        return {str(entry["id"]): str(entry.get("name", entry["id"])) for entry in found}

    def _records(self, query: str, rows: int, patience: Patience) -> tuple[list[Mapping[str, Any]], str | None]:
        answer = self._exchange("POST", "/btql", {"query": query}, rows=rows, patience=patience)
        found = answers.object_in(answer, entries=rows)
        records = found.get("data")
        cursor = found.get("cursor") or answer.headers.get("x-bt-cursor") or answer.headers.get("x-amz-meta-bt_cursor")
        if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
            raise answers.unusable("a query's answer without rows")
        if len(records) > rows:
            raise BraintrustRejectedError(answers.TOO_MUCH)
        if cursor is not None and not (isinstance(cursor, str) and len(cursor) <= MAX_CURSOR and is_quotable(cursor)):
            raise answers.unusable("a cursor that cannot be sent back")
        return records, cursor

    def _everything(self, kind: str, patience: Patience, at_least: Collection[str] = ()) -> list[Mapping[str, Any]]:
        """All users or groups, page by page.  Only an empty page ends the list, or one that completes `at_least`."""
        found: dict[str, Mapping[str, Any]] = {}
        last: str | None = None
        for _ in range(MAX_USER_PAGES):
            before = len(found)
            for entry in _patiently(partial(self._objects, kind, last, patience), patience):
                last = str(entry["id"])
                found.setdefault(last, entry)
            if len(found) == before or (at_least and found.keys() >= set(at_least)):
                return list(found.values())
        raise BraintrustRejectedError(f"Braintrust's list of {kind}s does not end. Please tell the bot's maintainers.")

    def _objects(self, kind: str, after: str | None, patience: Patience) -> list[Mapping[str, Any]]:
        query = {"limit": USERS_PER_PAGE} | ({"starting_after": after} if after else {})
        objects = self._read(f"/v1/{kind}?{urlencode(query)}", patience).get("objects")
        if not isinstance(objects, list):
            raise answers.unusable(f"a list of {kind}s without {kind}s")
        return answers.identified(objects)

    def _read(self, path: str, patience: Patience) -> Mapping[str, Any]:
        answer = self._exchange("GET", path, None, rows=USERS_PER_PAGE, patience=patience)
        return answers.object_in(answer, entries=USERS_PER_PAGE)

    def _has_other_key(self, refused: Mapping[str, str]) -> bool:
        """Whether the key's file has another one than the one that was refused; it is used from now on."""
        if not self._key.is_other_than(refused["Authorization"].removeprefix("Bearer ")):
            return False
        self._headers = {**self._headers, "Authorization": f"Bearer {self._key.value}"}
        return True

    def _exchange(self, method: str, path: str, payload: object, *, rows: int, patience: Patience) -> Answer:
        body = None if payload is None else json.dumps(payload).encode()
        within = partial(_counted, limits=Limits(self._read_seconds, answers.size_of(rows)), proceed=patience.proceed)
        try:
            headers = self._headers
            answer = within(method, self._url + path, headers=headers, body=body)
            if answer.status == 401 and self._has_other_key(headers):
                answer = within(method, self._url + path, headers=self._headers, body=body)
            if elsewhere := answers.moved(answer, path=path):
                raise elsewhere
            if answer.status in (302, 303, 307) and (address := answer.headers.get("Location", "")):
                # A large answer lies in storage; the address is signed, and must not see our key.
                answer = within("GET", urljoin(self._url, address), headers={})
                if answer.status != 200:
                    raise BraintrustUnavailableError(NOT_HANDED_OUT)
        except TooBigError as error:
            raise QueryRefusedError(answers.TOO_MUCH) from error
        except (OSError, ValueError) as error:  # OSError: also a file of authorities; ValueError: an odd address
            raise answers.unreached(error, url=self._url) from error
        if answer.status != 200:
            raise answers.read_error(answer)
        return answer


def _counted(method: str, url: str, **details: Any) -> Answer:
    """`exchange`, with its kind, outcome and time for the metrics."""
    other = "directory" if "/v1/" in url else "storage"
    kind = {"btql": "query", "insert": "insert"}.get(url.rpartition("/")[2], other)
    outcome = "unanswered"
    try:
        with BRAINTRUST_SECONDS.time():
            answer = exchange(method, url, **details)
        outcome = "limited" if answer.status == 429 else f"{answer.status // 100}xx"
    finally:
        BRAINTRUST_REQUESTS.labels(kind=kind, outcome=outcome).inc()
    return answer


def assignment_event(row_id: str, reviewer_id: str) -> dict[str, Any]:
    """The merge event that assigns one row, exactly as Braintrust's article on assigning log rows has it."""
    return {
        "id": row_id,
        "metadata": {
            "~__bt_assignments": [reviewer_id],
            "~__bt_review_lists": {"__bt_default_review_list": {"status": "PENDING"}},
        },
        "_is_merge": True,
        "_merge_paths": [["metadata", "~__bt_assignments", "~__bt_review_lists"]],
    }


def merge_event(row_id: str, reviewer_id: str, change: Change) -> dict[str, Any]:
    """The merge event that makes a change to one row; taking it back leaves everything else as it is."""
    if not isinstance(change, Withdrawal):
        return assignment_event(row_id, reviewer_id)
    event: dict[str, Any] = {"id": row_id, "_is_merge": True}
    path = ["metadata", "~__bt_assignments"]
    if change.form is Unassignment.ARRAY_DELETE:
        return event | {"_array_delete": [{"path": path, "delete": [reviewer_id]}]}
    value: list[str] | None = [] if change.form is Unassignment.EMPTY_LIST else None
    return event | {"metadata": {"~__bt_assignments": value}, "_merge_paths": [path]}


def _patiently(request: Callable[[], _T], patience: Patience, *, tries: int = READ_TRIES) -> _T:
    """Repeat a reading: on a rate limit for an hour, and up to `tries` times on other faults that may pass."""
    limits = faults = 0
    limited_seconds = 0.0
    while True:
        try:
            return request()
        except RateLimitedError as error:
            limits += 1
            pause = pause_seconds(limits, asked=error.retry_after_seconds, chance=random.random())  # noqa: S311 - jitter
            limited_seconds += pause
            if limited_seconds > LIMITED_SECONDS:
                raise BraintrustUnavailableError(STILL_LIMITED) from error
            patience.wait(pause, "Waiting for Braintrust's rate limit.")
        except BraintrustUnavailableError:
            faults += 1
            if faults >= tries:
                raise
            pause = pause_seconds(faults, longest=MOST_AFTER_FAULT, chance=random.random())  # noqa: S311 - jitter
            patience.wait(pause, "Braintrust did not answer; trying again.")


def organisation(client: BraintrustClient, settings: BraintrustSettings, *, patience: Patience) -> Home | None:
    """The project's organisation, else the one that the key reaches, or that is named; None where that is not said.

    Raises `BraintrustError`.  <https://www.braintrust.dev/docs/api-reference/projects/get-project>: `org_id`.
    """
    try:
        names = client.names("organization", patience=patience)
    except BraintrustRejectedError as error:
        if isinstance(error, NoAccessError):
            raise
        log.info("Braintrust does not list its organisations", extra={"error": str(error)})
        names = {}
    told = client.project(settings.project_id, patience=patience)[1] if settings.project_id else None
    if told is None:
        wanted = [org_id for org_id, name in names.items() if settings.org_name in ("", name)]
        told = wanted[0] if len(wanted) == 1 else None
    return None if told is None else Home(HomeKind.ORGANISATION, told, names.get(told, settings.org_name or told))
