"""What a directory answered to a change of password, in its vendor's dialect, as one outcome.

Recorded on OpenLDAP 2.5, 389-DS 2.3 and Samba 4.17. OpenLDAP gives the reason in the password policy control,
389-DS sometimes, Active Directory in a hexadecimal code ([MS-ERREF] 2.2) and Samba in words beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sso.directory.entry import Entry
from sso.directory.ppolicy import PolicyError
from sso.directory.states import (
    CONSTRAINT_VIOLATION,
    INVALID_CREDENTIALS,
    SUCCESS,
    UNWILLING_TO_PERFORM,
    BindAnswer,
)
from sso.directory.verification import AccountState, Verification

CHANGEABLE = frozenset({AccountState.OK, AccountState.MUST_CHANGE, AccountState.EXPIRED})
"""The states in which the right old password may be changed; a locked or disabled clerk's may not."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """The old one, which proves who asks, and the one that is wanted; UTF-8."""

    old: bytes = field(repr=False)
    new: bytes = field(repr=False)


class ChangeOutcome(StrEnum):
    """What became of it.

    REFUSED is a rule of the directory that it did not name; NOT_OFFERED means that the directory lets nobody
    change this password here; UNKNOWN that the answer was lost and the new password does not work yet.
    """

    CHANGED = "changed"
    BAD_CREDENTIALS = "bad_credentials"
    STATE = "state"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    TOO_YOUNG = "too_young"
    USED_BEFORE = "used_before"
    REFUSED = "refused"
    NOT_OFFERED = "not_offered"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Change:
    """An outcome, what the old password's bind said, and the entry; None when none was found."""

    outcome: ChangeOutcome
    verification: Verification
    entry: Entry | None


_BY_POLICY: Mapping[PolicyError, ChangeOutcome] = MappingProxyType(
    {
        PolicyError.PASSWORD_MOD_NOT_ALLOWED: ChangeOutcome.NOT_OFFERED,
        PolicyError.MUST_SUPPLY_OLD_PASSWORD: ChangeOutcome.BAD_CREDENTIALS,
        PolicyError.INSUFFICIENT_PASSWORD_QUALITY: ChangeOutcome.TOO_SIMPLE,
        PolicyError.PASSWORD_TOO_SHORT: ChangeOutcome.TOO_SHORT,
        PolicyError.PASSWORD_TOO_YOUNG: ChangeOutcome.TOO_YOUNG,
        PolicyError.PASSWORD_IN_HISTORY: ChangeOutcome.USED_BEFORE,
        PolicyError.PASSWORD_TOO_LONG: ChangeOutcome.TOO_LONG,
    }
)
# RFC 4511 appendix A: stronger authentication, confidentiality, inappropriate authentication, insufficient
# access, protocol error ("no such operation").
_NOT_OFFERED_CODES = frozenset({2, 7, 8, 13, 48, 50})

_WINDOWS_CODE = re.compile(r"\b([0-9A-F]{8}): ", re.IGNORECASE)
_WRONG_OLD_PASSWORD, _PASSWORD_RESTRICTION, _LOCKED_OUT = "00000056", "0000052d", "00000775"
# Samba's words; Windows gives the code alone.
_SAMBA_WORDS: tuple[tuple[str, ChangeOutcome], ...] = (
    ("too short", ChangeOutcome.TOO_SHORT),
    ("too young", ChangeOutcome.TOO_YOUNG),
    ("already used", ChangeOutcome.USED_BEFORE),
    ("complexity", ChangeOutcome.TOO_SIMPLE),
)


def outcome_of_modify_password(answer: BindAnswer) -> ChangeOutcome:
    """The outcome of RFC 3062's operation. Pure; never raises."""
    if answer.result == SUCCESS:
        return ChangeOutcome.CHANGED
    error = answer.policy.error if answer.policy is not None else None
    if error is not None and error in _BY_POLICY:
        return _BY_POLICY[error]
    if answer.result == CONSTRAINT_VIOLATION:
        return ChangeOutcome.REFUSED
    verifies_old = answer.result == UNWILLING_TO_PERFORM and "old password" in answer.message.lower()
    if answer.result == INVALID_CREDENTIALS or verifies_old:
        return ChangeOutcome.BAD_CREDENTIALS
    return ChangeOutcome.NOT_OFFERED if answer.result in _NOT_OFFERED_CODES else ChangeOutcome.UNAVAILABLE


def outcome_of_unicode_pwd(answer: BindAnswer) -> ChangeOutcome:
    """The outcome of exchanging unicodePwd ([MS-ADTS] 3.1.1.3.1.5). Pure; never raises."""
    if answer.result == SUCCESS:
        return ChangeOutcome.CHANGED
    found = _WINDOWS_CODE.search(answer.message)
    code = found[1].lower() if found else ""
    if answer.result in {CONSTRAINT_VIOLATION, UNWILLING_TO_PERFORM}:
        if code == _WRONG_OLD_PASSWORD:
            return ChangeOutcome.BAD_CREDENTIALS
        if code == _LOCKED_OUT:
            return ChangeOutcome.STATE
        if code == _PASSWORD_RESTRICTION or answer.result == CONSTRAINT_VIOLATION:
            return _samba_reason(answer.message)
        return ChangeOutcome.NOT_OFFERED
    return ChangeOutcome.NOT_OFFERED if answer.result in _NOT_OFFERED_CODES else ChangeOutcome.UNAVAILABLE


def _samba_reason(message: str) -> ChangeOutcome:
    text = message.lower()
    return next((outcome for word, outcome in _SAMBA_WORDS if word in text), ChangeOutcome.REFUSED)
