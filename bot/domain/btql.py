"""BTQL queries in pipe form: what is asked of Braintrust, as text.

Only string values vary.  They stand in single quotes with `'` doubled, as Braintrust's own clients write them; what
that cannot express safely is refused (`quoted`).
"""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC

from bot.domain.plain_text import as_seen
from bot.domain.plan import Window
from bot.domain.reading import is_quotable
from bot.errors import CommandError

MAX_FILTER_LENGTH = 2_000
FILTER_EXAMPLE = "metadata.language = 'de'"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_QUOTED_OR_NOT = re.compile(rf"(?P<quoted>{_QUOTED.pattern})|[^'\"]+")
_STRAIGHT = {**dict.fromkeys(map(ord, "\u2018\u2019\u201a"), "'"), **dict.fromkeys(map(ord, "\u201c\u201d\u201e"), '"')}
_CLOSED = re.compile(r"\([^()\[\]]*\)|\[[^()\[\]]*\]")
MAX_IDS_PER_QUERY = 4_000  # a query may hold about 4,096 exact-match values

_ASSIGNMENTS = 'metadata."~__bt_assignments"'
_REVIEW_LISTS = 'metadata."~__bt_review_lists"'
_COLUMNS = f"{_ASSIGNMENTS} as assignments, {_REVIEW_LISTS} as review_lists"


def matching_rows(
    project_id: str, *, tag: str, window: Window, limit: int, group_by: str | None = None, meeting: str | None = None
) -> str:
    """The query for one page of the rows that carry `tag`, newest first; see `after` for the next.

    With `group_by`, each row tells what it has in common with those that belong to it; with `meeting`, only those come
    that this expression holds for, which is as `valid_filter` returns it.
    """
    common = f", {_field(group_by)} as group_key" if group_by else ""
    where = _also(f"tags includes {quoted(tag)} and {_within(window)}", meeting)
    return _rows(project_id, where, columns=f"id, {_COLUMNS}{common}", limit=limit)


def newest_rows(project_id: str, *, window: Window, limit: int) -> str:
    """The query for the newest rows of a window, whatever their tags."""
    return _rows(project_id, _within(window), columns=f"id, tags, {_COLUMNS}", limit=limit)


def count_matching(
    project_id: str,
    *,
    tag: str,
    window: Window,
    meeting: str | None = None,
    unassigned: Collection[str] | None = None,
) -> str:
    """The query for how many rows (`n`) `matching_rows` would bring; with open statuses in `unassigned`, those of them
    that nobody has and that are not finished.
    """
    where = _also(f"tags includes {quoted(tag)} and {_within(window)}", meeting)
    free = "" if unassigned is None else f" and {_ASSIGNMENTS} is null and {_is_open(unassigned)}"
    return f"from: project_logs({quoted(project_id)}) spans | filter: {where}{free} | measures: count(1) as n"


def open_load(project_id: str, *, window: Window, open_statuses: Collection[str], limit: int) -> str:
    """The query for how many rows (`n`) of a window each person (`assignee`) has assigned and not finished.

    One aggregate.  Whether Braintrust unpivots a list inside metadata is not documented; see `open_rows` otherwise.
    """
    return (
        f"from: project_logs({quoted(project_id)}) spans | filter: {_open(window, open_statuses)}"
        f" | unpivot: {_ASSIGNMENTS} as (assignee) | dimensions: assignee | measures: count(1) as n | limit: {limit}"
    )


def open_rows(project_id: str, *, window: Window, open_statuses: Collection[str], limit: int) -> str:
    """The query for one page of the rows that `open_load` counts."""
    return _rows(project_id, _open(window, open_statuses), columns=f"id, {_COLUMNS}", limit=limit)


def rows_by_id(project_id: str, *, ids: Iterable[str], meeting: str | None = None) -> str:
    """The query for the present condition of single rows, up to `MAX_IDS_PER_QUERY` of them; see `matching_rows`."""
    listed = ",".join(map(quoted, ids))
    return _rows(
        project_id, _also(f"id IN [{listed}]", meeting), columns=f"id, tags, {_COLUMNS}", limit=MAX_IDS_PER_QUERY
    )


def after(query: str, cursor: str | None) -> str:
    """`query` from `cursor` on.  The cursor is a clause of the query, neither a header nor a field of the request."""
    return query if cursor is None else f"{query} | cursor: {quoted(cursor)}"


def quoted(value: str) -> str:
    """`value` as a BTQL string literal; raises `CommandError` when it has a backslash or a control character."""
    if not is_quotable(value):
        raise CommandError(
            "A tag or an id may not contain a backslash, a line break or another control character, "
            "because BTQL does not say what they mean. Rename the tag in Braintrust, or choose another one."
        )
    return "'" + value.replace("'", "''") + "'"


def valid_filter(value: str) -> str:
    """`value` as an expression that can stand in a query, and means there what it means alone; raises `CommandError`.

    Whether Braintrust understands it, only Braintrust can say.
    """
    text = _changed_outside_quotes(value, lambda part: part.translate(_STRAIGHT))
    text = _changed_outside_quotes(text, lambda part: re.sub(r"\s+", " ", as_seen(part))).strip()
    if len(text) > MAX_FILTER_LENGTH:
        raise CommandError(f"A filter has at most {MAX_FILTER_LENGTH:,} characters.")
    bare = _QUOTED.sub(" ", text)
    if re.search(r"['\"`]", bare) or not _closes_what_it_opens(bare):
        raise CommandError(f"The filter has a bracket or a quote that is not closed: `{FILTER_EXAMPLE}`.")
    if not text or not is_quotable(text):
        raise CommandError(
            f"A filter is a BTQL expression, without a backslash, and its texts are of one line: `{FILTER_EXAMPLE}`."
        )
    if found := re.search(r"--|/\*|[|;#]", bare):
        raise CommandError(f"A filter is one expression, so `{found[0]}` cannot stand in it: `{FILTER_EXAMPLE}`.")
    if found := re.search(r"~__bt_\w+|_xact_id|_pagination_key", text):
        raise CommandError(f"The bot itself looks at `{found[0]}`, so a filter cannot: `{FILTER_EXAMPLE}`.")
    return text


def _changed_outside_quotes(text: str, change: Callable[[str], str]) -> str:
    return _QUOTED_OR_NOT.sub(lambda found: found[0] if found["quoted"] else change(found[0]), text)


def _closes_what_it_opens(bare: str) -> bool:
    while (rest := _CLOSED.sub("", bare)) != bare:
        bare = rest
    return re.search(r"[()\[\]]", bare) is None


def _also(where: str, meeting: str | None) -> str:
    return where if meeting is None else f"{where} and ({meeting})"


def _rows(project_id: str, where: str, *, columns: str, limit: int) -> str:
    return (
        f"from: project_logs({quoted(project_id)}) spans | filter: {where} | select: {columns}"
        f" | sort: _pagination_key desc | limit: {limit}"
    )


def _open(window: Window, statuses: Collection[str]) -> str:
    return f"{_within(window)} and {_ASSIGNMENTS} is not null and {_is_open(statuses)}"


def _is_open(statuses: Collection[str]) -> str:
    """Braintrust compares texts to the letter, and nobody has documented how it writes a status."""
    status = f'{_REVIEW_LISTS}."__bt_default_review_list".status'
    words = sorted({form for word in statuses for form in (word.upper(), word.lower(), word.capitalize())})
    listed = ", ".join(map(quoted, words))
    return f"({status} is null or {status} IN [{listed}])"


def _field(group_by: str) -> str:
    """A trace is the spans under one root; everything else is a field, each of its names in double quotes."""
    if group_by == "trace":
        return "root_span_id"
    first, *names = group_by.split(".")
    return ".".join([first, *(f'"{name}"' for name in names)])


def _within(window: Window) -> str:
    start, end = (
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for moment in (window.start, window.end)
    )
    return f"created >= {quoted(start)} and created < {quoted(end)}"
