from tests.browser.chromium import browser, open_page  # noqa: F401
