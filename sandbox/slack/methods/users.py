"""users.* and usergroups.*: who is here."""

from sandbox.slack.answers import SlackError, group_json, person_json
from sandbox.slack.arguments import PAGE, Arguments, Method
from sandbox.slack.backend import Backend
from sandbox.slack.records import Json, Person


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
    group = {group.id: group for group in backend.workspace.user_groups()}.get(arguments.text("usergroup"))
    if group is None or group.is_disabled:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def groups(backend: Backend, _arguments: Arguments) -> Json:
    """The user groups, without the disabled ones."""
    found = [group for group in backend.workspace.user_groups() if not group.is_disabled]
    return {"usergroups": [group_json(backend.workspace, group) for group in found]}


def _shown(backend: Backend, person: Person) -> Json:
    return person_json(backend.workspace, person, with_email="users:read.email" in backend.scopes)


METHODS = (
    Method("users.info", info, ("user",), (), "users:read", takes_json=False),
    Method("users.list", list_, (), PAGE, "users:read", takes_json=False),
    Method("users.lookupByEmail", lookup_by_email, ("email",), (), "users:read.email", takes_json=False),
    Method("usergroups.users.list", group_members, ("usergroup",), (), "usergroups:read", takes_json=False),
    Method("usergroups.list", groups, (), (), "usergroups:read", takes_json=False),
)
