"""The questions of `init`: what each is tried with, and which answers can be offered for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.adapters.braintrust.client import BraintrustClient
from bot.adapters.slack.client import web_client
from bot.adapters.slack.directory import channel_ids
from bot.addresses import API, API_EU
from bot.preflight.braintrust import BraintrustCheck, bounded_patience
from bot.settings import TABLE, Settings

Offers = Mapping[str, str]
"""Values by the words that a person knows them by."""


def _nothing(_settings: Settings) -> Offers:
    return {}


@dataclass(frozen=True, slots=True)
class Question:
    """One variable that `init` asks for."""

    name: str
    needs: tuple[str, ...] = ()
    """Variables that the answer is tried with."""
    offers: Callable[[Settings], Offers] = _nothing
    """What can be chosen from, found by the answers so far; raises `BotError`."""
    is_optional: bool = False
    is_list: bool = False
    """Whether several may be named, separated by commas."""
    is_plain_where_one: bool = False
    """Whether nobody has to be asked where only one can be offered."""

    @property
    def is_secret(self) -> bool:
        """Whether nobody may look over the shoulder."""
        return self.name in SECRETS

    @property
    def help(self) -> str:
        """Where the answer is found."""
        return TABLE[self.name].meaning.replace("`", "")


def _regions(_settings: Settings) -> Offers:
    """<https://www.braintrust.dev/docs/admin/organizations>: the data plane of an organisation is chosen once."""
    return {"United States": API, "Europe": API_EU}


def _organisations(settings: Settings) -> Offers:
    names = BraintrustClient(settings.braintrust).names("organization", patience=bounded_patience()).values()
    return {name: name for name in sorted(names)}


def _projects(settings: Settings) -> Offers:
    names = BraintrustClient(settings.braintrust).names("project", patience=bounded_patience())
    return {name: project_id for project_id, name in sorted(names.items(), key=lambda item: item[1].lower())}


def _tags(settings: Settings) -> Offers:
    return {tag: tag for tag in BraintrustCheck(settings).tags()}


def _people(settings: Settings) -> Offers:
    users = BraintrustClient(settings.braintrust).users(patience=bounded_patience())
    return {user.name: user.email for user in users if user.email}


def _channels(settings: Settings) -> Offers:
    return {f"#{name}": channel for name, channel in sorted(channel_ids(web_client(settings.slack)).items())}


_BRAINTRUST = ("BRAINTRUST_API_URL", "BRAINTRUST_API_KEY", "BRAINTRUST_ORG_NAME")
QUESTIONS = (
    Question("SLACK_BOT_TOKEN"),
    Question("SLACK_APP_TOKEN"),
    Question("SLACK_SIGNING_SECRET"),
    Question("BRAINTRUST_API_URL", offers=_regions),
    Question("BRAINTRUST_API_KEY", needs=_BRAINTRUST[:1]),
    Question(
        "BRAINTRUST_ORG_NAME", needs=_BRAINTRUST[:2], offers=_organisations, is_optional=True, is_plain_where_one=True
    ),
    Question("BRAINTRUST_PROJECT_ID", needs=_BRAINTRUST, offers=_projects),
    Question("REVIEW_TAG", needs=(*_BRAINTRUST, "BRAINTRUST_PROJECT_ID"), offers=_tags),
    Question("REVIEWERS", needs=("SLACK_BOT_TOKEN", *_BRAINTRUST), offers=_people, is_list=True),
    Question("WEEKLY_POST", is_optional=True),
    Question("REVIEW_CHANNEL", needs=("SLACK_BOT_TOKEN", "WEEKLY_POST"), offers=_channels),
)
SECRETS = frozenset({"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "BRAINTRUST_API_KEY"})
