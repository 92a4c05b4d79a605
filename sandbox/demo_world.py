"""The demo's world: a team in Slack, a project in Braintrust, and the settings that lead the bot to both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.slack.identity import SCOPES
from sandbox.braintrust.refusals import ORGANIZATION_NAME
from sandbox.braintrust.row import Row
from sandbox.braintrust.seed import seed_rows, seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.slack.records import Channel, Item, Person, UserGroup
from sandbox.slack.stand_in import SlackStandIn
from sandbox.slack.workspace import Workspace

TAG = "needs-review"
DAYS = 7
ROWS = 2_500
FINISHED = 37  # leaves a number of open rows that does not divide evenly
REVIEWERS = 6
UNKNOWN_REVIEWER = "former.colleague@example.com"

_SLACK_TOKEN = "xoxb-demo"
_SLACK_SECRET = "demo-signing-secret"
_BRAINTRUST_KEY = "sk-demo"

_BOT = Person("U0BOT", "assign-reviews", "Assign Reviews", is_bot=True)
_GUEST = Person("U0GUS", "gus", "Gus Guest", "gus@example.com", is_restricted=True)
_STRANGER = Person("U0XENIA", "xenia", "Xenia Extern", None, is_stranger=True)


@dataclass(frozen=True, slots=True)
class World:
    """Both stand-ins, running."""

    slack: SlackStandIn
    braintrust: BraintrustStandIn

    @property
    def names(self) -> dict[str, str]:
        """The name of each Braintrust user, by id."""
        return {user["id"]: f"{user['given_name']} {user['family_name']}" for user in self.braintrust.directory.users}

    @property
    def reviewers(self) -> frozenset[str]:
        """The Braintrust users who get rows."""
        return frozenset(user["id"] for user in self.braintrust.directory.users[:REVIEWERS])

    @property
    def bystander(self) -> str:
        """A Braintrust user who is no reviewer."""
        return str(self.braintrust.directory.users[REVIEWERS]["id"])

    def rows(self) -> list[Row]:
        """Every row of the project."""
        return self.braintrust.rows.all(DEFAULT_PROJECT_ID)

    def matching_rows(self) -> list[Row]:
        """The rows that a plan of the default queue is about."""
        start = datetime.now(UTC) - timedelta(days=DAYS)
        return [row for row in self.rows() if TAG in row.tags and row.created >= start]

    def fill(self, seed: int = 7) -> None:
        """Take away all rows and add new ones; another seed makes other row ids."""
        for row in self.rows():
            self.braintrust.rows.delete(DEFAULT_PROJECT_ID, row.id)
        seed_rows(self.braintrust.rows, DEFAULT_PROJECT_ID, count=ROWS, tag=TAG, finished=FINISHED, seed=seed)

    def environment(self, folder: Path) -> dict[str, str]:
        """The bot's settings; its database lies in `folder`."""
        return {
            "SLACK_BOT_TOKEN": _SLACK_TOKEN,
            "SLACK_SIGNING_SECRET": _SLACK_SECRET,
            "SLACK_API_URL": self.slack.api_url,
            "BRAINTRUST_API_KEY": _BRAINTRUST_KEY,
            "BRAINTRUST_API_URL": self.braintrust.url,
            "BRAINTRUST_APP_URL": self.slack.backend.page_url or self.braintrust.url,
            "BRAINTRUST_ORG_NAME": ORGANIZATION_NAME,
            "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEW_DAYS": str(DAYS),
            "REVIEWERS": ",".join([*_named_reviewers(), UNKNOWN_REVIEWER]),
            "DATABASE_URL": f"sqlite:///{folder / 'assign-reviews.db'}",
            "LOG_FORMAT": "text",
        }


@contextmanager
def world() -> Iterator[World]:
    """Both stand-ins on loopback, filled."""
    slack = SlackStandIn(bot_token=_SLACK_TOKEN, signing_secret=_SLACK_SECRET, workspace=_workspace())
    slack.scopes.intersection_update(SCOPES)  # what the manifest asks for, and no more
    braintrust = BraintrustStandIn(api_key=_BRAINTRUST_KEY)
    braintrust.directory.users = seed_users()
    made = World(slack, braintrust)
    made.fill()
    with slack, braintrust:
        yield made


def _named_reviewers() -> list[str]:
    """Ids and e-mails in turn: settings may name people either way."""
    users = seed_users()[:REVIEWERS]
    return [user["email"] if number % 2 else user["id"] for number, user in enumerate(users)]


def _workspace() -> Workspace:
    workspace = Workspace(_BOT, name="Demo", domain="demo")
    team = [_person(user) for user in seed_users()[:REVIEWERS]]
    team[0] = replace(team[0], is_admin=True)
    ids = frozenset(person.id for person in (*team, _GUEST, _STRANGER, _BOT))
    leads = frozenset(person.id for person in team[:2])
    channels = (
        Channel("C0REVIEWS", "llm-reviews", members=ids - {_STRANGER.id}),
        Channel("C0GENERAL", "general", members=ids - {_BOT.id, _STRANGER.id}),
        Channel("C0PARTNERS", "partner-reviews", is_ext_shared=True, members=ids),
        Channel("C0LEADS", "review-leads", is_private=True, members=leads),
    )
    group = UserGroup("S0REVIEWERS", "reviewers", "LLM reviewers", tuple(one.id for one in team))
    items: tuple[Item, ...] = (*team, _GUEST, _STRANGER, *channels, group)
    for item in items:
        workspace.put(item)
    for person in (*team, _GUEST, _STRANGER):
        workspace.direct_channel(person.id)
    return workspace


def _person(user: Mapping[str, str]) -> Person:
    name = user["email"].partition("@")[0].lower()
    real_name = f"{user['given_name']} {user['family_name']}"
    return Person(f"U0{user['given_name'].upper()[:6]}", name, real_name, user["email"])
