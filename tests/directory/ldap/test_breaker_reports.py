"""Whoever a server answers tells its breaker so, also when the answer is a refusal."""

import time

import pytest

from sso.cli.demo.slapd import Slapd
from sso.directory.breaker import BreakerState
from sso.directory.filters import Equals
from sso.directory.ldap.changing import change_as_clerk
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.server import LdapServer, Misconfigured
from sso.directory.ldap.session import Question
from sso.directory.password_change import ChangeOutcome, Passwords
from tests.servers.slapd import settings_for

pytestmark = pytest.mark.slapd


def on_trial(slapd: Slapd) -> LdapServer:
    """A server that was down and that one caller may try."""
    settings = settings_for(slapd)
    server = LdapServer(settings.addresses[0], settings)
    server.breaker.failed(time.monotonic() - 60, certain=True)
    assert server.breaker.allows(time.monotonic())
    assert server.breaker.state is BreakerState.HALF_OPEN
    return server


def test_a_search_that_is_refused_is_an_answer(slapd: Slapd) -> None:
    server = on_trial(slapd)
    nowhere = Question(base_dn="dc=nowhere", condition=Equals("uid", b"bolor"), attributes=("cn",))

    with pytest.raises(Misconfigured):
        server.search_all(nowhere, Deadline.after(5))

    assert server.breaker.state is BreakerState.CLOSED


def test_a_password_that_is_refused_before_its_change_is_an_answer(slapd: Slapd) -> None:
    server = on_trial(slapd)
    settings = settings_for(slapd)
    nobody = f"uid=nobody,{settings.base_dn}"

    change = change_as_clerk(settings, server, nobody, Passwords(b"wrong", b"new"), Deadline.after(5))

    assert change.outcome is ChangeOutcome.BAD_CREDENTIALS
    assert server.breaker.state is BreakerState.CLOSED


def test_a_trial_without_time_ends(slapd: Slapd) -> None:
    """Or nobody else could try before a minute has passed."""
    server = on_trial(slapd)

    def late(_session: object) -> None:
        raise DeadlineExceeded

    with pytest.raises(DeadlineExceeded):
        server.talk(late, Deadline.after(5))

    assert server.breaker.state is BreakerState.OPEN
