"""The page of a run in a real browser: Debian's Chromium, driven by Playwright, and looked over by axe-core."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from flows.dataset import Dataset

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:  # in CI that is an error
    message = "the page of a run is not tried in a browser: apt-get install chromium"
    if "CI" in os.environ:
        pytest.fail(message, pytrace=False)
    pytest.skip(message, allow_module_level=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page in a context of its own, with all that it logged and asked for."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.logged: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.logged.append(message.text))
        self.page.on("pageerror", lambda error: self.logged.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def says(self, text: str) -> None:
        """Wait until the page says this of what it shows: the search waits for the end of typing."""
        expect(self.page.locator("#status")).to_have_text(text)


@pytest.fixture
def visit(browser: Browser, out: Path) -> Iterator[Any]:
    """A function to open the page of a run."""
    visits: list[Visit] = []

    def open_page(run_id: str = "r000001", **options: Any) -> Visit:
        visits.append(Visit(browser, Dataset(out).report_file(run_id), **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()
        assert each.logged == []
        assert [url for url in each.requests if not url.startswith(("file:", "blob:"))] == []


@pytest.mark.parametrize(("run_id", "width"), [("r000001", 1280), ("r000002", 360)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Any, scheme: str, width: int, run_id: str) -> None:
    """No rule of axe-core is violated, with all details open, on a telephone and on a desktop; nothing overflows."""
    page = visit(run_id, color_scheme=scheme, viewport={"width": width, "height": 900}).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.locator(".marks button").first.click()
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_text_of_the_input_stays_text(visit: Any) -> None:
    """Neither a title nor a source, a text or an address runs as a script; control characters are shown as escapes."""
    page = visit("r000002").page
    assert page.evaluate("window.broken") is None
    assert page.locator("main img, main a[href^='javascript']").count() == 0
    text = page.inner_text("#list")
    assert "</script><script>window.broken=1</script>" in text
    assert "\\u202egnp.exe\\u202c \\x1b]0;renamed\\x07" in text
    assert page.locator("#list [dir=auto]").count() > 0


def test_the_policy_stops_a_script_that_is_not_ours(browser: Browser, out: Path) -> None:
    """Even if text became markup, its script would not run, and nothing would be loaded."""
    visit = Visit(browser, Dataset(out).report_file("r000001"))
    visit.page.evaluate(
        """() => {
            document.body.append(Object.assign(document.createElement("script"), { textContent: "window.broken = 1" }));
            document.body.insertAdjacentHTML("beforeend", "<img src='https://copydesk.invalid/x.png'>");
        }"""
    )
    assert visit.page.evaluate("window.broken") is None
    assert len(visit.logged) == 2  # both are refused
    assert all("Content Security Policy" in line for line in visit.logged)
    visit.context.close()


def test_reasons_sources_and_words_filter(visit: Any, out: Path) -> None:
    """A reason, a source or words choose documents; what is shown has them, and its number is said."""
    one = visit()
    removed = pl.read_parquet(out / "removed" / "run=r000001", hive_partitioning=False)
    one.page.select_option("#reason", "duplicate")
    those = removed.filter(pl.col("reason") == "duplicate")
    one.says(f"{len(those)} paragraphs in {those['document_id'].n_unique()} documents")
    one.page.select_option("#reason", "")
    one.page.select_option("#source", "=harbour-gazette")
    assert set(one.page.locator("#list [data-field=source]").all_inner_texts()) == {"harbour-gazette"}
    one.page.select_option("#source", "")
    one.page.fill("#search", "MERIDIAN wire")
    shown = one.page.locator("#list .proof")
    expect(shown.first).to_contain_text("Meridian Wire")
    assert all("meridian wire" in text.lower() for text in shown.all_inner_texts())
    one.page.fill("#search", "no such words anywhere")
    one.says("No proof matches")


def test_borderline_removals_come_first(visit: Any) -> None:
    """Of the duplicates, the one least above the threshold is first, with its witness and the difference marked."""
    one = visit()
    one.page.select_option("#reason", "duplicate")
    first = one.page.locator(".proof").first.locator(".removed", has_text="51 of 62 shingles")
    assert "Jaccard 0.82" in first.inner_text()
    assert "borderline" in first.inner_text()
    assert first.locator(".own mark").all_inner_texts() == ["The port authority,", "said,"]
    assert first.locator(".witness mark").first.inner_text().startswith("According to")


def test_near_misses_are_shown(visit: Any) -> None:
    """A kept paragraph that is nearly a duplicate stands beside the one that it resembles, and cannot be marked."""
    one = visit("r000002")
    one.page.select_option("#reason", "kept, nearly duplicate")
    near = one.page.locator("#list .near")
    assert near.count() == 1
    assert "just under the threshold" in near.inner_text()
    assert near.locator("button").count() == 0


def test_marks_are_made_kept_and_saved(visit: Any, out: Path, tmp_path: Path) -> None:
    """Marks are made with the mouse or with keys, outlive a reload, and are saved as the file that `review` reads."""
    one = visit("r000001", accept_downloads=True)
    page = one.page
    assert page.is_disabled("#save")
    page.select_option("#reason", "repeated_headline")
    page.click("#review")
    page.keyboard.press("w")  # wrong, and on to the next one
    page.keyboard.press("r")
    page.locator(".removed .marks").nth(2).get_by_text("Right").click()
    assert page.locator("[aria-pressed=true]").count() == 3
    page.keyboard.press("u")
    assert page.locator("[aria-pressed=true]").count() == 2
    for _ in range(20):  # Chromium hands what is stored to the process of the next page in its own time
        page.reload()
        if page.is_enabled("#save"):
            break
    page.select_option("#marked", "wrong")
    one.says("1 paragraph in 1 document; 2 removals marked")
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "marks.json"
    download.value.save_as(tmp_path / "marks.json")
    saved = json.loads((tmp_path / "marks.json").read_text())
    marks = saved.pop("marks")
    assert saved == {"format": 1, "dataset": str(out), "run": "r000001"}
    assert sorted(mark.pop("mark") for mark in marks) == ["right", "wrong"]
    removed = pl.read_parquet(out / "removed" / "run=r000001", hive_partitioning=False)
    rows = removed.select("document_id", "position", "reason", "rule").to_dicts()
    assert all(mark in rows for mark in marks)


def test_keys_do_nothing_outside_of_a_removal(visit: Any) -> None:
    """Single keys act on the removal that has the focus only: they are words in the search field."""
    page = visit().page
    page.focus("#search")
    page.keyboard.type("wr")
    assert page.input_value("#search") == "wr"
    assert page.locator("[aria-pressed=true]").count() == 0


def test_few_proofs_are_drawn_at_once(visit: Any) -> None:
    """The first ones are drawn when the page opens, more when they are asked for."""
    page = visit().page
    assert page.locator("#list .proof").count() == 20
    page.locator("#more").scroll_into_view_if_needed()
    page.locator("#list .proof").nth(20).wait_for(state="attached")


def test_it_prints_without_its_tools(visit: Any) -> None:
    """On paper there are the numbers and the proofs, but no fields and buttons."""
    page = visit().page
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator("#list .proof").first.is_visible()
    assert not any(page.locator(name).first.is_visible() for name in ("nav", ".tools", ".marks", "#more"))
