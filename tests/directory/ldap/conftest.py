from collections.abc import Iterator

import pytest

from sso.cli.demo.slapd import Slapd
from sso.directory.ldap import LdapDirectory
from tests.servers.slapd import settings_for


@pytest.fixture(scope="module")
def directory(slapd: Slapd) -> Iterator[LdapDirectory]:
    """The shared server as the hub sees it."""
    directory = LdapDirectory(settings_for(slapd))
    yield directory
    directory.close()
