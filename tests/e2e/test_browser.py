"""The demo's page in a real browser: ask, approve, read the report, and compare it with what Braintrust has."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from sandbox.demo_world import World, world
from sandbox.page.server import PageServer
from sandbox.slack.records import View

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LARGE, SMALL = {"width": 1440, "height": 900}, {"width": 1120, "height": 800}
NARROW = {"width": 390, "height": 844}
PATIENCE_MS = 30_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.xdist_group("browser"),  # it is started once
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser; each test has a window of its own, which knows nothing of the others."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page of a demo of its own."""
    with running_demo() as address, opened(browser, address) as page:
        yield page


@pytest.fixture(scope="module")
def shared_address() -> Iterator[str]:
    """A demo for tests that assign nothing."""
    with running_demo() as address:
        yield address


@pytest.fixture
def shared_page(browser: Browser, shared_address: str) -> Iterator[Page]:
    with opened(browser, shared_address) as page:
        yield page


@contextmanager
def running_demo() -> Iterator[str]:
    """The page's address, while the demo runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as demo:
        try:
            assert demo.stdout is not None
            line = demo.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + demo.stdout.read()
            yield found[0]
        finally:
            demo.terminate()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The page in a window; whatever it complains of in its console fails the test."""
    complaints: list[str] = []
    page = browser.new_page(viewport=LARGE, timezone_id="Europe/Berlin")  # type: ignore[arg-type]  # a literal
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(address)
    expect(page.get_by_label("Rows per reviewer")).to_contain_text("Ada Okafor")
    yield page
    page.close()
    assert complaints == []


def test_a_person_approves_a_plan_and_the_numbers_agree(page: Page) -> None:
    """From the command to the report, and the report against the stored rows."""
    before = rows_of(page)
    shoot(page, "start")

    switch(page, "Slow").click()
    say(page, "/assign-reviews")
    expect(channel(page)).to_contain_text(re.compile(r"Reading rows tagged needs-review.+Page 1"))
    shoot(page, "reading")
    switch(page, "Slow").click()
    expect(
        channel(page).get_by_role("heading", name="Waiting for approval: 2,163 rows for 6 reviewers")
    ).to_be_visible()
    shoot(page, "plan")

    channel(page).get_by_role("button", name="Approve").click()
    question = page.get_by_role("dialog", name="Assign 2,163 rows to 6 reviewers?")
    expect(question).to_be_visible()
    shoot(page, "confirm")
    question.get_by_role("button", name="Assign", exact=True).click()
    channel(page).get_by_role("button", name=re.compile("repl")).click()
    expect(thread(page)).to_contain_text("Done. Assigned 2,163 rows across 6 reviewers.")
    expect(thread(page).get_by_role("link", name="Download")).to_be_visible()

    expect(page.locator("#unassigned")).to_have_text("0")
    after = rows_of(page)
    assert reported(page) == {name: after[name] - before[name] for name in after}
    assert sum(reported(page).values()) == 2163
    expect(channel(page).get_by_role("button", name="Approve")).to_have_count(0)
    shoot(page, "report")


def test_a_guest_asks_in_vain_for_what_only_members_may(shared_page: Page) -> None:
    before = rows_of(shared_page)
    say(shared_page, "/assign-reviews limit=30")
    approve = channel(shared_page).get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    shared_page.get_by_label("Acting as").select_option(label="Gus Guest (guest)")
    say(shared_page, "/assign-reviews limit=20")
    expect(channel(shared_page)).to_contain_text("Guests and people from other organisations cannot ask for a plan")

    approve.click()
    shared_page.get_by_role("dialog").get_by_role("button", name="Assign", exact=True).click()

    expect(channel(shared_page)).to_contain_text("Guests and people from other organisations cannot approve")
    assert rows_of(shared_page) == before
    shoot(shared_page, "guest")


def test_a_stranger_sees_the_shared_channel_alone_and_nobody_gets_a_plan_there(shared_page: Page) -> None:
    shared_page.get_by_label("Acting as").select_option(label="Xenia Extern (another organisation)")
    expect(shared_page.locator("#channels li")).to_have_count(1)

    for person in ("Xenia Extern (another organisation)", "Ada Okafor"):
        shared_page.get_by_label("Acting as").select_option(label=person)
        say(shared_page, "/assign-reviews")
        refusal = "cannot ask for a plan" if "Xenia" in person else "This channel is shared with another organisation"
        expect(channel(shared_page)).to_contain_text(refusal)


def test_a_plan_is_asked_for_and_approved_without_a_mouse(page: Page) -> None:
    page.get_by_role("textbox", name=re.compile("^Message")).press_sequentially("/assign-reviews l")
    for key in ("ArrowDown", "Enter", "Enter"):
        page.keyboard.press(key)
    approve = channel(page).get_by_role("button", name="Approve")
    approve.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Assign", exact=True)).to_be_focused()
    draw_anew(page)
    page.keyboard.press("Escape")
    expect(approve).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(channel(page)).to_contain_text("Approved by @Ada Okafor")
    expect(page.locator("#unassigned")).to_have_text("1,963")


def test_a_narrow_window_shows_the_channel_and_its_threads_whole(page: Page) -> None:
    """The panel stands below; nothing sticks out at the side."""
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a literal
    say(page, "/assign-reviews limit=60")
    channel(page).get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Assign", exact=True).click()
    channel(page).get_by_role("button", name=re.compile("repl")).click()

    expect(thread(page)).to_contain_text("Done. Assigned 60 rows")
    expect(thread(page)).to_be_in_viewport(ratio=0.9)
    page.get_by_role("button", name="Close the thread").click()
    expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_what_people_write_stays_text(shared_page: Page) -> None:
    """Markup of Slack is shown, HTML is not obeyed."""
    say(shared_page, "<img src=x onerror=alert(1)> & *bold* `code` @ada.okafor")

    said = channel(shared_page).get_by_role("listitem").last
    expect(said).to_contain_text("<img src=x onerror=alert(1)> & bold code @Ada Okafor")
    expect(said.locator("img")).to_have_count(0)
    expect(said.locator("strong", has_text="bold")).to_have_count(1)
    expect(said.locator("code")).to_have_text("code")


def test_a_queue_is_made_in_its_form(shared_page: Page) -> None:
    """What is wrong stands beside its field, what was typed stays."""
    page = shared_page
    say(page, "/assign-reviews queues")
    opener = channel(page).get_by_role("button", name="New queue…").last
    opener.click()
    form = page.get_by_role("dialog", name="New queue")
    expect(form.get_by_label("Name")).to_be_focused()
    fill_in(form, name="Support", tag="needs-review", reviewers="ada.okafor@example.com")
    form.get_by_label("Days").fill("1.5")
    form.get_by_label("Strategy").select_option("balanced")
    form.get_by_label("Channel").select_option(label="# llm-reviews")
    form.get_by_role("group", name="Approvers").get_by_label("Ada Okafor").check()

    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("Project")).to_be_focused()
    expect(form.locator(".error")).to_have_text(["Please fill out this field.", re.compile("valid value")])
    form.get_by_label("Project").fill("support-bot")
    form.get_by_label("Days").fill("5")
    draw_anew(page)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".error")).to_have_text([re.compile("A queue's name has 1 to 40 small letters")])
    expect(form.get_by_label("Name")).to_be_focused()
    expect(form.get_by_label("Name")).to_have_accessible_description(re.compile("A queue's name"))
    shoot(page, "queue-form")
    form.get_by_label("Name").fill("support")
    form.get_by_role("button", name="Save").click()

    expect(page.get_by_role("dialog")).to_contain_text("Saved. Queue support:")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(opener).to_be_focused()
    say(page, "/assign-reviews queue edit support")
    form = page.get_by_role("dialog", name="Edit queue")
    expect(form.get_by_label("Days")).to_have_value("5")
    expect(form.get_by_label("Strategy")).to_have_value("balanced")
    expect(form.get_by_label("Channel")).to_have_value("C0REVIEWS")
    expect(form.get_by_role("checkbox", checked=True)).to_have_count(1)
    form.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_narrow_window_and_a_keyboard_are_enough_for_a_form(shared_page: Page) -> None:
    page = shared_page
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a literal
    say(page, "/assign-reviews queue new")
    form = page.get_by_role("dialog", name="New queue")
    expect(form.get_by_label("Name")).to_be_focused()
    for text in ("By-Keys", "support-bot", "needs-review"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("ada.okafor@example.com,\nbenjamin.ruiz@example.com")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(form.get_by_label("Name")).to_have_accessible_description(re.compile("A queue's name"))
    expect(form).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    page.screenshot(path=SCREENSHOTS / "queue-form-narrow.png")
    expect(form.get_by_label("Name")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("by-keys")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_contain_text("Saved. Queue by-keys:")
    expect(page.get_by_role("button", name="Close", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_focused()
    draw_anew(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_form_keeps_what_is_typed_when_the_bot_changes_it(browser: Browser) -> None:
    """Where block ids stay; a new label, a block before and another first value take nothing away."""

    def form(label: str, value: str, *blocks: dict[str, Any]) -> dict[str, Any]:
        element = {"type": "plain_text_input", "action_id": "a", "initial_value": value}
        first = {"type": "input", "block_id": "one", "label": {"type": "plain_text", "text": label}, "element": element}
        title = {"type": "plain_text", "text": "A form"}
        people = {"type": "multi_users_select", "action_id": "a", "initial_users": ["U0ADA", "U0GONE"]}
        second = {**first, "block_id": "two", "label": title, "element": people, "optional": True}
        return {"type": "modal", "title": title, "submit": title, "blocks": [*blocks, first, second]}

    with world() as made, running_page(made) as address, opened(browser, address) as page:
        views = made.slack.workspace
        views.put(View("V1", "U0ADA", "modal", form("Before", "first")))
        dialog = page.get_by_role("dialog", name="A form")
        expect(dialog.get_by_label("Before")).to_have_value("first")
        dialog.get_by_label("Before").fill("typed")
        dialog.get_by_label("Ada Okafor").uncheck()
        told = {"type": "section", "text": {"type": "mrkdwn", "text": "*Somebody* was here"}}
        views.put(View("V1", "U0ADA", "modal", form("After", "second", told)))
        expect(dialog.get_by_label("After")).to_have_value("typed")
        expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(1)
        expect(dialog).to_contain_text("Somebody was here")
        expect(dialog.get_by_label("Ada Okafor")).to_be_focused()

        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        made.slack.wait_for(lambda workspace: not workspace.views())


@contextmanager
def running_page(made: World) -> Iterator[str]:
    """The page's address, without a bot."""
    server = PageServer(made, 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def fill_in(form: Locator, **texts: str) -> None:
    for label, text in texts.items():
        form.get_by_label(label.capitalize(), exact=False).first.fill(text)


def draw_anew(page: Page) -> None:
    """Have every message drawn anew, as an edit does with one: look at them as somebody else for a moment."""
    page.get_by_label("Acting as").evaluate(
        "list => [1, 0].forEach((at) => { list.selectedIndex = at; list.dispatchEvent(new Event('change')) })"
    )


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name=re.compile("^Message")).fill(text)
    page.keyboard.press("Enter")


def channel(page: Page) -> Locator:
    return page.get_by_role("region", name="Messages")


def thread(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Thread")


def switch(page: Page, name: str) -> Locator:
    return page.get_by_role("switch", name=re.compile(f"^{name}"))


def rows_of(page: Page) -> dict[str, int]:
    """How many rows each person has, as the panel says."""
    names = page.locator("#bars .bar-name").all_inner_texts()
    counts = page.locator("#bars .bar-count").all_inner_texts()
    return {name: int(count.replace(",", "")) for name, count in zip(names, counts, strict=True)}


def reported(page: Page) -> dict[str, int]:
    """How many rows each person got, as the report says."""
    report = thread(page).get_by_role("listitem").filter(has_text="Done. Assigned")
    lines = report.locator(".bullets li").all_inner_texts()
    return {name: int(rows.split()[0].replace(",", "")) for name, _, rows in (line.partition(": ") for line in lines)}


def shoot(page: Page, name: str) -> None:
    """Pictures for the documentation, and for people who want to see what the test saw."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)
    for size, scheme in ((LARGE, "light"), (SMALL, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a literal
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of Playwright's literals
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", animations="disabled")
    page.set_viewport_size(LARGE)  # type: ignore[arg-type]  # a literal
    page.emulate_media(color_scheme="light")
