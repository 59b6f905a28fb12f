"""From what a server answers to a bind, in its vendor's dialect, to one account state.

The dialects were recorded on real servers (OpenLDAP 2.5, 389-DS 2.3, Samba 4.17). OpenLDAP speaks through
the password policy control, 389-DS through result code, text and control, Active Directory through a
hexadecimal code in the text ([MS-ERREF] 2.2). A password counts as proven only where the same server
answers differently to a wrong one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sso.directory.ppolicy import PolicyAnswer, PolicyError
from sso.directory.presets import Vendor
from sso.directory.verification import AccountState, Verification

# Result codes of RFC 4511 appendix A.
SUCCESS = 0
SIZE_LIMIT_EXCEEDED = 4
CONSTRAINT_VIOLATION = 19
INVALID_CREDENTIALS = 49
UNWILLING_TO_PERFORM = 53
_POLICY_CODES = frozenset({7, 8, 13})  # method not supported, stronger authentication, confidentiality
_REFUSAL_CODES = frozenset({32, 34, 48, 50, INVALID_CREDENTIALS})  # all of them mean "not with this name"


@dataclass(frozen=True, slots=True)
class BindAnswer:
    """The server's answer: result code, diagnostic message and password policy control (None: absent)."""

    result: int
    message: str = ""
    policy: PolicyAnswer | None = None


def verification_of(vendor: Vendor, answer: BindAnswer) -> Verification:
    """The account state that the answer stands for. Pure; never raises."""
    dialect = _DIALECTS[vendor](answer)
    state, proven = dialect if dialect is not None else _by_result_code(answer)
    policy = answer.policy or PolicyAnswer()
    return Verification(
        state=state,
        password_proven=proven,
        expires_in_seconds=policy.expires_in_seconds if proven else None,
        grace_logins=policy.grace_logins if proven else None,
        reason=_reason(answer),
    )


_StateAndProof = tuple[AccountState, bool]

_ACTIVE_DIRECTORY_CODES: Mapping[str, _StateAndProof] = MappingProxyType(
    {
        "525": (AccountState.BAD_CREDENTIALS, False),  # ERROR_NO_SUCH_USER
        "52e": (AccountState.BAD_CREDENTIALS, False),  # ERROR_LOGON_FAILURE
        "530": (AccountState.NOT_NOW, True),  # ERROR_INVALID_LOGON_HOURS
        "531": (AccountState.NOT_NOW, True),  # ERROR_INVALID_WORKSTATION
        "532": (AccountState.EXPIRED, True),  # ERROR_PASSWORD_EXPIRED
        "533": (AccountState.DISABLED, True),  # ERROR_ACCOUNT_DISABLED
        "701": (AccountState.ACCOUNT_EXPIRED, True),  # ERROR_ACCOUNT_EXPIRED
        "773": (AccountState.MUST_CHANGE, True),  # ERROR_PASSWORD_MUST_CHANGE
        "775": (AccountState.LOCKED, False),  # ERROR_ACCOUNT_LOCKED_OUT, also to a wrong password
    }
)
_ACTIVE_DIRECTORY_CODE = re.compile(r"\bdata ([0-9a-f]{2,8})\b", re.IGNORECASE)

# What a policy error means beside a refusal: (state, is the password proven).
_REFUSED_BY_POLICY: Mapping[PolicyError, _StateAndProof] = MappingProxyType(
    {
        PolicyError.ACCOUNT_LOCKED: (AccountState.LOCKED, False),
        PolicyError.PASSWORD_EXPIRED: (AccountState.EXPIRED, True),
        PolicyError.CHANGE_AFTER_RESET: (AccountState.MUST_CHANGE, True),
    }
)
# Texts of 389-DS and FreeIPA beside result 53, lower case. FreeIPA's are from its documentation.
_UNWILLING_TEXTS: tuple[tuple[str, AccountState], ...] = (
    ("inactivated", AccountState.DISABLED),
    ("too many failed logins", AccountState.LOCKED),
    ("principal) is expired", AccountState.ACCOUNT_EXPIRED),
)


def _by_result_code(answer: BindAnswer) -> _StateAndProof:
    """What RFC 4511 alone says. A code that is no verdict on the account is an unavailable server."""
    if answer.result == SUCCESS:
        return AccountState.OK, True
    if answer.result in _REFUSAL_CODES:
        return AccountState.BAD_CREDENTIALS, False
    if answer.result in _POLICY_CODES:
        return AccountState.POLICY, False
    return AccountState.UNAVAILABLE, False


def _by_policy_control(answer: BindAnswer) -> _StateAndProof | None:
    """OpenLDAP. Must-change comes with result 0: without the control it would look like success."""
    if answer.policy is None or answer.policy.error is None:
        return None
    if answer.result == SUCCESS:
        state, _ = _REFUSED_BY_POLICY.get(answer.policy.error, (AccountState.POLICY, True))
        return state, True
    if answer.result == INVALID_CREDENTIALS:
        return _REFUSED_BY_POLICY.get(answer.policy.error)
    return None


def _by_code_text_and_control(answer: BindAnswer) -> _StateAndProof | None:
    """389-DS and FreeIPA. Locked and disabled are said to a wrong password too."""
    if answer.result == CONSTRAINT_VIOLATION:
        return AccountState.LOCKED, False
    if answer.result == UNWILLING_TO_PERFORM:
        text = answer.message.lower()
        return next(((state, False) for part, state in _UNWILLING_TEXTS if part in text), None)
    if answer.result == INVALID_CREDENTIALS and "password expired" in answer.message.lower():
        return AccountState.EXPIRED, True
    return _by_policy_control(answer)


def _by_hexadecimal_code(answer: BindAnswer) -> _StateAndProof | None:
    """Active Directory and Samba: result 49 and `... data 533, v1db1`."""
    found = _ACTIVE_DIRECTORY_CODE.search(answer.message) if answer.result == INVALID_CREDENTIALS else None
    return _ACTIVE_DIRECTORY_CODES.get(found.group(1).lower()) if found else None


def _reason(answer: BindAnswer) -> str:
    """Private text from closed vocabularies only: a server's prose never reaches the audit."""
    words = [f"ldap result {answer.result}"]
    found = _ACTIVE_DIRECTORY_CODE.search(answer.message)
    if found:
        words.append(f"data {found.group(1).lower()}")
    if answer.policy is not None and answer.policy.error is not None:
        words.append(f"policy {answer.policy.error.name.lower()}")
    return ", ".join(words)


_DIALECTS: Mapping[Vendor, Callable[[BindAnswer], _StateAndProof | None]] = MappingProxyType(
    {
        Vendor.OPENLDAP: _by_policy_control,
        Vendor.DS389: _by_code_text_and_control,
        Vendor.FREEIPA: _by_code_text_and_control,
        Vendor.ACTIVE_DIRECTORY: _by_hexadecimal_code,
        Vendor.SAMBA: _by_hexadecimal_code,
    }
)
