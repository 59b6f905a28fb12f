"""The condition of a rule: names of selections joined by and, or, not and parentheses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Truth = Callable[[Mapping[str, bool]], bool]
_WORD = re.compile(r"\s*(\(|\)|[A-Za-z_][A-Za-z0-9_]*)")


class ConditionInvalid(ValueError):
    """Words that make no condition; the text says where it went wrong."""


def condition_of(text: str) -> tuple[Truth, frozenset[str]]:
    """Return what decides a condition from its selections, and the names of those.

    Raises:
        ConditionInvalid: not a condition.
    """
    reader = _Reader(_words(text))
    truth = reader.either()
    if reader.words:
        raise ConditionInvalid(f"nothing is expected after {reader.words[0]!r} of a condition")
    return truth, frozenset(reader.names)


def _words(text: str) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        found = _WORD.match(text, at)
        if found is None or len(words) > 100:
            raise ConditionInvalid(f"not a condition: {text[:100]!r}")
        words.append(found[1])
        at = found.end()
    return words


@dataclass(slots=True)
class _Reader:
    """Reads the words from left to right; `not` binds closest, then `and`, then `or`."""

    words: list[str]
    names: set[str] = field(default_factory=set)

    def either(self) -> Truth:
        left = self._both()
        while self.words[:1] == ["or"]:
            self.words.pop(0)
            left = _or(left, self._both())
        return left

    def _both(self) -> Truth:
        left = self._one()
        while self.words[:1] == ["and"]:
            self.words.pop(0)
            left = _and(left, self._one())
        return left

    def _one(self) -> Truth:
        word = self.words.pop(0) if self.words else ""
        if word == "not":
            inner = self._one()
            return lambda holds: not inner(holds)
        if word == "(":
            whole = self.either()
            if self.words[:1] != [")"]:
                raise ConditionInvalid("a parenthesis is not closed")
            self.words.pop(0)
            return whole
        if word in ("", ")", "and", "or"):
            raise ConditionInvalid("a selection is missing in a condition")
        self.names.add(word)
        return lambda holds: holds[word]


def _and(left: Truth, right: Truth) -> Truth:
    return lambda holds: left(holds) and right(holds)


def _or(left: Truth, right: Truth) -> Truth:
    return lambda holds: left(holds) or right(holds)
