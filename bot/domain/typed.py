"""What people typed, fit to be repeated to them."""

import html

MAX_SHOWN = 60


def shown(typed: str) -> str:
    """What a person typed, short and harmless enough to be repeated to them between backticks."""
    text = "".join(character for character in typed if character.isprintable() and character != "`")
    return html.escape(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…", quote=False)
