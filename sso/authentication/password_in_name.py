"""Signs that a password was typed where the name belongs: people do, and then it stands on their screen.

What was typed is compared and looked at, and never kept.
"""

import re
from enum import StrEnum
from itertools import groupby

_MAIL_ADDRESS = re.compile(r"([^@\s]+)@[^@\s]+\.[^@\s]+")
_OF_NAMES = frozenset(" ._-+/@'\\")
MIN_LENGTH = 8
"""Characters of the shortest text that looks like a password."""

MAX_LAST_DIGITS = 4
"""So many digits at the end of a name are a year or a number, as in JohnSmith1985."""


class PasswordInName(StrEnum):
    """How it is known.

    SAME: in the same sign-in the very text was typed as another name before it was tried as a password.
    LIKELY: a name that nobody has looks like a password.
    """

    SAME = "same"
    LIKELY = "likely"


def recorded(sign: PasswordInName | None, *, is_known: bool) -> str | None:
    """Return what the log says of a sign: of a name that somebody has its looks say nothing."""
    return None if sign is None or (is_known and sign is PasswordInName.LIKELY) else sign.value


def looks_like_a_password(typed: str) -> bool:
    """Whether a text, typed as a name that nobody has, looks more like a password.

    It has letters, digits and a sign that is unusual in names; or small and capital letters, and digits
    elsewhere than as a number at its end. Of a mail address the part before the `@` is looked at.
    """
    text = typed.strip()
    address = _MAIL_ADDRESS.fullmatch(text)
    text = address[1] if address else text
    kinds = [_kind(character) for character in text]
    if len(text) < MIN_LENGTH or "digit" not in kinds or not {"small", "capital"} & set(kinds):
        return False
    return "sign" in kinds or ({"small", "capital"} <= set(kinds) and not _ends_in_a_number(kinds))


def _kind(character: str) -> str:
    if character.isalpha():
        return "capital" if character.isupper() else "small"
    if character.isdigit():
        return "digit"
    return "of names" if character in _OF_NAMES else "sign"


def _ends_in_a_number(kinds: list[str]) -> bool:
    """Whether all digits are one short number at the end."""
    digits = [len(list(run)) for kind, run in groupby(kinds) if kind == "digit"]
    return kinds[-1] == "digit" and len(digits) == 1 and digits[0] <= MAX_LAST_DIGITS
