"""Text as Slack sends it.  What Slack and its editors made of what was typed is undone.

https://docs.slack.dev/interactivity/implementing-slash-commands: people, channels and links come in angle brackets;
`&`, `<` and `>` as entities; emoji by name.  Keyboards bend quotes, and make a long dash of two short ones.
"""

import re

import emoji

from bot.domain.plain_text import as_seen

DASHES = "-\u2012\u2013\u2014\u2212"
EQUALS = "=\uff1d"
DOUBLE_QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb'

_CLOSED_BY = {
    '"': '"',
    "\u201c": "\u201c\u201d",  # English
    "\u201d": "\u201d",  # Swedish
    "\u201e": "\u201c\u201d",  # German, Polish
    "\u00ab": "\u00bb",  # French
    "\u00bb": "\u00ab\u00bb",  # Danish, Swedish
    "'": "'",
    "\u2018": "\u2018\u2019",
    "\u2019": "\u2019",
    "\u201a": "\u2018\u2019",
    "`": "`",
}
_SINGLE_QUOTES = "'\u2018\u2019\u201a"
_MARKUP = r"<(?:[@#!]|[A-Za-z]+:)[^<>]*>"
_APOSTROPHE = r"(?<=\w)['\u2019](?=\w)"  # closes nothing
_UNDONE = re.compile(rf"(?P<markup>{_MARKUP})|&(?P<entity>amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_EMOJI = re.compile(r"(?<!\w):(?P<name>[a-z0-9_+'-]+):(?:(?P<tone>:skin-tone-[2-6]:))?(?!\w)")
_FLAG = re.compile(r"flag-([a-z])([a-z])")
# Slack's names that the library has otherwise, or for something else.
_OTHER_NAMES = {
    "beetle": "\U0001fab2",
    "egg": "\U0001f95a",
    "eject": "\u23cf\ufe0f",
    "email": "\u2709\ufe0f",
    "ladybug": "\U0001f41e",
    "lightning": "\U0001f329\ufe0f",
    "medal": "\U0001f396\ufe0f",
    "octagonal_sign": "\U0001f6d1",
    "satellite": "\U0001f6f0\ufe0f",
    "snowman": "\u2603\ufe0f",
    "umbrella": "\u2602\ufe0f",
}


def words(text: str) -> list[str]:
    """The words of a command, raw; one may hold spaces: in quotes, or in the name behind the `|` of a person."""
    found = _WORD.findall(as_seen(text))
    if len(found) == 1 and found[0].startswith("`"):  # the whole command, set as code
        return words(unquoted(found[0]) or "")
    return found


def undone(raw: str, *, people: bool = False) -> str:
    """`raw` as it was typed; with `people`, who was picked from Slack's list stays as `<@ID>`."""
    text = _UNDONE.sub(lambda found: _typed(found, people=people), raw)
    return _EMOJI.sub(lambda found: _emoji(found["name"], found["tone"]) or found[0], text)


def unquoted(raw: str) -> str | None:
    """`raw` without the quotes around it, still raw; None when it has an opening quote and no closing one."""
    if raw[:1] not in _CLOSED_BY:
        return raw
    return raw[1:-1] if _QUOTED.fullmatch(raw) else None


def _typed(found: re.Match[str], *, people: bool) -> str:
    if found["entity"]:
        return _ENTITIES[found["entity"]]
    address, _, name = found["markup"][1:-1].partition("|")
    name = undone(name)
    if people and address.startswith(("@", "!subteam^")):
        return f"<{address}>"
    if address.startswith("!"):
        return name or f"@{address[1:]}"
    if address.startswith(("@", "#")):
        return address[0] + (name or address[1:]).lstrip(address[0])
    return name or undone(address.removeprefix("mailto:").removeprefix("tel:"))


def _emoji(name: str, tone: str | None) -> str | None:
    """The emoji that Slack knows by a name; None for a workspace's own one."""
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    if flag := _FLAG.fullmatch(name):
        return "".join(chr(ord("\U0001f1e6") + ord(letter) - ord("a")) for letter in flag.groups())
    written = name.removeprefix("large_").replace("-", "_")
    gendered = re.sub(r"^(fe)?male_", lambda found: "woman_" if found[1] else "man_", written)
    tries = (emoji.emojize(f":{one}:", language="alias") for one in (name, written, gendered))
    known = next((one for one in tries if not one.startswith(":")), None)
    return known + chr(ord("\U0001f3fb") + int(tone[-2]) - 2) if known and tone else known


def _quoted(opening: str, inside: str, closing: str) -> str:
    return rf"{opening}(?>{_MARKUP}|{_APOSTROPHE}|[^{inside}])*[{closing}](?=\s|$)"


def _any_quoted() -> str:
    """Between quotes that belong together; else between any two of a kind."""
    strict = [_quoted(opening, closing, closing) for opening, closing in _CLOSED_BY.items()]
    mixed = [_quoted(f"[{kind}]", kind, kind) for kind in (DOUBLE_QUOTES, _SINGLE_QUOTES)]
    return "|".join([*strict, *mixed])


_QUOTED = re.compile(_any_quoted())
_WORD = re.compile(rf"(?:[^\s<{EQUALS}{''.join(_CLOSED_BY)}]+[{EQUALS}])?(?:{_any_quoted()})|(?>{_MARKUP}|\S)+")
