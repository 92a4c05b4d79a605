"""The error tree.

BotError                          the message is written for the person in Slack
├── SettingsError                 the environment is incomplete or wrong; lists every problem
├── CommandError                  what was typed cannot be understood
│   └── QueueError                    ... field by field of a queue
├── NotAllowedError               this person may not do this
├── BraintrustError
│   ├── BraintrustUnavailableError    repeating it may help
│   │   ├── RateLimitedError          ... after `retry_after_seconds`
│   │   └── UnreachedError            ... but nothing was reached; `setting` may be wrong
│   └── BraintrustRejectedError       repeating it does not help
│       ├── NoAccessError             ... nor does any other request: `setting` is wrong
│       └── QueryRefusedError             ... but a smaller query may be answered
├── SlackError
│   ├── SlackUnavailableError         repeating it may help
│   └── SlackRejectedError            repeating it does not help; `code` is Slack's word for it
└── StoreError
    ├── StoreUnavailableError         the database does not answer, and certainly nothing was changed
    │   └── OutcomeUnknownError           ... to a COMMIT: it may have been carried out
    ├── StoreUnusableError            the database cannot be used as it is, and waiting does not help
    └── LeaseLostError                another process owns this plan now

WorkInterruptedError              not a failure: a step ends early (cancelled, stopped, shutting down)
"""

from collections.abc import Mapping


class BotError(Exception):
    """Something went wrong; `str(error)` says what happened and what to do, and carries no secret."""


class SettingsError(BotError):
    """The settings cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CommandError(BotError):
    """A command was not understood; the message names the nearest valid form."""


class QueueError(CommandError):
    """A queue cannot be as it is described; `problems` has a sentence for each field that is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{field}: {sentence}" for field, sentence in problems.items()))
        self.problems = problems


class NotAllowedError(BotError):
    """The person may not do this; the message says who may."""


class BraintrustError(BotError):
    """Braintrust did not do what was asked."""


class BraintrustUnavailableError(BraintrustError):
    """Braintrust did not answer properly; repeating the request may help."""


STILL_LIMITED = "Braintrust's rate limit let nothing through for an hour. Try again later."


class RateLimitedError(BraintrustUnavailableError):
    """Braintrust asks to wait; `retry_after_seconds` is None when it does not say how long."""

    def __init__(self, retry_after_seconds: float | None) -> None:
        super().__init__("Braintrust's rate limit is reached. Try again later.")
        self.retry_after_seconds = retry_after_seconds


class UnreachedError(BraintrustUnavailableError):
    """Braintrust was not reached; `setting` names what may be wrong, None where that is this machine."""

    def __init__(self, message: str, *, setting: str | None) -> None:
        super().__init__(message)
        self.setting = setting


class BraintrustRejectedError(BraintrustError):
    """Braintrust refused the request; repeating it changes nothing.  `status` is HTTP's; None without one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NoAccessError(BraintrustRejectedError):
    """Every request would be refused, whatever it asks: `setting` is wrong."""

    def __init__(self, message: str, *, setting: str, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.setting = setting


class QueryRefusedError(BraintrustRejectedError):
    """Braintrust refused a query for what it is or for its size (400, 413); a smaller one may be answered."""


class SlackError(BotError):
    """Slack did not do what was asked."""


class SlackUnavailableError(SlackError):
    """Slack did not answer properly; repeating the call may help, after `retry_after_seconds` where Slack says so."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SlackRejectedError(SlackError):
    """Slack refused the call; `code` is Slack's own word, such as `not_in_channel`."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def is_for_the_operator(self) -> bool:
        """Whether the bot's own token is what Slack refuses: once that is mended, the same call works."""
        return self.code in TOKEN_REFUSALS

    @property
    def is_of_a_scope(self) -> bool:
        """Whether the app was not granted what the call needs."""
        return self.code == "missing_scope"


class StoreError(BotError):
    """The database did not do what was asked."""


class StoreUnavailableError(StoreError):
    """The database does not answer; certainly nothing was changed."""


class OutcomeUnknownError(StoreUnavailableError):
    """The database did not answer a COMMIT; whether anything was changed has to be read again, never guessed."""


class StoreUnusableError(StoreError):
    """The database cannot be used as it is; the message is written for the operator, and says what to mend."""


class LeaseLostError(StoreError):
    """Another process took this plan over; whoever holds the old lease must stop at once."""


class WorkInterruptedError(Exception):
    """A step was asked to end early.  Not a `BotError`: nobody has to be told."""


TOKEN_REFUSALS = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"})
