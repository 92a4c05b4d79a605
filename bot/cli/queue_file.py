"""The file of all queues: YAML in which every value is the text that a person would type."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bot.domain.plain_text import shown
from bot.domain.queue import LISTS, Queue
from bot.errors import CommandError, QueueError

LARGEST_FILE = 1_000_000


def read_queues(file: str) -> Mapping[str, Mapping[str, str]]:
    """The texts of each queue's fields in a file; raises `CommandError` and `QueueError`."""
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if len(content) > LARGEST_FILE:
        raise CommandError(f"{file} is too large to be a list of queues.")
    try:
        found = yaml.load(content, Loader=_TextLoader)  # noqa: S506 - a safe loader
    except RecursionError as error:
        raise CommandError(f"{file} is not YAML of queues: it is nested too deeply.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise CommandError(f"{file} is not YAML: {' '.join(str(error).split())[:200]}.") from error
    named = found.get("queues") if isinstance(found, dict) else None
    if not isinstance(named, dict) or len(found) > 1:
        raise CommandError(f"{file} has to begin with `queues:`, and each queue's name and fields below it.")
    return _texts(named)


def write_queues(file: str, queues: Iterable[Queue]) -> None:
    """Write all queues to a file, whole or not at all; a new one, with its e-mails, is its owner's alone.

    A file that is there keeps its mode, and where a link leads is written.  Raises `OSError`.
    """
    content = yaml.safe_dump({"queues": {queue.name: _fields(queue) for queue in queues}}, sort_keys=False)
    path = Path(file)
    if path.exists() and not path.is_file():  # such as /dev/stdout
        path.write_text(content, encoding="utf-8")
        return
    path = path.resolve()
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(content)
        if path.exists():
            Path(beside).chmod(path.stat().st_mode & 0o777)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


class _TextLoader(yaml.SafeLoader):
    """YAML where `yes`, `007` and `2026-01-01` are what was typed, and nothing is named twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
            raise yaml.constructor.ConstructorError(None, None, f"`{shown(twice)}` stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, form) for tag, form in resolvers if tag == "tag:yaml.org,2002:null"])
}


def _texts(named: Mapping[object, object]) -> Mapping[str, Mapping[str, str]]:
    problems: dict[str, str] = {}
    texts: dict[str, dict[str, str]] = {}
    for name, fields in named.items():
        if not isinstance(fields, dict):
            problems[shown(str(name))] = "Its fields stand below its name, each with a value: `tag: needs-review`."
            continue
        found = {str(key): _text(str(key), value) for key, value in fields.items()}
        texts[str(name)] = {key: text for key, text in found.items() if text is not None}
        wrong = f"This is one value or, of {' and '.join(LISTS)}, a list of them."
        problems |= {f"{shown(str(name))}.{shown(key)}": wrong for key, text in found.items() if text is None}
    if problems:
        raise QueueError(problems)
    return texts


def _text(name: str, value: object) -> str | None:
    """A value as people would type it; None where it is not one."""
    if value is None or isinstance(value, str):
        return value or ""
    if name in LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return None


def _fields(queue: Queue) -> dict[str, Any]:
    return {name: text.split(",") if name in LISTS else text for name, text in queue.texts.items()}
