"""User codes: short, without vowels and look-alikes, read however they were typed (RFC 8628 6.1)."""

import re
import secrets
import unicodedata

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty consonants: no code spells a word, and no letter is taken for a digit."""

LENGTH = 8
"""Twenty to the power of eight: 34 bits, enough for minutes of throttled guessing (RFC 8628 5.1)."""

MAX_TYPED_LENGTH = 64
_BETWEEN = re.compile(r"[\s\-_.\u00ad\u2010-\u2015\u2212\u30fc]+")
_CODE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


def new_user_code() -> str:
    """Return a random code, without its hyphen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """Return a code as a device shows it: XXXX-XXXX."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read_user_code(typed: str) -> str | None:
    """Return the code that somebody typed, or None if it cannot be one.

    Lower case, full-width letters, spaces and hyphens of any kind are the same to us as to the reader.
    """
    if len(typed) > MAX_TYPED_LENGTH:
        return None
    plain = unicodedata.normalize("NFKC", typed)
    code = _BETWEEN.sub("", plain).upper()
    return code if _CODE.fullmatch(code) else None
