"""The table of what each state answers, recorded on OpenLDAP 2.5, 389-DS 2.3 and Samba 4.17."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.ppolicy import PolicyAnswer, PolicyError, decode_policy_answer
from sso.directory.presets import Vendor
from sso.directory.states import BindAnswer, verification_of
from sso.directory.verification import AccountState

S = AccountState
INACTIVATED = "Account inactivated. Contact system administrator."
RETRY_LIMIT = "Exceed password retry limit. Please try later."


def _state(vendor, result, message="", control=None):
    policy = None if control is None else decode_policy_answer(bytes.fromhex(control))
    verification = verification_of(vendor, BindAnswer(result, message, policy))
    return verification.state, verification.password_proven


@pytest.mark.parametrize(
    ("result", "control", "state", "proven"),
    [
        (0, "3000", S.OK, True),
        (0, None, S.OK, True),
        (49, "3000", S.BAD_CREDENTIALS, False),
        (49, None, S.BAD_CREDENTIALS, False),
        (49, "3003810101", S.LOCKED, False),
        (49, "3003810100", S.EXPIRED, True),
        (0, "3005a003810101", S.OK, True),
        (0, "3007a005800306975a", S.OK, True),
        (0, "3003810102", S.MUST_CHANGE, True),
        (34, None, S.BAD_CREDENTIALS, False),
        (13, None, S.POLICY, False),
        (51, None, S.UNAVAILABLE, False),
        (52, None, S.UNAVAILABLE, False),
        (53, None, S.UNAVAILABLE, False),
    ],
)
def test_openldap_speaks_through_the_control(result, control, state, proven):
    assert _state(Vendor.OPENLDAP, result, control=control) == (state, proven)


@pytest.mark.parametrize("vendor", [Vendor.DS389, Vendor.FREEIPA])
@pytest.mark.parametrize(
    ("result", "message", "control", "state", "proven"),
    [
        (0, "", None, S.OK, True),
        (49, "", None, S.BAD_CREDENTIALS, False),
        (53, INACTIVATED, "308400000003810101", S.DISABLED, False),
        (19, RETRY_LIMIT, "308400000003810101", S.LOCKED, False),
        (49, "password expired!", "308400000003810100", S.EXPIRED, True),
        (49, "password expired!", None, S.EXPIRED, True),
        (0, "", "30840000000ba084000000058003127500", S.OK, True),
        (0, "", "30840000000ea084000000058003127500810102", S.MUST_CHANGE, True),
        (53, "something else", None, S.UNAVAILABLE, False),
    ],
)
def test_389_ds_speaks_through_code_text_and_control(vendor, result, message, control, state, proven):
    assert _state(vendor, result, message, control) == (state, proven)


@pytest.mark.parametrize("vendor", [Vendor.ACTIVE_DIRECTORY, Vendor.SAMBA])
@pytest.mark.parametrize(
    ("data", "state", "proven"),
    [
        ("52e", S.BAD_CREDENTIALS, False),
        ("525", S.BAD_CREDENTIALS, False),
        ("530", S.NOT_NOW, True),
        ("531", S.NOT_NOW, True),
        ("532", S.EXPIRED, True),
        ("533", S.DISABLED, True),
        ("701", S.ACCOUNT_EXPIRED, True),
        ("773", S.MUST_CHANGE, True),
        ("775", S.LOCKED, False),
        ("999", S.BAD_CREDENTIALS, False),
    ],
)
def test_active_directory_speaks_through_a_code_in_the_text(vendor, data, state, proven):
    message = f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"

    assert _state(vendor, 49, message) == (state, proven)


def test_active_directory_that_wants_encryption_is_a_matter_of_policy():
    message = "BindSimple: Transport encryption required."

    assert _state(Vendor.SAMBA, 8, message) == (S.POLICY, False)


def test_the_time_left_is_told():
    verification = verification_of(Vendor.OPENLDAP, BindAnswer(0, "", PolicyAnswer(expires_in_seconds=600)))

    assert verification.expires_in_seconds == 600


def test_the_grace_sign_ins_left_are_told():
    verification = verification_of(Vendor.OPENLDAP, BindAnswer(0, "", PolicyAnswer(grace_logins=0)))

    assert verification.grace_logins == 0


def test_nothing_of_the_account_is_told_for_a_wrong_password():
    verification = verification_of(Vendor.OPENLDAP, BindAnswer(49, "", PolicyAnswer(expires_in_seconds=600)))

    assert verification.expires_in_seconds is None


def test_a_policy_error_beside_success_is_never_plain_success():
    states = {
        verification_of(Vendor.OPENLDAP, BindAnswer(0, "", PolicyAnswer(error=error))).state
        for error in PolicyError
    }

    assert S.OK not in states


def test_the_reason_repeats_nothing_of_the_servers_prose():
    verification = verification_of(Vendor.DS389, BindAnswer(53, "bolor\r\nINJECTED inactivated"))

    assert verification.reason == "ldap result 53"


@given(
    st.sampled_from(Vendor),
    st.integers(1, 4096),
    st.text(),
    st.one_of(st.none(), st.builds(PolicyAnswer, st.one_of(st.none(), st.sampled_from(PolicyError)))),
)
def test_no_refusal_of_any_vendor_is_ok(vendor, result, message, policy):
    verification = verification_of(vendor, BindAnswer(result, message, policy))

    assert verification.state is not S.OK
    assert verification.reason.isascii()
