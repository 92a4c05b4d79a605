"""Braintrust's directory as values: users, groups and projects."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.people import Group, User, unlisted_name

MAX_NAME_LENGTH = 255
MAX_ID_LENGTH = len("urn:uuid:") + 36


@dataclass(frozen=True, slots=True)
class Project:
    """A project, and the organisation that it is in, where Braintrust says so."""

    name: str
    organisation_id: str | None


def project(entry: Mapping[str, Any]) -> Project:
    """A project; it may have no name for us."""
    organisation_id = entry.get("org_id")
    return Project(
        name=_fit(str(entry.get("name") or entry.get("id"))),
        organisation_id=str(organisation_id) if _is_id(organisation_id) else None,
    )


def identified(entries: list[Any]) -> list[Mapping[str, Any]]:
    """The entries that are something with an id."""
    return [entry for entry in entries if isinstance(entry, Mapping) and _is_id(entry.get("id"))]


def user(entry: Mapping[str, Any]) -> User:
    """A user; names and an e-mail may be missing."""
    name = " ".join(str(entry[key]).strip() for key in ("given_name", "family_name") if entry.get(key))
    email = entry.get("email")
    user_id = str(entry["id"])
    return User(user_id, _fit(name) or unlisted_name(user_id), _fit(email) if isinstance(email, str) else None)


def group(entry: Mapping[str, Any]) -> Group:
    """A group; one without a name can still be within another one."""
    name = entry.get("name")
    return Group(
        id=str(entry["id"]),
        name=_fit(name) if isinstance(name, str) else "",
        user_ids=_ids(entry.get("member_users")),
        group_ids=_ids(entry.get("member_groups")),
    )


def _fit(name: str) -> str:
    return name[:MAX_NAME_LENGTH].encode(errors="replace").decode()  # a lone surrogate could not be sent to anybody


def _ids(members: object) -> tuple[str, ...]:
    return tuple(member for member in members if _is_id(member)) if isinstance(members, list) else ()


def _is_id(value: object) -> bool:
    """Whether it is a UUID.  The class itself takes any number of hyphens, and digits of any script."""
    try:
        return isinstance(value, str) and value.isascii() and len(value) <= MAX_ID_LENGTH and bool(uuid.UUID(value))
    except ValueError:
        return False


log = logging.getLogger(__name__)
