"""users.* and usergroups.*: who is here."""

from sandbox.slack.answers import SlackError, group_json, person_json
from sandbox.slack.arguments import PAGE, Arguments
from sandbox.slack.backend import Backend
from sandbox.slack.methods.method import Method
from sandbox.slack.records import Json, Person, UserGroup


def info(backend: Backend, arguments: Arguments) -> Json:
    """One person."""
    try:
        return {"user": _shown(backend, backend.workspace.person(arguments.text("user")))}
    except KeyError as error:
        raise SlackError("user_not_found") from error


def list_(backend: Backend, arguments: Arguments) -> Json:
    """Everybody, page by page, those who left included."""
    page, metadata = arguments.page_of(backend.workspace.people(), default=1000)
    return {"members": [_shown(backend, person) for person in page], "response_metadata": metadata}


def lookup_by_email(backend: Backend, arguments: Arguments) -> Json:
    """The person with this address; those who left are not found."""
    wanted = arguments.text("email").casefold()
    for person in backend.workspace.people():
        if person.email and person.email.casefold() == wanted and not person.deleted:
            return {"user": _shown(backend, person)}
    raise SlackError("users_not_found")


def group_members(backend: Backend, arguments: Arguments) -> Json:
    """The ids of a user group's members."""
    try:
        group = backend.workspace.user_group(arguments.text("usergroup"))
    except KeyError as error:
        raise SlackError("no_such_subteam") from error
    if group.is_disabled and not arguments.flag("include_disabled"):
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def groups(backend: Backend, arguments: Arguments) -> Json:
    """All user groups."""
    with_disabled = arguments.flag("include_disabled")
    found = [group for group in backend.workspace.user_groups() if with_disabled or not group.is_disabled]
    return {"usergroups": [_group(backend, arguments, group) for group in found]}


def _group(backend: Backend, arguments: Arguments, group: UserGroup) -> Json:
    shown = group_json(backend.workspace, group)
    if arguments.flag("include_users"):
        shown["users"] = list(group.members)
    if arguments.flag("include_count"):
        shown["user_count"] = len(group.members)
    return shown


def _shown(backend: Backend, person: Person) -> Json:
    return person_json(backend.workspace, person, with_email="users:read.email" in backend.scopes)


METHODS = (
    Method("users.info", info, ("user",), ("include_locale",), "users:read", takes_json=False),
    Method("users.list", list_, (), (*PAGE, "include_locale"), "users:read", takes_json=False),
    Method("users.lookupByEmail", lookup_by_email, ("email",), (), "users:read.email", takes_json=False),
    Method(
        "usergroups.users.list",
        group_members,
        ("usergroup",),
        ("include_disabled",),
        "usergroups:read",
        takes_json=False,
    ),
    Method(
        "usergroups.list",
        groups,
        (),
        ("include_users", "include_count", "include_disabled"),
        "usergroups:read",
        takes_json=False,
    ),
)
