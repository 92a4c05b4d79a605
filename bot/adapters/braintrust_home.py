"""The organisation that the bot works for: that of its project, as Braintrust tells it."""

import logging

from bot.adapters.braintrust import BraintrustClient
from bot.domain.homes import Home, HomeKind
from bot.errors import BraintrustRejectedError, NoAccessError
from bot.services.ports.braintrust import Patience
from bot.settings import BraintrustSettings

log = logging.getLogger(__name__)


def organisation(client: BraintrustClient, settings: BraintrustSettings, *, patience: Patience) -> Home | None:
    """The project's organisation, else the one that the key reaches, or that is named; None where that is not said.

    Raises `BraintrustError`.  <https://www.braintrust.dev/docs/api-reference/projects/get-project>: `org_id`.
    """
    names = _reached(client, patience)
    told = client.project(settings.project_id, patience=patience).organisation_id if settings.project_id else None
    if told is None:
        wanted = [org_id for org_id, name in names.items() if settings.org_name in ("", name)]
        told = wanted[0] if len(wanted) == 1 else None
    return None if told is None else Home(HomeKind.ORGANISATION, told, names.get(told, settings.org_name or told))


def _reached(client: BraintrustClient, patience: Patience) -> dict[str, str]:
    """The names of the organisations behind the key, by id; none where it may not list them."""
    try:
        return dict(client.names("organization", patience=patience))
    except NoAccessError:
        raise
    except BraintrustRejectedError as error:
        log.info("Braintrust does not list its organisations", extra={"error": str(error)})
        return {}
