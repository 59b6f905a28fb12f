"""How one claim is made of attributes: declarative, in a fixed order, without code.

    take        the first attribute that has a value, several joined, or a template
    matching    a regular expression that the whole text must match; its first group is what is kept
    lower       in small letters
    map         a table; `otherwise` is for what is not in it, and without it makes no claim

A department writes the values and an officer the rules: neither may make the hub wait, so an expression is
short and repeats little, and no repeated part holds another.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

EXPRESSION_MAX_CHARACTERS = 128
REPEATS_MAX = 3
TEXT_MAX_CHARACTERS = 256
_PLACE = re.compile(r"\{([^{}]*)\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """One rule. Exactly one of `first`, `join` and `template` is given.

    Raises ValueError with a sentence for the administrator.
    """

    first: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    separator: str = " "
    template: str = ""
    matching: str = ""
    lower: bool = False
    table: Mapping[str, str] = field(default_factory=dict, hash=False)
    otherwise: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", MappingProxyType(dict(self.table)))
        if sum(bool(source) for source in (self.first, self.join, self.template)) != 1:
            msg = "a claim is made by exactly one of first, join and template"
            raise ValueError(msg)
        if self.template and not self.attributes:
            msg = f"the template {self.template!r} names no attribute, as in {{givenName}}"
            raise ValueError(msg)
        if self.otherwise is not None and not self.table:
            msg = "otherwise is for what is not in map, and there is no map"
            raise ValueError(msg)
        if self.matching:
            _check_expression(self.matching)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What is read of the entry."""
        return self.first or self.join or tuple(_PLACE.findall(self.template))

    def text(self, first_of: Callable[[str], str | None]) -> str | None:
        """The claim's text; None when the entry does not support it. `first_of` reads an attribute."""
        taken = self._taken(first_of)
        if taken is None:
            return None
        if self.matching:
            taken = _matched(self.matching, taken)
        if taken is not None and self.lower:
            taken = taken.lower()
        if taken is None or not self.table:
            return taken
        return self.table.get(taken, self.otherwise)

    def _taken(self, first_of: Callable[[str], str | None]) -> str | None:
        values = {name: first_of(name) for name in self.attributes}
        if self.first:
            return next((value for value in values.values() if value), None)
        if self.join:
            return self.separator.join(value for value in values.values() if value) or None
        if not all(values.values()):  # half a template is somebody else's text
            return None
        return _PLACE.sub(lambda place: values[place[1]] or "", self.template)


def rule_of(told: "str | ClaimRule") -> ClaimRule:
    """A rule from its short form, which is the name of an attribute."""
    return ClaimRule(first=(told,)) if isinstance(told, str) else told


def attributes_of(rules: Sequence[ClaimRule]) -> tuple[str, ...]:
    """Every attribute that the rules read."""
    return tuple(name for rule in rules for name in rule.attributes)


def _matched(expression: str, text: str) -> str | None:
    if len(text) > TEXT_MAX_CHARACTERS:
        return None
    found = re.fullmatch(expression, text)
    if found is None:
        return None
    return found[1] if found.re.groups else found[0]


def _check_expression(expression: str) -> None:
    """Refuse what could take long: then matching costs at most the cube of the text's length."""
    if len(expression) > EXPRESSION_MAX_CHARACTERS:
        msg = f"a regular expression has at most {EXPRESSION_MAX_CHARACTERS} characters"
        raise ValueError(msg)
    try:
        groups = re.compile(expression).groups
    except re.error as error:
        msg = f"{expression!r} is not a regular expression: {error.msg}"
        raise ValueError(msg) from error
    if groups > 1:
        msg = f"{expression!r} has more than one group; write (?:...) for those that are not kept"
        raise ValueError(msg)
    outside = _CLASS.sub("c", re.sub(r"\\[^0-9]", "e", expression))
    if re.search(r"\)[*+{?]", outside) or re.search(r"\\[0-9]|\(\?[P(<=!]", outside):
        msg = f"{expression!r} repeats a group or refers to one, which can take for ever"
        raise ValueError(msg)
    if len(re.findall(r"[*+{]", outside)) > REPEATS_MAX:
        msg = f"{expression!r} repeats more than {REPEATS_MAX} times"
        raise ValueError(msg)
