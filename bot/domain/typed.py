"""What people typed, fit to be repeated to them."""

import html

from bot.domain.unseen import readable

MAX_SHOWN = 60
_BACKTICK = "\u02cb"  # looks like one, and does not end what stands between two of them


def shown(typed: str, *, length: int = MAX_SHOWN) -> str:
    """What a person typed, short and harmless enough to be repeated to them between backticks."""
    text = readable(typed.replace("`", _BACKTICK))
    return html.escape(text if len(text) <= length else text[: length - 1] + "…", quote=False)
