"""A directory that is closed when its test is over, and how long an answer took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sso.cli.demo.slapd import Slapd
from sso.directory.ldap import LdapDirectory
from sso.directory.verification import AccountState, Verification
from tests.servers.slapd import PASSWORD, settings_for


@contextmanager
def opened(server: Slapd, **changes: Any) -> Iterator[LdapDirectory]:
    directory = LdapDirectory(settings_for(server, **changes))
    try:
        yield directory
    finally:
        directory.close()


def timed(directory: LdapDirectory, login_name: str = "bolor") -> tuple[Verification, float]:
    started_at = time.monotonic()
    verification = directory.authenticate(login_name, PASSWORD.encode()).verification
    return verification, time.monotonic() - started_at


def recovers_within(directory: LdapDirectory, seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if timed(directory)[0].state is AccountState.OK:
            return True
        time.sleep(0.02)
    return False
