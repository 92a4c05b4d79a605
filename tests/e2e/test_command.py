"""What people type, where, and what they are told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Status
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, CHLOE, GENERAL, REVIEWS, SECRET, TAG, World


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("dais=3", "Did you mean `/assign-reviews days=3`?"),
        ("days=0", "`days` is a whole number from 1 to 365: `days=14`."),
        ("days=3 days=4", "`days` is given twice"),
        ("--", "`/assign-reviews help` lists what exists."),
        ("tag=My tag", 'I don\'t understand `tag` behind `tag=My`. Did you mean `/assign-reviews tag="My tag"`?'),
        ("limit 50", "Did you mean `/assign-reviews limit=50`?"),
        ("status", "A plan's message in its channel says how it stands"),
        ('tag="open', "an opening quote and no closing one"),
        ("tag=a\\b", "has a backslash, a line break or another control character"),
        ("reviewers=,", "Name 1 to 500 reviewers"),
        (
            "reviewers=stranger@example.com",
            "Nobody who is named can be given rows: `stranger@example.com` (Braintrust does not know them)",
        ),
        ("dry-run=yes", "`dry-run` takes no value"),
    ],
)
def test_a_bad_command_gets_the_nearest_valid_form_privately(world: World, text: str, advice: str) -> None:
    world.type(text)

    assert advice in world.answer(ADA, advice)
    assert world.slack.workspace.channel_messages(REVIEWS) == []
    assert world.braintrust.requests.count("insert") == 0


def test_help_lists_the_options_privately(world: World) -> None:
    answer = world.type("help")

    assert all(option in answer for option in ("tag=", "days=", "limit=", "reviewers=", "dry-run"))


@pytest.mark.parametrize(
    "tag",
    [
        "it's",
        "a | limit: 1",
        "' or 1=1 --",
        "<!channel>",
        "<@U0ADA>",
        "a & b",
        "👩‍🔬 lab",
        "👍 keep",
        "it\u2019s \u201chi\u201d",
        "metadata.id",
    ],
)
def test_a_strange_tag_selects_its_own_rows_and_mentions_nobody(world: World, tag: str) -> None:
    rows = world.all_rows()[-3:]
    for row in rows:
        world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row.id, [tag])
        world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, [])

    quote = '"' if "'" in tag else "'"
    plan = world.proposed(f"tag={quote}{tag}{quote}")

    assert "*3* matched" in plan.text
    assert "<!channel>" not in plan.text
    assert "Tag `<@" not in plan.text
    assert "<!channel>" not in str(plan.blocks)


@pytest.mark.parametrize(
    "text",
    [
        "\u200btag=\u201cneeds\u2011review\u201d\u00a0days=14 \u200elimit=5\u2060",
        "/assign-reviews tag = `needs-review`\u202fdays=14\tlimit=5\ufeff",
    ],
)
def test_a_pasted_command_asks_for_what_it_looks_like(world: World, text: str) -> None:
    plan = world.proposed(text)

    assert "Tag `needs-review`" in plan.text
    assert "5 rows" in plan.text


def test_reviewers_are_named_with_spaces_and_an_apostrophe_that_a_phone_bent(world: World) -> None:
    ana, ben = world.braintrust.directory.users[:2]
    ana["email"], ben["email"] = "ana@acme.test", "o'brien@acme.test"

    plan = world.proposed("reviewers=ana@acme.test, o\u2019brien@acme.test dry-run")

    assert "for 2 reviewers" in plan.text


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "Check BRAINTRUST_API_KEY"),
        (403, "Give its owner read and update access"),
        (404, "Check BRAINTRUST_PROJECT_ID"),
        (400, "Check BRAINTRUST_PROJECT_ID"),
        (421, "Set BRAINTRUST_API_URL to https://api-eu.braintrust.dev"),
    ],
)
def test_a_refusal_of_braintrust_becomes_advice_without_its_words(world: World, status: int, advice: str) -> None:
    # Not the organisation that the bot belongs to, which its log names at the start: only the refusal says this one.
    body = 'Organization "Globex" lives at https://api-eu.braintrust.dev [user_email=me@globex.test] [user_org=Globex]'
    world.braintrust.faults.next("query", Status(status, body), times=None)

    world.type()

    answer = world.answer(ADA, "No plan was made.")
    assert advice in answer
    assert "globex" not in (answer + world.log()).lower()
    assert world.slack.workspace.channel_messages(REVIEWS) == []


def test_a_public_channel_is_joined(world: World) -> None:
    plan = world.proposed(channel=GENERAL)

    assert plan.channel == GENERAL
    channel = world.slack.workspace.channel(GENERAL)
    assert channel is not None
    assert "U0BOT" in channel.members


def test_a_private_channel_needs_an_invitation(world: World) -> None:
    world.type(channel=SECRET)

    assert "/invite @assign-reviews" in world.answer(ADA, "/invite")
    assert world.braintrust.requests.count("query") == 0


def test_the_command_works_only_in_the_allowed_channels(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_CHANNELS=REVIEWS)

    refusal = world.type(channel=GENERAL)
    plan = world.proposed(channel=REVIEWS)

    assert refusal == f"The command cannot be used here. Use it in <#{REVIEWS}>."
    assert plan.channel == REVIEWS


def test_reviewers_are_known_by_id_and_by_email_in_any_case_and_strangers_are_named(world: World) -> None:
    first, second = [user for user in world.braintrust.directory.users if user["email"]][:2]

    plan = world.proposed(
        f"reviewers={first['id'].upper()},{second['email'].swapcase()},{first['email']},who@example.com"
    )

    assert "for 2 reviewers" in plan.text
    assert "Left out: `who@example.com` (Braintrust does not know them)" in plan.text


def test_reviewers_are_found_on_every_page_of_users(start_world: StartWorld) -> None:
    world = start_world()
    crowd = [
        {
            "id": f"{number:08d}-0000-4000-8000-000000000000",
            "given_name": "N",
            "family_name": str(number),
            "email": None,
        }
        for number in range(250)
    ]
    world.braintrust.directory.users[:0] = crowd

    plan = world.proposed()

    assert "for 5 reviewers" in plan.text


def test_what_slacks_editors_make_of_a_command_is_understood(world: World) -> None:
    plan = world.proposed("—tag “needs-review” —limit 10 —dry-run")

    assert plan.text.startswith("Dry run: 10 rows for 5 reviewers")
    assert f"Tag `{TAG}`" in plan.text


def test_a_limit_says_how_many_rows_stay(world: World) -> None:
    plan = world.proposed("limit=10")
    world.press(plan, "approve")
    world.report(plan)

    left = world.seeded.open - 10
    assert f"Limited to the newest 10: {left} rows stay unassigned." in plan.text
    assert len(world.newly_assigned()) == 10


def test_a_rate_limit_is_waited_for_and_said(world: World) -> None:
    world.braintrust.faults.next("query", Status(429, headers={"Retry-After": "3"}))

    world.type()

    assert "Waiting for Braintrust's rate limit." in world.answer(ADA, "rate limit")
    assert "The plan is ready" in world.answer(ADA, "The plan is ready")


@pytest.mark.parametrize(("user", "channel"), [(BEN, REVIEWS), (CHLOE, REVIEWS)])
def test_a_mention_is_answered_with_help_in_its_thread(world: World, user: str, channel: str) -> None:
    world.slack.mention(user, channel, "<@U0BOT> hello")

    [mention] = world.slack.workspace.channel_messages(channel)
    [reply] = world.wait(lambda w: w.thread(channel, mention.ts))
    assert "/assign-reviews" in reply.text


def test_a_direct_message_and_an_invitation_are_answered_with_help(world: World) -> None:
    world.slack.direct_message(ADA, "hello?")
    world.slack.invite_bot(GENERAL)

    assert "/assign-reviews" in world.wait(lambda w: [m for m in w.direct_messages(ADA) if m.user == "U0BOT"])[0].text
    assert (
        "/assign-reviews" in world.wait(lambda w: [m for m in w.channel_messages(GENERAL) if m.user == "U0BOT"])[0].text
    )


def test_thirty_commands_at_once_are_acknowledged_while_braintrust_sleeps(world: World) -> None:
    with world.braintrust.faults.hold("query"), ThreadPoolExecutor(30) as people:
        typed = list(people.map(lambda days: world.slack.command(ADA, REVIEWS, f"days={days}"), range(1, 31)))

    [plan] = world.wait(lambda w: [m for m in w.channel_messages(REVIEWS) if "\nTag `" in m.text])
    assert [delivery for delivery in typed if not delivery.acknowledged] == []
    assert plan.text.startswith("Waiting for approval: ")
