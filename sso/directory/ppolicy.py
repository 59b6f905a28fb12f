"""The password policy response control (draft-behera-ldap-password-policy-10 section 6.2)."""

from dataclasses import dataclass
from enum import IntEnum

from sso.directory.ber import SEQUENCE, content_of, elements, first_element

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
    answer = PolicyAnswer()
    for tag, value in elements(content_of(raw, SEQUENCE)):
        if tag == _WARNING:
            answer = _with_warning(answer, value)
        elif tag == _ERROR:
            error = PolicyError(_integer(value))
            answer = PolicyAnswer(error, answer.expires_in_seconds, answer.grace_logins)
    return answer


def _with_warning(answer: PolicyAnswer, raw: bytes) -> PolicyAnswer:
    tag, value, _ = first_element(raw)
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
