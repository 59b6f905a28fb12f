"""`r21_new_device_after_reset`: what replaces a credential, and which device is new to an account."""

import pytest

from sso.audit.rules.engine import Match, matches
from sso.audit.rules.examples import Step, records_of
from sso.audit.rules.shipped import shipped_rule

FROM = {"event": "auth.login.success", "account_id": "a"}
KNOWN: Step = {**FROM, "address": "192.0.2.1", "user_agent": "x", "times": 29, "every": "1d"}
RESET: Step = {"event": "credential.password.reset", "account_id": "a", "source": "command"}
NEW: Step = {**FROM, "address": "198.51.100.1", "user_agent": "y", "after": "1h"}


def found(*steps: Step) -> list[Match]:
    return list(matches([shipped_rule("r21_new_device_after_reset")], records_of(list(steps))))


@pytest.mark.parametrize(
    ("replaced", "is_found"),
    [
        (RESET, True),
        ({"event": "upstream.account.tied", "account_id": "a", "rule": "api", "upstream_id": "u"}, True),
        (
            {"event": "upstream.account.untied", "account_id": "a", "rule": "command", "upstream_id": "u"},
            True,
        ),
        ({"event": "upstream.account.untied", "account_id": "a", "rule": "proof", "upstream_id": "u"}, False),
        ({"event": "credential.password.changed", "account_id": "a", "source": "hub"}, False),
        ({**RESET, "account_id": "b"}, False),
    ],
)
def test_what_somebody_else_did_to_a_credential_counts_and_what_its_owner_did_does_not(
    replaced: Step, is_found: bool
) -> None:
    assert bool(found(KNOWN, replaced, NEW)) is is_found


@pytest.mark.parametrize(
    ("device", "is_new"),
    [
        ({"address": "192.0.2.1", "user_agent": "x"}, False),
        ({"address": "192.0.2.254", "user_agent": "x"}, False),
        ({"address": "::ffff:192.0.2.7", "user_agent": "x"}, False),
        ({"address": "192.0.3.1", "user_agent": "x"}, True),
        ({"address": "192.0.2.1", "user_agent": "x 2"}, True),
        ({"address": "192.0.2.1"}, True),
        ({"user_agent": "x"}, True),
        ({"address": "2001:db8::1", "user_agent": "x"}, True),
    ],
)
def test_a_device_is_the_network_together_with_the_program(device: Step, is_new: bool) -> None:
    assert bool(found(KNOWN, RESET, {**FROM, **device, "after": "1h"})) is is_new


def test_addresses_of_one_ipv6_network_are_one() -> None:
    known: Step = {**KNOWN, "address": "2001:db8:1:2::1"}

    assert not found(known, RESET, {**FROM, "address": "2001:db8:1:9::8", "user_agent": "x", "after": "1h"})
    assert found(known, RESET, {**FROM, "address": "2001:db8:2:2::1", "user_agent": "x", "after": "1h"})


@pytest.mark.parametrize(("after", "is_found"), [("24h", True), ("86401s", False)])
def test_a_day_is_a_day(after: str, is_found: bool) -> None:
    assert bool(found(KNOWN, RESET, {**NEW, "after": after})) is is_found


def test_a_sign_in_from_before_the_credential_was_replaced_does_not_count() -> None:
    assert not found(KNOWN, NEW, {**RESET, "after": "1h"})


def test_the_known_device_first_does_not_hide_the_new_one() -> None:
    (match,) = found(KNOWN, RESET, {**FROM, "address": "192.0.2.1", "user_agent": "x", "after": "1h"}, NEW)

    assert len(match.ids) == 2


def test_nothing_is_new_until_four_weeks_were_seen() -> None:
    assert not found({**KNOWN, "times": 20}, RESET, NEW)
