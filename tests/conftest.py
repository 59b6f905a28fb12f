"""Fixtures that every folder may ask for: real servers, started at first use."""

pytest_plugins = (
    "tests.browser.chromium",
    "tests.servers.slapd",
    "tests.servers.hub",
    "tests.servers.postgresql",
)
