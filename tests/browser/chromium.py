"""A real headless Chromium for tests, and questions about a page that every test may ask.

A folder of tests that drives a browser has a conftest.py with

    from tests.browser.chromium import browser, open_page  # noqa: F401
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(__file__).resolve().parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = 1280, 320

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once a worker; each page has a context, so cookies, of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return `open_page(width=1280, height=900, javascript=True, locale="en-GB", scheme="light")`."""
    contexts = []

    def opened(
        width: int = WIDE,
        height: int = 900,
        javascript: bool = True,
        locale: str = "en-GB",
        scheme: str = "light",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            locale=locale,
            color_scheme=scheme,
            reduced_motion="reduce",
            ignore_https_errors=True,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now; past the page's own policy, by CDP."""
    session = page.context.new_cdp_session(page)
    known = session.send("Runtime.evaluate", {"expression": "typeof axe"})
    if known["result"]["value"] == "undefined":  # the first look at this document
        session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {resultTypes: ['violations']})"
            ".then(found => found.violations.map(v => v.id + ': ' + v.help + ' '"
            " + v.nodes.map(n => n.target.join(' ')).join(', ')))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    session.detach()
    assert "value" in answer["result"], answer
    return list(answer["result"]["value"])


def complaints(page: Page) -> list[str]:
    """Return a list that fills with what Chromium complains about on this page: CSP, scripts, 404."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in COMPLAINTS else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


COMPLAINTS = {"error", "warning"}


def sideways_scroll(page: Page) -> int:
    """Return how many CSS pixels the page is wider than its window (WCAG 2.2, 1.4.10)."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def focus_order(page: Page, longest: int = 40) -> list[str]:
    """Return what the Tab key reaches from the top, by id, else by text, until it leaves the page."""
    page.evaluate("document.activeElement.blur()")
    reached: list[str] = []
    for _ in range(longest):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "[document.body, document.documentElement].includes(document.activeElement) ? ''"
            " : document.activeElement.id || document.activeElement.textContent.trim()"
        )
        if not name or (reached and name == reached[0]):
            break
        reached.append(name)
    return reached


def screenshot(page: Page, name: str) -> Path | None:
    """Save a picture of the whole page in the folder that SSO_SCREENSHOTS names; without it, none."""
    folder = os.environ.get("SSO_SCREENSHOTS")
    if not folder:
        return None
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path
