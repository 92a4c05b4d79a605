"""Text that people typed or others wrote, made fit to be read, repeated and logged.

Pasting brings characters that cannot be seen: spaces that do not break a line or have no width, marks of direction,
soft hyphens.  In what people type they are taken for what they look like, elsewhere they are shown.
"""

import json
import re
import unicodedata

# What looks like a space: Unicode's own, and letters that are drawn as nothing but take room.
_BLANK = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u2800\u3164\uffa0]")
_HYPHENS = re.compile("[\u2010\u2011]")  # one of them breaks no line; both look like the plain one
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt) and the marks of annotations.
_NO_WIDTH = re.compile(
    "[\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Those of them that change how their neighbours are drawn: joiners, variations, the letters of some flags.
_JOINER = re.compile("[\u200c\u200d]")
_VARIATION = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FLAG_LETTER = re.compile("[\U000e0020-\U000e007f]")
_FLAG = "\U0001f3f4"
_KEYCAP = "\u20e3"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode categories: controls, formats, surrogates, line breaks
_UNSHAPED = frozenset({"Ll", "Lu", "Lt", "Nd", "Zs", "Pi", "Pf", "Ps", "Pe"}) | _UNSEEN
MAX_SHOWN = 60
_BACKTICK = "\u02cb"  # looks like one, and does not end what stands between two of them


def as_seen(text: str) -> str:
    """`text` as it looks: other spaces are spaces, other hyphens hyphens, and what has no width is not there.

    What shapes its neighbours stays: in emoji that are joined, and in scripts that need it.  So do controls and line
    breaks, which nobody can take for anything; they are for `readable`.
    """
    if text.isascii():
        return text.replace("\t", " ")
    text = _HYPHENS.sub("-", _BLANK.sub(" ", text))
    kept = ""
    for one, after in zip(text, [*text[1:], ""], strict=True):
        if not _NO_WIDTH.match(one) or _shapes(one, kept[-1:], after):
            kept += one
    return kept


def readable(text: str) -> str:
    r"""`text` for people: what cannot be seen is shown as in JSON (`\u202e`), unless it shapes its neighbours."""
    if text.isascii() and text.isprintable():
        return text
    shown, text = "", _BLANK.sub(" ", text)
    for one, after in zip(text, [*text[1:], ""], strict=True):
        hidden = unicodedata.category(one) in _UNSEEN or _NO_WIDTH.match(one)
        shown += _escaped(one) if hidden and not _shapes(one, shown[-1:], after) else one
    return shown


def visible(text: str) -> str:
    r"""`text` for machines and logs, on one line: all that is not plainly printable is shown as in JSON: `\n`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one.isprintable() and not _NO_WIDTH.match(one) else _escaped(one) for one in text)


def quoted(text: str) -> str:
    """What somebody else wrote, set apart."""
    return f"`{shown(text)}`"


def shown(typed: str, *, length: int = MAX_SHOWN) -> str:
    """What a person typed, short enough to be repeated to them, and such that it stays between backticks.

    It is plain text: Slack's own signs are escaped where a sentence is shown in Slack.
    """
    text = readable(typed.replace("`", _BACKTICK))
    return text if len(text) <= length else text[: length - 1] + "…"


def _shapes(one: str, before: str, after: str) -> bool:
    """Whether a character that has no width changes how those around it are drawn."""
    if after == _KEYCAP and before and before in "0123456789#*":
        return _VARIATION.match(one) is not None
    if _FLAG_LETTER.match(one):
        return before == _FLAG or _FLAG_LETTER.match(before) is not None
    if _VARIATION.match(one):
        return _is_shaped(before)
    varied = _VARIATION.match(before) is not None
    return _JOINER.match(one) is not None and (_is_shaped(before) or varied) and _is_shaped(after)


def _is_shaped(one: str) -> bool:
    """Whether a character's look depends on such neighbours: symbols and letters without case, not Latin ones."""
    if not one or one.isascii() or _NO_WIDTH.match(one):
        return False
    return unicodedata.category(one) not in _UNSHAPED


def _escaped(one: str) -> str:
    return json.dumps(one)[1:-1]
