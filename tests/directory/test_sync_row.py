"""A row of a directory: when its account is off, and when nothing of it has changed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.generalized_time import generalized_time
from sso.directory.presets import Vendor
from sso.directory.sync.row import is_switched_off, row_of
from tests.directory.examples import entry, settings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
A_SECOND_LATER = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)


def windows(moment: datetime) -> bytes:
    """A time as accountExpires has it: 100 ns since 1601."""
    return str(int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7).encode()


@pytest.mark.parametrize(
    ("vendor", "attributes", "off"),
    [
        (Vendor.SAMBA, {"userAccountControl": b"512"}, False),
        (Vendor.SAMBA, {"userAccountControl": b"514"}, True),
        (Vendor.ACTIVE_DIRECTORY, {"userAccountControl": b"66050"}, True),
        (Vendor.ACTIVE_DIRECTORY, {"accountExpires": b"0"}, False),
        (Vendor.ACTIVE_DIRECTORY, {"accountExpires": b"9223372036854775807"}, False),
        (Vendor.ACTIVE_DIRECTORY, {"accountExpires": b"9223372036854775806"}, False),
        (
            Vendor.ACTIVE_DIRECTORY,
            {"accountExpires": windows(A_SECOND_LATER)},
            False,
        ),
        (Vendor.ACTIVE_DIRECTORY, {"accountExpires": windows(NOW)}, True),
        (Vendor.SAMBA, {"userAccountControl": b"nonsense", "accountExpires": b""}, False),
        (Vendor.DS389, {"nsAccountLock": b"TRUE"}, True),
        (Vendor.FREEIPA, {"nsAccountLock": b"true"}, True),
        (Vendor.DS389, {"nsAccountLock": b"false"}, False),
        (Vendor.DS389, {}, False),
        (Vendor.OPENLDAP, {"pwdAccountLockedTime": b"000001010000Z"}, True),
        (Vendor.OPENLDAP, {"pwdAccountLockedTime": b"20260304050607Z"}, False),  # wrong passwords: it ends
        (Vendor.OPENLDAP, {"pwdEndTime": b"20260304050607Z"}, True),
        (Vendor.OPENLDAP, {"pwdEndTime": b"20260304050608Z"}, False),
        (Vendor.OPENLDAP, {"pwdEndTime": b"soon"}, False),
        (Vendor.OPENLDAP, {}, False),
    ],
)
def test_each_vendor_says_it_in_its_own_way(vendor: Vendor, attributes: dict[str, bytes], off: bool) -> None:
    assert is_switched_off(entry(**attributes), vendor, NOW) is off


def test_the_digest_covers_what_is_kept_and_nothing_else() -> None:
    told = settings()
    same = row_of(entry(cn=b"Bolor", uid=b"bolor"), told, NOW)

    assert row_of(entry(cn=b"Bolor", uid=b"bolor", description=b"x"), told, NOW).digest == same.digest
    assert row_of(entry(cn=b"Bolor E", uid=b"bolor"), told, NOW).digest != same.digest
    off = row_of(entry(cn=b"Bolor", uid=b"bolor", pwdAccountLockedTime=b"000001010000Z"), told, NOW)
    assert off.digest != same.digest
    renamed = row_of(entry(cn=b"Bolor", uid=b"bolor"), settings(name="Another Bureau"), NOW)
    assert renamed.digest != same.digest


@given(
    st.dictionaries(st.sampled_from(["cn", "mail", "sn", "userAccountControl", "pwdEndTime"]), st.binary())
)
def test_no_entry_is_too_strange_for_a_row(attributes: dict[str, bytes]) -> None:
    for vendor in Vendor:
        row = row_of(entry(**attributes), settings(vendor=vendor), NOW)
        assert len(row.digest) == 16


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("20260304050607Z", NOW),
        ("20260304050607.123Z", NOW),
        ("20260304050607", None),
        ("20260304050607+0800", None),
        ("20261304050607Z", None),
        ("", None),
    ],
)
def test_a_generalized_time(text: str, read: datetime | None) -> None:
    assert generalized_time(text) == read
