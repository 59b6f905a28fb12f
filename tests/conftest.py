"""Fixtures that every folder may ask for: real servers, started at first use."""

from hypothesis import HealthCheck, settings

# How long a draw takes says how busy the machine is, not whether the code is right.
settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared-machine")

pytest_plugins = (
    "tests.browser.chromium",
    "tests.servers.slapd",
    "tests.servers.directories",
    "tests.servers.hub",
    "tests.servers.object_store",
    "tests.servers.postgresql",
    "tests.servers.softhsm",
)
