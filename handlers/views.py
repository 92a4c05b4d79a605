"""Forms: opened by commands and buttons, and what becomes of those that are submitted."""

from typing import Any

from slack_bolt import Ack, App

from bot.messages.buttons import EDIT_QUEUE, NEW_QUEUE
from bot.messages.queue_form import QUEUE_FORM, beside_fields, submitted
from bot.services.queue_forms import QueueForms
from handlers.payloads import reply_to


def register(app: App) -> None:
    """Listen to what opens forms, and to the forms."""
    app.action(NEW_QUEUE)(open_new)
    app.action(EDIT_QUEUE)(open_edit)
    app.view(QUEUE_FORM)(save_queue)


def open_new(ack: Ack, body: dict[str, Any], queue_forms: QueueForms) -> None:
    """Open the form of a new queue."""
    ack()
    queue_forms.open(str(body["trigger_id"]), str(body["user"]["id"]), name=None, to=reply_to(body))


def open_edit(ack: Ack, body: dict[str, Any], queue_forms: QueueForms) -> None:
    """Open the form of the queue whose button was pressed."""
    ack()
    name = str(body["actions"][0].get("value"))
    queue_forms.open(str(body["trigger_id"]), str(body["user"]["id"]), name=name, to=reply_to(body))


def save_queue(ack: Ack, body: dict[str, Any], view: dict[str, Any], queue_forms: QueueForms) -> None:
    """Save the queue, or say beside each field what is wrong."""
    done = queue_forms.submit(str(view["id"]), str(body["user"]["id"]), submitted(view))
    if done.problems:
        ack(response_action="errors", errors=beside_fields(done.problems))
    else:
        ack(response_action="update", view=done.view)
    done.go_on()
