"""What people typed or others wrote, fit to stand in a sentence of ours: between backticks, on any surface."""

from bot.domain.unseen import readable

MAX_SHOWN = 60
_BACKTICK = "\u02cb"  # looks like one, and does not end what stands between two of them


def quoted(text: str) -> str:
    """What somebody else wrote, set apart."""
    return f"`{shown(text)}`"


def shown(typed: str, *, length: int = MAX_SHOWN) -> str:
    """What a person typed, short enough to be repeated to them, and such that it stays between backticks.

    It is plain text: Slack's own signs are escaped where a sentence is shown in Slack.
    """
    text = readable(typed.replace("`", _BACKTICK))
    return text if len(text) <= length else text[: length - 1] + "…"
