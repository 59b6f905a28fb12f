"""Which new passwords are accepted: NIST SP 800-63B-4 3.1.1.2.

Length and a block list of whole passwords; no composition rules, no periodic change, no hints.
Unicode code points count as characters, after NFC.
"""

import hashlib
import mmap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_LENGTH = 1024
COMMON_PASSWORDS_FILE = Path(__file__).with_name("common_passwords.txt")
_SHA1_HEX_LENGTH = 40


class PasswordRefused(ValueError):
    """A new password is not acceptable; the text says why, for its owner."""


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """`minimum_length` in characters: 15 where the password stands alone, 8 beside a second factor.

    `blocklist_file` is an operator's list: lines that begin with the upper-case SHA-1 of a password in
    hex, sorted (the form in which breach lists are published). `context` are words that a password must
    not merely repeat, such as the hub's name.
    """

    minimum_length: int = 15
    blocklist_file: Path | None = None
    context: tuple[str, ...] = ()

    def check(self, password: str, *, names: Sequence[str] = ()) -> None:
        """Accept a new password of someone known under `names`.

        Raises:
            PasswordRefused: too short, too long, common, breached, or made of the person's names.
        """
        text = unicodedata.normalize("NFC", password)
        if len(text) < self.minimum_length:
            raise PasswordRefused(f"the password needs at least {self.minimum_length} characters")
        if len(text) > MAX_LENGTH:
            raise PasswordRefused(f"the password may have at most {MAX_LENGTH} characters")
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            raise PasswordRefused("the password holds a character that cannot be typed")
        if _is_common(text) or self._is_breached(text):
            raise PasswordRefused("this password is on a list of common or stolen passwords; choose another")
        if _is_repetition(text, (*self.context, *names)):
            raise PasswordRefused("the password only repeats a word, a sequence or a name; choose another")

    def _is_breached(self, text: str) -> bool:
        if self.blocklist_file is None or self.blocklist_file.stat().st_size == 0:
            return False
        # SHA-1 is how published lists are keyed; nothing secret rests on it.
        wanted = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with (
            self.blocklist_file.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines,
        ):
            return _find_sorted(lines, wanted)


def _find_sorted(lines: mmap.mmap, wanted: bytes) -> bool:
    """Bisect a file of sorted lines for one that begins with `wanted`."""
    low, high = 0, len(lines)
    while low < high:
        start = lines.rfind(b"\n", 0, (low + high) // 2) + 1
        found = lines[start : start + _SHA1_HEX_LENGTH].upper()
        if found == wanted:
            return True
        if found < wanted:
            end = lines.find(b"\n", start)
            low = len(lines) if end < 0 else end + 1
        else:
            high = start
    return False


def _is_common(text: str) -> bool:
    folded = text.casefold()
    with COMMON_PASSWORDS_FILE.open(encoding="utf-8") as file:
        common = {line.strip() for line in file if line.strip() and not line.startswith("#")}
    return folded in common or any(_repeats(folded, word) for word in common)


def _is_repetition(text: str, names: Sequence[str]) -> bool:
    folded = text.casefold()
    if len(set(folded) - {" "}) <= 2 or _is_sequence(folded):
        return True
    if any(_repeats(folded, folded[:length]) for length in range(1, len(folded) // 3 + 1)):
        return True
    letters = _letters(folded)
    return bool(letters) and any(_repeats(letters, _letters(name)) for name in names)


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _repeats(text: str, unit: str) -> bool:
    """Whether the text is the unit, written out again and again, the last time perhaps cut."""
    return bool(unit) and text == (unit * (len(text) // len(unit) + 1))[: len(text)]


def _is_sequence(text: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in zip(text, text[1:], strict=False)}
    return steps <= {1} or steps <= {-1}
