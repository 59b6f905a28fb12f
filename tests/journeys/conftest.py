"""Fixtures of the journeys: a browser, and one stage a worker, for it takes seconds to set.

Each journey has a browser context of its own, and leaves the stage as it found it.
"""

from collections.abc import Iterator

import pytest

from tests.journeys.stage import Stage, set_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The hub with citizens and two applications; with clerks where slapd is installed."""
    with set_stage(tmp_path_factory.mktemp("stage")) as running:
        yield running


@pytest.fixture(scope="session")
def staff_stage(stage: Stage) -> Stage:
    """The stage for journeys of clerks."""
    if stage.slapd is None:
        pytest.fail("slapd is not installed (Debian: apt-get install slapd ldap-utils)")
    return stage
