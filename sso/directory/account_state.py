"""From an entry's attributes to whether its account may be used: what a search tells without a password.

OpenLDAP speaks by the attributes of its password policy overlay (slapo-ppolicy(5)) and by shadowExpire
(RFC 2307), 389-DS by nsAccountLock and accountUnlockTime, FreeIPA also by krbPrincipalExpiration, Active
Directory and Samba by userAccountControl, accountExpires and, for the lock that ends by itself, the computed
bits ([MS-ADA1], [MS-ADA2], [MS-SAMR] 2.2.1.12).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sso.directory.generalized_time import generalized_time
from sso.directory.person import Departure
from sso.directory.presets import Vendor
from sso.directory.verification import AccountState

Attributes = Mapping[str, tuple[bytes, ...]]
"""Raw values under lower-case attribute names."""

_WINDOWS = ("userAccountControl", "accountExpires", "msDS-User-Account-Control-Computed")
_DS389 = ("nsAccountLock", "accountUnlockTime")
_STATE_ATTRIBUTES: Mapping[Vendor, tuple[str, ...]] = MappingProxyType(
    {
        Vendor.ACTIVE_DIRECTORY: _WINDOWS,
        Vendor.SAMBA: _WINDOWS,
        Vendor.OPENLDAP: ("pwdAccountLockedTime", "pwdStartTime", "pwdEndTime", "shadowExpire"),
        Vendor.DS389: _DS389,
        Vendor.FREEIPA: (*_DS389, "krbPrincipalExpiration"),
    }
)
_ACCOUNTDISABLE, _LOCKOUT = 0x2, 0x10
_WINDOWS_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = frozenset({0, 0x7FFFFFFFFFFFFFFF})  # accountExpires, [MS-ADA1] 2.3
_MOST_DAYS = 2_000_000  # what datetime can still add to an epoch; whatever ends later never ends
_FOREVER = "00000101000"
"""How pwdAccountLockedTime begins when an administrator has locked the account."""

AS_STATE: Mapping[Departure, AccountState] = MappingProxyType(
    {Departure.DISABLED: AccountState.DISABLED, Departure.EXPIRED: AccountState.ACCOUNT_EXPIRED}
)
"""What refuses a sign-in although the password is right. Of a lock the bind itself knows when it ends."""


def state_attributes(vendor: Vendor) -> tuple[str, ...]:
    """The attributes to ask for, by name: most are operational and `*` leaves them out."""
    return _STATE_ATTRIBUTES[vendor]


def departure_of(attributes: Attributes, vendor: Vendor, now: datetime) -> Departure | None:
    """Why the account of an entry may not be used at `now`; None when it may. Pure; never raises.

    A value in a form that nobody knows says nothing, as for the servers themselves.
    """
    return _DIALECTS[vendor](attributes, now)


def _of_openldap(attributes: Attributes, now: datetime) -> Departure | None:
    locked = _text(attributes, "pwdAccountLockedTime")
    if locked.startswith(_FOREVER):
        return Departure.DISABLED
    begins, ends = (generalized_time(_text(attributes, name)) for name in ("pwdStartTime", "pwdEndTime"))
    days = _number(_text(attributes, "shadowExpire"))
    if days is not None and 0 <= days <= _MOST_DAYS and now >= _UNIX_EPOCH + timedelta(days=days):
        return Departure.EXPIRED
    if (ends is not None and now >= ends) or (begins is not None and now < begins):
        return Departure.EXPIRED
    return Departure.LOCKED if locked else None


def _of_389(attributes: Attributes, now: datetime) -> Departure | None:
    if _text(attributes, "nsAccountLock").lower() == "true":
        return Departure.DISABLED
    expires = generalized_time(_text(attributes, "krbPrincipalExpiration"))
    if expires is not None and now >= expires:
        return Departure.EXPIRED
    unlocks = generalized_time(_text(attributes, "accountUnlockTime"))
    locked = unlocks is not None and (unlocks == _UNIX_EPOCH or now < unlocks)  # the epoch: by hand only
    return Departure.LOCKED if locked else None


def _of_windows(attributes: Attributes, now: datetime) -> Departure | None:
    control = _number(_text(attributes, "userAccountControl")) or 0
    if control & _ACCOUNTDISABLE:
        return Departure.DISABLED
    expires = _number(_text(attributes, "accountExpires"))
    ends = expires is not None and expires not in _NEVER and expires // 864_000_000_000 <= _MOST_DAYS
    if ends and now >= _WINDOWS_EPOCH + timedelta(microseconds=(expires or 0) // 10):
        return Departure.EXPIRED
    computed = _number(_text(attributes, "msDS-User-Account-Control-Computed")) or 0
    return Departure.LOCKED if computed & _LOCKOUT else None


def _text(attributes: Attributes, name: str) -> str:
    values = attributes.get(name.lower(), ())
    return values[0].decode("ascii", "replace") if values else ""


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


_DIALECTS: Mapping[Vendor, Callable[[Attributes, datetime], Departure | None]] = MappingProxyType(
    {
        Vendor.OPENLDAP: _of_openldap,
        Vendor.DS389: _of_389,
        Vendor.FREEIPA: _of_389,
        Vendor.ACTIVE_DIRECTORY: _of_windows,
        Vendor.SAMBA: _of_windows,
    }
)
