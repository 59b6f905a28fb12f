import pytest

from tests.oidc.examples import World


@pytest.fixture
def world() -> World:
    return World()
