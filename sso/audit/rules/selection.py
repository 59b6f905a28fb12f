"""Which records a Sigma selection means: fields with modifiers and wildcards, compared without case."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from sso.audit.place import address_of, network_around
from sso.audit.record import AuditRecord, JsonValue, Origin

Fields = Mapping[str, JsonValue]
"""A record as rules see it: its own members, and those of its detail beside them."""

MODIFIERS = ("contains", "startswith", "endswith", "gt", "gte", "lt", "lte", "all")


def fields_of(record: AuditRecord) -> Fields:
    """Return a record as rules see it.

    `hour` is the hour of the day in UTC, `about` the account that somebody asked about, `changed` the names
    in `before` and `after` of a change, `seen_from` the network around the address together with the program.
    """
    whole = record.as_json()
    whole.pop("detail", None)
    asked = [value.get("account_id") for value in record.detail.values() if isinstance(value, Mapping)]
    about = next((each for each in asked if each not in (None, record.account_id)), None)
    changed: set[str] = set()
    for side in (record.detail.get("before"), record.detail.get("after")):
        changed |= set(side) if isinstance(side, Mapping) else set()
    derived = {
        "hour": record.occurred_at.hour,
        "about": about,
        "changed": sorted(changed) or None,
        "seen_from": _seen_from(record.origin),
    }
    return {**record.detail, **whole, **derived}


def _seen_from(origin: Origin) -> str | None:
    if origin.address is None and origin.user_agent is None:
        return None
    return f"{_network(origin.address)} {origin.user_agent or ''}"


@lru_cache(maxsize=4096)
def _network(text: str | None) -> str:
    address = address_of(text)
    return "" if address is None else str(network_around(address))


@dataclass(frozen=True, slots=True)
class FieldTest:
    """One line of a selection: any of the values must be met; with `all`, every one."""

    name: str
    modifiers: tuple[str, ...]
    values: tuple[JsonValue, ...]

    def holds(self, fields: Fields) -> bool:
        """Whether a record meets it; of a member that is a list, any element will do."""
        found = fields.get(self.name)
        members = list(found) if isinstance(found, list | tuple) else [found]
        wanted = [any(self._meets(member, value) for member in members) for value in self.values]
        return all(wanted) if "all" in self.modifiers else any(wanted)

    def _meets(self, member: JsonValue, value: JsonValue) -> bool:
        if value is None or member is None:
            return member is None and value is None
        for modifier in self.modifiers:
            if modifier in ("gt", "gte", "lt", "lte"):
                return _compares(modifier, member, value)
        return _pattern(str(value), self.modifiers).fullmatch(str(member)) is not None


@dataclass(frozen=True, slots=True)
class Selection:
    """Any of the alternatives must be met, each with all of its lines."""

    alternatives: tuple[tuple[FieldTest, ...], ...]

    def holds(self, fields: Fields) -> bool:
        """Whether a record is meant."""
        return any(all(test.holds(fields) for test in tests) for tests in self.alternatives)

    def may_hold(self, code: str) -> bool:
        """Whether a record of some event can be meant, whatever else it says."""
        told = {"event": code}
        return any(
            all(test.holds(told) for test in tests if test.name == "event") for tests in self.alternatives
        )


def _compares(modifier: str, member: JsonValue, value: JsonValue) -> bool:
    if not isinstance(member, int | float) or not isinstance(value, int | float):
        return False
    return {
        "gt": member > value,
        "gte": member >= value,
        "lt": member < value,
        "lte": member <= value,
    }[modifier]


@cache
def _pattern(value: str, modifiers: Sequence[str]) -> re.Pattern[str]:
    """Wildcards as Sigma has them: * for any text, ? for one character."""
    text = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in value)
    before = ".*" if "contains" in modifiers or "endswith" in modifiers else ""
    after = ".*" if "contains" in modifiers or "startswith" in modifiers else ""
    return re.compile(f"{before}{text}{after}", re.IGNORECASE | re.DOTALL)
