"""How old the state of an account may be when something is issued about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sso.oidc.account import Subject
from sso.oidc.keys import KeyRing
from sso.oidc.known_state import StateUnknown, require_known_state
from sso.oidc.settings import Provider, Settings
from sso.oidc.state_limits import Asked, StateLimits

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = StateLimits(max_age=5 * MINUTE, grace=60 * MINUTE)
PROVIDER = Provider(
    Settings(
        issuer="https://id.example.gov",
        state_limits={"civil": LIMITS},
        unasked_directories=frozenset({"provisioned"}),
    ),
    KeyRing(()),
    b"",
)
CLERK = Subject(account_id="a", person_id="p", active=True, claims={}, directory_id="civil")


@pytest.mark.parametrize(
    ("age", "asked", "known"),
    [
        (5, None, True),
        (6, None, False),
        (6, Asked.AWAY, True),
        (60, Asked.AWAY, True),
        (61, Asked.AWAY, False),
        (10_000, Asked.ANSWERED, True),
        (None, None, False),
        (None, Asked.AWAY, False),
    ],
)
def test_a_clerks_state_ages(age: int | None, asked: Asked | None, known: bool) -> None:
    subject = replace(CLERK, state_checked_at=None if age is None else NOW - age * MINUTE)
    provider = replace(PROVIDER, states_asked={} if asked is None else {"a": asked})

    if known:
        require_known_state(subject, provider, NOW)
    else:
        with pytest.raises(StateUnknown):
            require_known_state(subject, provider, NOW)


@pytest.mark.parametrize("directory_id", [None, "provisioned"])
def test_nobody_is_asked_about_a_citizen_or_where_nobody_can_be(directory_id: str | None) -> None:
    require_known_state(replace(CLERK, directory_id=directory_id), PROVIDER, NOW)


@pytest.mark.parametrize("asked", [None, Asked.AWAY, Asked.ANSWERED])
def test_nothing_is_known_of_a_clerk_whose_directory_left_the_configuration(asked: Asked | None) -> None:
    subject = replace(CLERK, directory_id="former", state_checked_at=NOW)
    provider = replace(PROVIDER, states_asked={} if asked is None else {"a": asked})

    with pytest.raises(StateUnknown):
        require_known_state(subject, provider, NOW)
