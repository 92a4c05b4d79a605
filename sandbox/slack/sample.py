"""A small made-up workspace to start from."""

from sandbox.slack.records import Channel, Person, UserGroup
from sandbox.slack.workspace import Workspace

BOT = Person("U0BOT", "assign-reviews", "Assign Reviews", is_bot=True)

ADA = Person("U0ADA", "ada", "Ada Okafor", "ada@example.com", is_admin=True)
BEN = Person("U0BEN", "ben", "Ben Lindqvist", "ben@example.com", tz="Europe/Stockholm")
CHLOE = Person("U0CHLOE", "chloe", "Chloé Martin", "chloe@example.com", tz="Europe/Paris")
GUS = Person("U0GUS", "gus", "Gus Guest", "gus@example.com", is_restricted=True)
XENIA = Person("U0XENIA", "xenia", "Xenia Extern", None, is_stranger=True)
DORA = Person("U0DORA", "dora", "Dora Departed", "dora@example.com", deleted=True)

PEOPLE = (ADA, BEN, CHLOE, GUS, XENIA, DORA)
_PRESENT = frozenset(person.id for person in PEOPLE if not person.deleted)

REVIEWS = Channel("C0REVIEWS", "llm-reviews", members=_PRESENT - {XENIA.id} | {BOT.id})
PARTNERS = Channel("C0PARTNERS", "partner-reviews", is_ext_shared=True, members=_PRESENT | {BOT.id})
GENERAL = Channel("C0GENERAL", "general", members=_PRESENT - {XENIA.id})
SECRET = Channel("C0SECRET", "secret-plans", is_private=True, members=frozenset({ADA.id, BEN.id}))

REVIEWERS = UserGroup("S0REVIEWERS", "reviewers", "LLM reviewers", (BEN.id, CHLOE.id))


def sample_workspace() -> Workspace:
    """Six people, four channels and one user group; the bot is in #llm-reviews and in #partner-reviews.

    The latter is shared with another organisation.
    """
    workspace = Workspace(BOT)
    for item in (*PEOPLE, REVIEWS, PARTNERS, GENERAL, SECRET, REVIEWERS):
        workspace.put(item)
    return workspace
