"""Someone who looks closely at each page: accessibility, width, language, complaints of the browser."""

from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.browser.chromium import axe_violations, complaints, screenshot, sideways_scroll

REFUSED = "Failed to load resource: the server responded with a status of 4"
"""Chromium's word for a page that is an error page on purpose."""


@dataclass
class Reader:
    """Someone who looks closely at each page: `found` is what is wrong with those seen so far."""

    page: Page
    tag: str
    found: list[str] = field(default_factory=list)
    complained: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        """Look at the page that is open, which is called `name` in what is found."""
        self.page.wait_for_load_state()
        self.found += [f"{name}: {violation}" for violation in axe_violations(self.page)]
        if sideways_scroll(self.page):
            self.found.append(f"{name}: {sideways_scroll(self.page)} px wider than the window")
        if (spoken := self.page.get_attribute("html", "lang")) != self.tag:
            self.found.append(f"{name}: in {spoken}")
        self.found += [f"{name}: {text}" for text in self.complained if not text.startswith(REFUSED)]
        self.complained.clear()
        width = (self.page.viewport_size or {}).get("width")
        dark = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        screenshot(self.page, f"journey-{name}-{self.tag}-{width}-{'dark' if dark else 'light'}")


def reader(page: Page, tag: str) -> Reader:
    """Return a reader who hears Chromium's complaints from now on."""
    return Reader(page, tag, complained=complaints(page))
