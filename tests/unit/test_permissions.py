"""Who may approve, end, and ask."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.plan import Origin, Plan, PlanRequest, PlanState
from bot.errors import NotAllowedError, SlackError, SlackRejectedError, SlackUnavailableError
from bot.services.permissions import Permissions, enter
from bot.services.ports.slack import Channel
from bot.settings import PolicySettings
from tests.unit.builders import a_plan, a_request
from tests.unit.fakes import FakeDirectory, FakeSlack

DIRECTORY = FakeDirectory(
    outsiders=frozenset({"U0GUEST"}), groups={"S0TEAM": frozenset({"U0MEMBER"}), "S0OTHER": frozenset()}
)
ANYBODY = PolicySettings()
NAMED = PolicySettings(approvers=frozenset({"U0BOSS", "S0TEAM", "S0OTHER"}))
FOUR_EYES = PolicySettings(four_eyes=True)
NAMED_FOUR_EYES = PolicySettings(four_eyes=True, approvers=frozenset({"U0ASK", "U0BOSS"}))


def permissions(policy: PolicySettings) -> Permissions:
    return Permissions(policy, DIRECTORY)


@pytest.mark.parametrize(
    ("policy", "user", "may"),
    [
        (ANYBODY, "U0ASK", True),
        (ANYBODY, "U0ELSE", True),
        (ANYBODY, "U0GUEST", False),
        (NAMED, "U0BOSS", True),
        (NAMED, "U0MEMBER", True),
        (NAMED, "U0ELSE", False),
        (NAMED, "U0ASK", False),
        (NAMED, "S0TEAM", True),
        (FOUR_EYES, "U0ASK", False),
        (FOUR_EYES, "U0ELSE", True),
        (FOUR_EYES, "U0GUEST", False),
        (NAMED_FOUR_EYES, "U0ASK", False),
        (NAMED_FOUR_EYES, "U0BOSS", True),
        (NAMED_FOUR_EYES, "U0ELSE", False),
    ],
)
def test_who_may_approve(policy: PolicySettings, user: str, may: bool) -> None:
    refusal = permissions(policy).to_approve(a_plan(), user)

    assert (refusal is None) == may


@pytest.mark.parametrize(
    ("policy", "user", "may"),
    [
        (ANYBODY, "U0ASK", True),
        (ANYBODY, "U0ELSE", True),
        (ANYBODY, "U0GUEST", False),
        (NAMED, "U0ASK", True),
        (NAMED, "U0BOSS", True),
        (NAMED, "U0MEMBER", True),
        (NAMED, "U0ELSE", False),
        (NAMED_FOUR_EYES, "U0ASK", True),
    ],
)
def test_who_may_cancel_and_stop(policy: PolicySettings, user: str, may: bool) -> None:
    refusal = permissions(policy).to_end(a_plan(), user)

    assert (refusal is None) == may


@pytest.mark.parametrize(
    ("policy", "user", "may"),
    [
        (ANYBODY, "U0ASK", True),
        (ANYBODY, "U0DID", True),
        (ANYBODY, "U0ELSE", False),
        (ANYBODY, "U0GUEST", False),
        (NAMED, "U0ASK", True),
        (NAMED, "U0DID", True),
        (NAMED, "U0BOSS", True),
        (NAMED, "U0MEMBER", True),
        (NAMED, "U0ELSE", False),
        (FOUR_EYES, "U0ASK", True),
        (NAMED_FOUR_EYES, "U0ELSE", False),
    ],
)
def test_who_may_take_back(policy: PolicySettings, user: str, may: bool) -> None:
    """Without APPROVERS, everybody may approve, but not everybody may take work away again."""
    refusal = permissions(policy).to_undo(a_plan(PlanState.DONE, decided_by="U0DID"), user)

    assert (refusal is None) == may


def test_a_plan_that_nobody_asked_for_can_be_taken_back_by_who_approved_it() -> None:
    plan = a_plan(PlanState.DONE, request=a_request(requested_by=None), decided_by="U0DID")

    refusals = [permissions(ANYBODY).to_undo(plan, user) for user in ("U0DID", "U0ELSE")]

    assert refusals == [None, "Only <@U0DID> may have it taken back."]


@pytest.mark.parametrize(
    ("policy", "decided_by", "sentence"),
    [
        (ANYBODY, "U0DID", "Only <@U0ASK>, <@U0DID> may have it taken back."),
        (
            NAMED,
            "U0DID",
            "Only <!subteam^S0OTHER>, <!subteam^S0TEAM>, <@U0ASK>, <@U0BOSS>, <@U0DID> may have it taken back.",
        ),
        (ANYBODY, "terminal", "Only <@U0ASK> may have it taken back."),
    ],
)
def test_who_may_not_take_back_is_told_who_may(policy: PolicySettings, decided_by: str, sentence: str) -> None:
    plan = a_plan(PlanState.DONE, decided_by=decided_by)

    assert permissions(policy).to_undo(plan, "U0ELSE") == sentence


@pytest.mark.parametrize("policy", [FOUR_EYES, NAMED_FOUR_EYES])
def test_four_eyes_leave_the_asker_out_of_those_who_may_approve(policy: PolicySettings) -> None:
    rules = permissions(policy)

    refusals = [rules.to_approve(a_plan(), "U0GUEST"), rules.to_end(a_plan(), "U0GUEST")]

    assert all(str(one).endswith(" <@U0ASK> asked for it, and so may not.") for one in refusals)
    assert "<@U0ASK> asked" not in str(rules.to_approve(a_plan(), "U0ASK"))


def test_four_eyes_does_not_hold_up_a_plan_by_schedule() -> None:
    plan = a_plan(request=a_request(requested_by=None))

    assert permissions(FOUR_EYES).to_approve(plan, "U0ELSE") is None


@pytest.mark.parametrize(
    ("policy", "plan", "user", "sentence"),
    [
        (
            NAMED,
            a_plan(),
            "U0ELSE",
            "Approvers are <!subteam^S0OTHER>, <!subteam^S0TEAM>, <@U0BOSS>.",
        ),
        (
            ANYBODY,
            a_plan(),
            "U0GUEST",
            "Guests and people from other organisations cannot approve; everybody else in the channel can.",
        ),
        (
            NAMED_FOUR_EYES,
            a_plan(),
            "U0ASK",
            "You asked for it, so somebody else has to approve it. Approvers are <@U0ASK>, <@U0BOSS>.",
        ),
    ],
)
def test_a_refused_approval_says_who_may(policy: PolicySettings, plan: Plan, user: str, sentence: str) -> None:
    assert permissions(policy).to_approve(plan, user) == sentence


@pytest.mark.parametrize(
    ("requested_by", "beginning"),
    [("U0ASK", "<@U0ASK> or an approver may end it. "), (None, "An approver may end it. ")],
)
def test_a_refused_end_says_who_may(requested_by: str | None, beginning: str) -> None:
    plan = a_plan(request=a_request(requested_by=requested_by))

    refusal = permissions(NAMED).to_end(plan, "U0ELSE")

    assert refusal == beginning + "Approvers are <!subteam^S0OTHER>, <!subteam^S0TEAM>, <@U0BOSS>."


SCOPE = "The Slack app lacks the scope `usergroups:read`."
LACKS_SCOPE = SlackRejectedError(SCOPE, code="missing_scope")
SLOW = SlackUnavailableError("Slack does not answer. Try again later.")
IN_A_MINUTE = "Slack does not say just now whether you may do this. Nothing was changed: press again in a minute."
NOT_KNOWN = f"The bot cannot find out whether you may do this. Nothing was changed. {SCOPE}"
RULES: dict[str, Any] = {
    "approve": Permissions.to_approve,
    "end": Permissions.to_end,
    "undo": Permissions.to_undo,
}


def not_told(policy: PolicySettings, **unknown: SlackError) -> Permissions:
    directory = FakeDirectory(groups={"S0TEAM": frozenset({"U0MEMBER"})}, unknown=unknown)
    return Permissions(policy, directory)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(("error", "sentence"), [(LACKS_SCOPE, NOT_KNOWN), (SLOW, IN_A_MINUTE)])
def test_an_unanswered_question_is_neither_yes_nor_no(rule: Any, error: SlackError, sentence: str) -> None:
    """The person learns what is to be mended, not that they are a guest or no approver."""
    assert rule(not_told(NAMED, S0OTHER=error), a_plan(PlanState.DONE), "U0ELSE") == sentence


@pytest.mark.parametrize("rule", [Permissions.to_approve, Permissions.to_end])
@pytest.mark.parametrize(("error", "sentence"), [(LACKS_SCOPE, NOT_KNOWN), (SLOW, IN_A_MINUTE)])
def test_a_person_slack_cannot_look_up_is_not_called_a_guest(rule: Any, error: SlackError, sentence: str) -> None:
    assert rule(not_told(ANYBODY, U0ELSE=error), a_plan(), "U0ELSE") == sentence


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("user", ["U0BOSS", "U0MEMBER"])
def test_one_known_yes_is_enough(rule: Any, user: str) -> None:
    """Whatever another group would say."""
    rules = not_told(NAMED, S0OTHER=LACKS_SCOPE, **{user: SLOW})

    assert rule(rules, a_plan(PlanState.DONE), user) is None


@pytest.mark.parametrize("error", [LACKS_SCOPE, SLOW])
def test_the_operator_finds_the_unanswered_question_in_the_log(
    caplog: pytest.LogCaptureFixture, error: SlackError
) -> None:
    not_told(ANYBODY, U0ELSE=error).to_approve(a_plan(), "U0ELSE")

    [record] = caplog.records
    assert record.levelname == ("ERROR" if error is LACKS_SCOPE else "WARNING")
    assert SCOPE in str(record.__dict__) or error is SLOW


def test_a_request_waits_while_slack_is_away() -> None:
    with pytest.raises(SlackUnavailableError):
        not_told(ANYBODY, U0ELSE=SLOW).require_requester(asked_by("U0ELSE"))


def test_a_requester_slack_refuses_to_look_up_reads_what_to_mend() -> None:
    with pytest.raises(NotAllowedError, match="cannot find out whether you may ask for a plan"):
        not_told(ANYBODY, U0ELSE=LACKS_SCOPE).require_requester(asked_by("U0ELSE"))


def test_an_approver_may_ask_even_if_slack_cannot_look_them_up() -> None:
    not_told(NAMED, U0BOSS=LACKS_SCOPE, S0OTHER=SLOW).require_requester(asked_by("U0BOSS"))
    not_told(NAMED, U0MEMBER=LACKS_SCOPE, S0OTHER=SLOW).require_requester(asked_by("U0MEMBER"))


def asked_by(user: str) -> Plan:
    return a_plan(PlanState.READING, request=a_request(requested_by=user))


DIRECT = a_request(channel="D0ASK")


@pytest.mark.parametrize(
    ("policy", "request_", "may"),
    [
        (ANYBODY, DIRECT, True),
        (FOUR_EYES, DIRECT, False),
        (FOUR_EYES, a_request(), True),
        (FOUR_EYES, replace(DIRECT, dry_run=True), True),
        (FOUR_EYES, replace(DIRECT, requested_by=None), True),
        (NAMED, DIRECT, False),
        (NAMED, replace(DIRECT, requested_by="U0BOSS"), True),
        (NAMED, replace(DIRECT, requested_by="U0MEMBER"), True),
        (NAMED_FOUR_EYES, replace(DIRECT, requested_by="U0BOSS"), False),
    ],
)
def test_a_plan_that_nobody_who_sees_it_may_approve_is_refused(
    policy: PolicySettings, request_: PlanRequest, may: bool
) -> None:
    refused = pytest.raises(NotAllowedError, match=r"Only you see what is posted here.*Ask in a channel")

    with nullcontext() if may else refused:
        permissions(policy).require_decidable(a_plan(PlanState.READING, request=request_))


@pytest.mark.parametrize("allowed", [frozenset[str](), frozenset({"C0REV", "C0TWO"})])
def test_the_command_works_where_it_is_allowed(allowed: frozenset[str]) -> None:
    rules = permissions(PolicySettings(allowed_channels=allowed))

    assert rules.require_channel("C0REV") is None  # type: ignore[func-returns-value]  # it raises, or says nothing


def test_elsewhere_the_command_says_where_it_works() -> None:
    rules = permissions(PolicySettings(allowed_channels=frozenset({"C0TWO", "C0REV"})))

    with pytest.raises(NotAllowedError, match=r"Use it in <#C0REV>, <#C0TWO>\."):
        rules.require_channel("C0ELSE")


@pytest.mark.parametrize(
    ("policy", "user", "may"),
    [
        (ANYBODY, "U0ASK", True),
        (ANYBODY, "U0GUEST", False),
        (NAMED, "U0ELSE", True),
        (NAMED, "U0GUEST", False),
        (FOUR_EYES, "U0ASK", True),
        (PolicySettings(approvers=frozenset({"U0GUEST"})), "U0GUEST", True),
        (PolicySettings(approvers=frozenset({"S0GUESTS"})), "U0GUEST", True),
        (PolicySettings(requesters=frozenset({"U0ASK"})), "U0ASK", True),
        (PolicySettings(requesters=frozenset({"U0ASK"})), "U0ELSE", False),
        (PolicySettings(requesters=frozenset({"S0GUESTS"})), "U0GUEST", True),
        (PolicySettings(requesters=frozenset({"U0ASK"}), approvers=frozenset({"U0ELSE"})), "U0ELSE", False),
    ],
)
def test_who_may_ask_for_a_plan(policy: PolicySettings, user: str, may: bool) -> None:
    rules = Permissions(policy, FakeDirectory(frozenset({"U0GUEST"}), {"S0GUESTS": frozenset({"U0GUEST"})}))

    with (
        nullcontext() if may else pytest.raises(NotAllowedError, match=r"name you in APPROVERS\.|Let one of them ask\.")
    ):
        rules.require_requester(asked_by(user))


def test_the_approvers_of_a_queue_decide_about_its_plans() -> None:
    rules = permissions(NAMED)
    plan = a_plan(request=a_request(approvers=frozenset({"U0QUEUE"})))

    assert rules.to_approve(plan, "U0QUEUE") is None
    assert rules.to_approve(plan, "U0BOSS") == "Approvers are <@U0QUEUE>."


@pytest.mark.parametrize(
    ("policy", "user", "may"),
    [
        (ANYBODY, "U0ADMIN", True),
        (ANYBODY, "U0ASK", False),
        (PolicySettings(admins=frozenset({"U0ASK"})), "U0ASK", True),
        (PolicySettings(admins=frozenset({"S0ADMINS"})), "U0ASK", True),
        (PolicySettings(admins=frozenset({"U0ASK"})), "U0ADMIN", False),
    ],
)
def test_who_may_change_queues(policy: PolicySettings, user: str, may: bool) -> None:
    directory = FakeDirectory(groups={"S0ADMINS": frozenset({"U0ASK"})}, admins=frozenset({"U0ADMIN"}))

    with nullcontext() if may else pytest.raises(NotAllowedError, match=r"^Only .* may change queues"):
        Permissions(policy, directory).require_admin(user)


def test_while_slack_says_nothing_no_queue_is_changed() -> None:
    with pytest.raises(SlackUnavailableError):
        not_told(ANYBODY, U0ELSE=SLOW).require_admin("U0ELSE")


@pytest.mark.parametrize(
    ("allowed", "is_shared", "may"),
    [
        (frozenset[str](), False, True),
        (frozenset[str](), True, False),
        (frozenset({"C0REV"}), True, True),
        (frozenset({"C0TWO"}), True, False),
    ],
)
def test_a_shared_channel_has_to_be_named(allowed: frozenset[str], is_shared: bool, may: bool) -> None:
    rules = permissions(PolicySettings(allowed_channels=allowed))
    channel = Channel("C0REV", is_entered=True, is_private=False, is_shared=is_shared)

    with nullcontext() if may else pytest.raises(NotAllowedError, match="name `C0REV` in ALLOWED_CHANNELS"):
        rules.require_unshared(channel)


@pytest.mark.parametrize(
    ("home", "user", "channel", "words"),
    [
        ("C0REV", "U0STRANGER", "C0REV", None),  # who sees a public channel need not be in it
        ("C0REV", "U0MEMBER", "C0ELSEWHERE", None),
        ("C0REV", "U0MEMBER", "D0MEMBER", None),  # a private answer that came as a direct message
        ("C0REV", "U0MEMBER", None, None),
        ("C0REV", "U0STRANGER", "C0ELSEWHERE", "It belongs to <#C0REV>, and you are not in that channel."),
        ("C0REV", "U0STRANGER", None, "you are not in that channel"),
        ("D0ASK", "U0ASK", "D0ASK", None),
        ("D0ASK", "U0ASK", "D0BOT", None),
        ("D0ASK", "U0MEMBER", "C0REV", "It does not belong to this conversation"),
        (None, "U0MEMBER", "C0REV", "It does not belong to this conversation"),  # one of the terminal
        ("C0REV", "U0UNKNOWN", "C0ELSEWHERE", "Slack does not say just now"),
    ],
)
def test_a_press_elsewhere_counts_only_from_who_is_in_the_plans_channel(
    home: str | None, user: str, channel: str | None, words: str | None
) -> None:
    directory = FakeDirectory(
        members={"C0REV": frozenset({"U0MEMBER"})}, unknown={"U0UNKNOWN": SlackUnavailableError("away")}
    )

    told = Permissions(ANYBODY, directory).to_reach(a_plan(request=a_request(channel=home)), user, channel=channel)

    assert (told is None) if words is None else (told is not None and words in told)


def test_who_asks_in_direct_messages_is_not_told_of_others_in_a_channel() -> None:
    told = permissions(FOUR_EYES).to_approve(a_plan(request=a_request(channel="D0ASK")), "U0ASK")

    assert told == (
        "You asked for it, so somebody else has to approve it. Nobody else sees it here, so ask for it in a channel."
    )


SHARED = "C0SHARED"


BY_SCHEDULE: dict[str, Any] = {"origin": Origin.SCHEDULE, "requested_by": None}


class World:
    """The service with everything it talks to."""

    def __init__(self, *, allowed: frozenset[str] = frozenset(), slack_is_away: bool = False) -> None:
        self.slack = FakeSlack(shared={SHARED}, is_away=slack_is_away)
        self.directory = FakeDirectory(outsiders=frozenset({"U0GUEST"}))
        self.chosen: str | None = None
        self._permissions = Permissions(PolicySettings(allowed_channels=allowed), self.directory)

    def enter(self, **request: Any) -> None:
        plan = a_plan(PlanState.READING, request=a_request(**request))
        enter(plan, slack=self.slack, permissions=self._permissions, chosen=self.chosen)


def test_the_bot_joins_the_channel_where_a_plan_was_asked_for() -> None:
    world = World()

    world.enter(channel="C0REV")

    assert world.slack.joined == ["C0REV"]


def test_a_shared_channel_is_refused_before_it_is_joined() -> None:
    world = World()

    with pytest.raises(NotAllowedError, match="shared with another organisation"):
        world.enter(channel=SHARED)

    assert world.slack.joined == []


def test_a_shared_channel_that_the_operator_allows_is_joined() -> None:
    world = World(allowed=frozenset({SHARED}))

    world.enter(channel=SHARED)

    assert world.slack.joined == [SHARED]


def test_a_scheduled_plan_goes_where_the_operator_wants_it() -> None:
    world = World()
    world.chosen = SHARED

    world.enter(channel=SHARED, **BY_SCHEDULE)

    assert world.slack.joined == [SHARED]


def test_a_scheduled_plan_does_not_go_to_a_channel_that_is_shared_since() -> None:
    world = World()

    with pytest.raises(NotAllowedError, match="shared with another organisation"):
        world.enter(channel=SHARED, **BY_SCHEDULE)


def test_an_outsider_is_refused_before_the_channel_is_looked_at() -> None:
    world = World(slack_is_away=True)

    with pytest.raises(NotAllowedError, match="cannot ask for a plan"):
        world.enter(requested_by="U0GUEST")


@pytest.mark.parametrize("request_", [{}, BY_SCHEDULE], ids=["command", "schedule"])
def test_a_channel_that_slack_does_not_tell_about_is_not_entered(request_: dict[str, Any]) -> None:
    """It may be shared with another organisation, whose people would read the plan."""
    world = World(slack_is_away=True)

    with pytest.raises(SlackUnavailableError):
        world.enter(channel="C0REV", **request_)

    assert world.slack.joined == []


def test_a_requester_that_slack_does_not_tell_about_is_not_let_in() -> None:
    world = World()
    world.directory.is_away = True

    with pytest.raises(SlackUnavailableError):
        world.enter()

    assert world.slack.joined == []
