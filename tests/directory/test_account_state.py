"""What an entry says of its account, in each vendor's words; forms that nobody knows say nothing."""

from datetime import UTC, datetime

import pytest

from sso.directory.account_state import departure_of, state_attributes
from sso.directory.person import Departure
from sso.directory.presets import Vendor

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LONG_AGO, FAR_OFF = "20200101000000Z", "20990101000000Z"
_HOURS = 3_600 * 10**7
FILETIME_NOW = (int(NOW.timestamp()) + 11_644_473_600) * 10**7


@pytest.mark.parametrize(
    ("vendor", "attribute", "value", "expected"),
    [
        (Vendor.OPENLDAP, "pwdAccountLockedTime", "000001010000Z", Departure.DISABLED),
        (Vendor.OPENLDAP, "pwdAccountLockedTime", "20260304050000Z", Departure.LOCKED),
        (Vendor.OPENLDAP, "pwdEndTime", LONG_AGO, Departure.EXPIRED),
        (Vendor.OPENLDAP, "pwdEndTime", FAR_OFF, None),
        (Vendor.OPENLDAP, "pwdStartTime", FAR_OFF, Departure.EXPIRED),
        (Vendor.OPENLDAP, "pwdStartTime", LONG_AGO, None),
        (Vendor.OPENLDAP, "shadowExpire", "18000", Departure.EXPIRED),
        (Vendor.OPENLDAP, "shadowExpire", "99999", None),
        (Vendor.OPENLDAP, "shadowExpire", "-1", None),
        (Vendor.OPENLDAP, "shadowExpire", "9" * 30, None),
        (Vendor.OPENLDAP, "shadowExpire", "soon", None),
        (Vendor.OPENLDAP, "pwdEndTime", "yesterday", None),
        (Vendor.OPENLDAP, "pwdEndTime", "20269999999999Z", None),
        (Vendor.DS389, "nsAccountLock", "TRUE", Departure.DISABLED),
        (Vendor.DS389, "nsAccountLock", "false", None),
        (Vendor.DS389, "accountUnlockTime", FAR_OFF, Departure.LOCKED),
        (Vendor.DS389, "accountUnlockTime", "19700101000000Z", Departure.LOCKED),
        (Vendor.DS389, "accountUnlockTime", LONG_AGO, None),
        (Vendor.FREEIPA, "krbPrincipalExpiration", LONG_AGO, Departure.EXPIRED),
        (Vendor.FREEIPA, "krbPrincipalExpiration", FAR_OFF, None),
        (Vendor.SAMBA, "userAccountControl", "514", Departure.DISABLED),
        (Vendor.SAMBA, "userAccountControl", "512", None),
        (Vendor.SAMBA, "accountExpires", str(FILETIME_NOW - _HOURS), Departure.EXPIRED),
        (Vendor.SAMBA, "accountExpires", str(FILETIME_NOW + _HOURS), None),
        (Vendor.SAMBA, "accountExpires", "0", None),
        (Vendor.SAMBA, "accountExpires", "9223372036854775807", None),
        (Vendor.SAMBA, "accountExpires", "-5", Departure.EXPIRED),
        (Vendor.ACTIVE_DIRECTORY, "msDS-User-Account-Control-Computed", "16", Departure.LOCKED),
        (Vendor.ACTIVE_DIRECTORY, "msDS-User-Account-Control-Computed", "8388608", None),
    ],
)
def test_an_attribute_tells_the_state(
    vendor: Vendor, attribute: str, value: str, expected: Departure | None
) -> None:
    assert attribute in state_attributes(vendor)
    assert departure_of({attribute.lower(): (value.encode(),)}, vendor, NOW) is expected


@pytest.mark.parametrize("vendor", list(Vendor))
@pytest.mark.parametrize("value", [b"", b"\xff\xfe", b"4" * 400, b"-", b"Z", b"00000000000000Z"])
def test_no_value_is_too_strange_to_be_read(vendor: Vendor, value: bytes) -> None:
    said = {departure_of({n.lower(): (value,)}, vendor, NOW) for n in state_attributes(vendor)}

    assert said <= {None, Departure.LOCKED, Departure.EXPIRED}


@pytest.mark.parametrize("vendor", list(Vendor))
def test_an_entry_without_state_attributes_may_be_used(vendor: Vendor) -> None:
    assert departure_of({}, vendor, NOW) is None
