"""The direct message to a reviewer: how many rows, where they are, and how to be told no more."""

from collections.abc import Sequence

from bot.domain.notice import NoticeCount
from bot.domain.options import COMMAND, DEFAULT_QUEUE
from bot.domain.plan import Origin, Plan
from bot.messages.blocks import Message, composed
from bot.messages.text import code, counted, link, mention, number

MAX_ROW_LINKS = 5
MAX_URL_LENGTH = 500  # five of them fit a section


def notice_message(plan: Plan, count: NoticeCount, *, review_url: str, row_urls: Sequence[str]) -> Message:
    """What one reviewer has to do, or has no more, because of a plan."""
    where = [f"Open {link(review_url, 'Review in Braintrust')} and choose Assigned to me.", *_rows(row_urls)]
    paragraphs = [_headline(plan, count), *(["\n".join(where)] if count.left else [])]
    return composed(paragraphs, f"plan `{plan.id}` · `{COMMAND} mute` ends these messages")


def _headline(plan: Plan, count: NoticeCount) -> str:
    request = plan.request
    tag = code(request.tag) + (f" (queue `{request.queue}`)" if request.queue != DEFAULT_QUEUE else "")
    if not count.rows:
        return f"No row to review in {tag} is yours because of this plan any more."
    if not count.taken_back:
        return f"You have {counted(count.rows, 'row')} to review in {tag}.{_approval(plan)}"
    some = "all" if count.taken_back == count.rows else number(count.taken_back)
    rows = f"{some} of your {counted(count.rows, 'row')}" if count.rows > 1 else "your row"
    return f"Taken back: {rows} to review in {tag}."


def _approval(plan: Plan) -> str:
    is_person = plan.decided_by is not None and plan.request.origin is not Origin.TERMINAL
    return f" Approved by {mention(plan.decided_by)}." if is_person and plan.decided_by else ""


def _rows(urls: Sequence[str]) -> list[str]:
    written = [url.replace("&", "&amp;") for url in urls]  # Slack would read an `&` as the beginning of an entity
    shown = [url for url in written if len(url) <= MAX_URL_LENGTH][:MAX_ROW_LINKS]
    numbers = ", ".join(link(url, f"row {place}") for place, url in enumerate(shown, 1))
    return [f"To begin with: {numbers}"] if shown else []
