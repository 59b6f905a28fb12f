"""The password policy response control (draft-behera-ldap-password-policy-10 section 6.2).

ldap3 hands the control over as raw bytes. Lengths may come in BER's long form: 389-DS writes
`30 84 00 00 00 03 81 01 01` where OpenLDAP writes `30 03 81 01 01`.
"""

from dataclasses import dataclass
from enum import IntEnum

PASSWORD_POLICY_OID = "1.3.6.1.4.1.42.2.27.8.5.1"

_WARNING, _ERROR = 0xA0, 0x81  # tags of the two optional members
_TIME_BEFORE_EXPIRATION, _GRACE_LOGINS = 0x80, 0x81  # tags of the two choices of the warning
_INTEGER_MAX_OCTETS = 5


class PolicyError(IntEnum):
    """The errors of section 6.2, by their number on the wire."""

    PASSWORD_EXPIRED = 0
    ACCOUNT_LOCKED = 1
    CHANGE_AFTER_RESET = 2
    PASSWORD_MOD_NOT_ALLOWED = 3
    MUST_SUPPLY_OLD_PASSWORD = 4
    INSUFFICIENT_PASSWORD_QUALITY = 5
    PASSWORD_TOO_SHORT = 6
    PASSWORD_TOO_YOUNG = 7
    PASSWORD_IN_HISTORY = 8
    PASSWORD_TOO_LONG = 9


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What the server added about the password; each member is None when the server said nothing."""

    error: PolicyError | None = None
    expires_in_seconds: int | None = None
    grace_logins: int | None = None


def decode_policy_answer(raw: bytes) -> PolicyAnswer:
    """Read the control's value. Raises ValueError when the bytes are not such a value."""
    if not raw:
        return PolicyAnswer()
    tag, body, rest = _take(raw)
    if tag != 0x30 or rest:
        msg = "the password policy answer is not one sequence"
        raise ValueError(msg)
    answer = PolicyAnswer()
    while body:
        tag, value, body = _take(body)
        if tag == _WARNING:
            answer = _with_warning(answer, value)
        elif tag == _ERROR:
            error = PolicyError(_integer(value))
            answer = PolicyAnswer(error, answer.expires_in_seconds, answer.grace_logins)
    return answer


def _with_warning(answer: PolicyAnswer, raw: bytes) -> PolicyAnswer:
    tag, value, _ = _take(raw)
    if tag == _TIME_BEFORE_EXPIRATION:
        return PolicyAnswer(answer.error, _integer(value), answer.grace_logins)
    if tag == _GRACE_LOGINS:
        return PolicyAnswer(answer.error, answer.expires_in_seconds, _integer(value))
    msg = "the password policy answer has an unknown warning"
    raise ValueError(msg)


def _integer(raw: bytes) -> int:
    if not 1 <= len(raw) <= _INTEGER_MAX_OCTETS:
        msg = "the password policy answer has an unreasonable number"
        raise ValueError(msg)
    return int.from_bytes(raw, "big")


def _take(raw: bytes) -> tuple[int, bytes, bytes]:
    """One element of BER (X.690 8.1): its tag, its contents and what follows. Raises ValueError."""
    if len(raw) < 2:
        msg = "the password policy answer is cut short"
        raise ValueError(msg)
    tag, length, start = raw[0], raw[1], 2
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or len(raw) < 2 + octets:
            msg = "the password policy answer has an unreadable length"
            raise ValueError(msg)
        length, start = int.from_bytes(raw[2 : 2 + octets], "big"), 2 + octets
    if len(raw) < start + length:
        msg = "the password policy answer is cut short"
        raise ValueError(msg)
    return tag, raw[start : start + length], raw[start + length :]
