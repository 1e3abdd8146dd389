"""The report and the viewer in a real browser: light and dark, on a phone, by keyboard, offline.

Needs Playwright (extra `browser`) and a Chromium on the path; screenshots go to the folder that the
environment variable SCREENSHOTS names, else to pytest's.
"""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from report_run import write_run

from callwright import report
from callwright.evaluate.results import Result, write_results
from callwright.record import Message, ToolCall, Trajectory, encode
from callwright.report.viewer.app import create_app
from callwright.report.viewer.files import opened

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
]
SIZES = {"desk": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    columns = ("in_distribution", "held_out_phrasing", "held_out_values", "held_out_tools")
    return report.write(write_run(tmp_path_factory.mktemp("run") / "demo", "book_table", columns))


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Seen:
    """A page with what it asked for and complained about."""

    def __init__(self, browser: Any, file: Path, size: str, scheme: str) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=True
        )
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_on_every_screen(
    browser: Any, page_file: Path, screenshots: Path, size: str, scheme: str
) -> None:
    seen = Seen(browser, page_file, size, scheme)
    assert seen.asked == [page_file.as_uri()], "nothing else is fetched"
    assert seen.complaints == []
    wide = seen.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page itself is never scrolled sideways"
    ink, paper = (
        seen.page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
    )
    assert brightness(ink) < brightness(paper) if scheme == "light" else brightness(ink) > brightness(paper)
    assert abs(brightness(ink) - brightness(paper)) > 150
    for fold in seen.page.locator("summary").all():
        fold.click()
    seen.page.screenshot(path=str(screenshots / f"report-{size}-{scheme}.png"), full_page=True)
    seen.context.close()


def brightness(colour: str) -> float:
    red, green, blue = map(float, colour.removeprefix("rgb(").removesuffix(")").split(","))
    return 0.3 * red + 0.59 * green + 0.11 * blue


def test_everything_is_reached_by_keyboard(browser: Any, page_file: Path) -> None:
    seen = Seen(browser, page_file, "desk", "light")
    keyboard = seen.page.keyboard
    keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.tagName") == "A"
    keyboard.press("Enter")
    assert seen.page.url.endswith("#held-out-requests-for-these-tools")
    visited = set()
    opened = False
    for _ in range(80):
        keyboard.press("Tab")
        visited.add(seen.page.evaluate("document.activeElement.tagName"))
        if not opened and seen.page.evaluate("document.activeElement.tagName") == "SUMMARY":
            keyboard.press("Enter")
            opened = seen.page.evaluate("document.activeElement.parentElement.open")
    assert {"A", "SUMMARY", "DIV"} <= visited, "links, folds, and tables that scroll"
    assert opened
    seen.context.close()


def test_hostile_text_runs_nothing(browser: Any, tmp_path: Path) -> None:
    hostile = (
        "</style></pre><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    )
    file = report.write(write_run(tmp_path / "run", hostile))
    seen = Seen(browser, file, "desk", "light")
    for fold in seen.page.locator("summary").all():
        fold.click()
    assert seen.page.title() == "callwright: run"
    assert seen.asked == [file.as_uri()]
    assert "<script>" in seen.page.inner_text("body")
    seen.context.close()


# --- the viewer


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 100,000 rows, and two runs that answered the first hundred."""
    folder = tmp_path_factory.mktemp("many")
    with (folder / "rows.jsonl").open("wb") as stream:
        for i in range(100_000):
            call = ToolCall(name=f"tool_{i % 50}", arguments={"city": f"City {i}"}, id="call_0")
            asked = Message(role="user", content=f"Request number {i} <b>bold</b>")
            row = Trajectory(id=f"row/{i}", messages=(asked, Message(role="assistant", tool_calls=(call,))))
            stream.write(encode(row) + b"\n")
    for side in ("before", "after"):
        results = [
            Result(
                id=f"row/{i}", column="simple", correct=side == "after", strict=side == "after",
                error="" if side == "after" else "wrong-value", request=f"Request number {i}",
                text=f"{side} answer {i}",
            )
            for i in range(100)
        ]  # fmt: skip
        write_results(folder / side / "results.jsonl", results)
    return folder


@pytest.fixture(scope="module")
def address(many: Path) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(opened([many])), log_level="error"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened_page = context.new_page()
    complaints: list[str] = []
    opened_page.on("console", lambda message: complaints.append(message.text))
    opened_page.on("pageerror", lambda error: complaints.append(str(error)))
    opened_page.goto(address)
    opened_page.select_option("#file", index=2)
    sync_api.expect(opened_page.locator("#count")).to_have_text("100,000 of 100,000 rows")
    yield opened_page
    assert complaints == []
    context.close()


def test_a_hundred_thousand_rows_are_walked_through(page: Any, screenshots: Path) -> None:
    expect = sync_api.expect
    for key, place in (("Home", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("End", 99_999), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.locator("#row h2").first).to_have_text(f"row/{place}")
        expect(page.locator("[aria-selected=true]")).to_contain_text(f"Request number {place} ")
        assert page.locator(".entry").count() < 60, "only what is in sight is in the document"
    page.locator("#list").evaluate("e => e.scrollTop = e.scrollHeight / 2")
    expect(page.locator(".entry", has_text="Request number 50000 ")).to_be_visible()
    assert "<b>bold</b>" in page.locator("#row").inner_text(), "texts are shown as texts"
    page.screenshot(path=str(screenshots / "view-desk.png"))


def test_searching_and_filtering(page: Any) -> None:
    expect = sync_api.expect
    page.keyboard.press("/")
    page.keyboard.type("city 99999")
    expect(page.locator("#count")).to_have_text("1 of 100,000 rows")
    page.locator(".entry").click()
    expect(page.locator("#row h2").first).to_have_text("row/99999")
    page.fill("#search", "nowhere at all")
    expect(page.locator("#count")).to_have_text("0 of 100,000 rows")
    page.select_option("#file", index=1)
    page.fill("#search", "")
    page.select_option("#verdict", "wrong-value")
    expect(page.locator("#count")).to_have_text("100 of 100 rows")


def test_answers_of_two_runs_stand_side_by_side(page: Any, screenshots: Path) -> None:
    page.keyboard.press("Home")
    columns = page.locator(".beside section")
    sync_api.expect(columns).to_have_count(2)
    assert "after answer 0" in columns.nth(0).inner_text()
    assert "before answer 0" in columns.nth(1).inner_text()
    left, right = (columns.nth(i).bounding_box() for i in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    page.screenshot(path=str(screenshots / "view-beside.png"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_on_a_phone(browser: Any, address: str, screenshots: Path, scheme: str) -> None:
    width, height = SIZES["phone"]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    small = context.new_page()
    small.goto(address)
    small.locator(".entry").first.click()
    sync_api.expect(small.locator("#row h2").first).to_have_text("row/0")
    assert small.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    small.screenshot(path=str(screenshots / f"view-phone-{scheme}.png"))
    context.close()
