"""Evaluate rules over records in the order of the log: one pass, memory bounded by groups and time spans."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sso.audit.entry import names_account
from sso.audit.record import AuditRecord, JsonValue
from sso.audit.rules.location import Locate, nowhere
from sso.audit.rules.nodes import Digest, Node, Seen, as_they_are
from sso.audit.rules.selection import fields_of

UNJUDGED = "finding."
"""The family of events that no rule is shown: what rules found would be found again."""

_NAME_SOMEBODY = ("account_id", "person_id", "actor", "actors", "about")
"""How the names of fields end whose values are ids of accounts or people."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is shown, and the node that decides.

    `group_by` are the fields by which what it finds belongs together, if one match comes within `span` after
    the other. `events` are the codes that it speaks of. `needs_geography`: without one it finds nothing.
    `digest` tells texts apart.
    """

    name: str
    id: str
    title: str
    description: str
    level: str
    group_by: tuple[str, ...]
    span: timedelta
    events: tuple[str, ...]
    needs_geography: bool
    digest: str
    node: Node = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """Records that together are what a rule looks for: their ids, the last one's time, and their group.

    `group` is the digest of what they have in common, `people` the accounts and people that this names.
    """

    rule: Rule
    ids: tuple[str, ...]
    at: datetime
    group: str
    people: tuple[str, ...] = ()


def seen_of(record: AuditRecord, digest: Digest = as_they_are, locate: Locate = nowhere) -> Seen | None:
    """Return a record as rules are given it, or None of one that they are not shown."""
    if record.event.startswith(UNJUDGED):
        return None
    location = locate(record.origin.address)
    fields = fields_of(record) if location is None else {**fields_of(record), **location.members()}
    return Seen(record.id, record.occurred_at, fields, digest)


class Audience:
    """Rules that are shown the same records: the first of an event all of them, then those that want it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._wanting: dict[str, Sequence[Rule]] = {}

    def of(self, seen: Seen) -> Sequence[Rule]:
        """Return the rules to show a record, in their order."""
        code = str(seen.fields.get("event"))
        wanting = self._wanting.get(code)
        if wanting is None:
            self._wanting[code] = [rule for rule in self._rules if rule.node.wants(code)]
        return self._rules if wanting is None else wanting


def match_of(rule: Rule, seen: Seen) -> Match | None:
    """Show a rule the next record, and return what it found."""
    ids = rule.node.feed(seen)
    if not ids:
        return None
    values = [str(seen.fields.get(name, "")) for name in rule.group_by]
    people = {each for name in rule.group_by for each in _people(name, seen.fields.get(name))}
    return Match(rule, ids, seen.at, seen.digest((rule.name, *values)), tuple(sorted(people)))


def _people(name: str, value: JsonValue) -> list[str]:
    """The ids of accounts and people among the values of a field; commands and jobs have none."""
    members = value if isinstance(value, list | tuple) else [value]
    return [each for each in members if names_account(each)] if name.endswith(_NAME_SOMEBODY) else []


def memory_of(rule: Rule, now: datetime) -> bytes:
    """Return what a rule remembers and may still need after `now`."""
    return zlib.compress(json.dumps(rule.node.memory(now), separators=(",", ":")).encode(), 1)


def recall(rule: Rule, memory: bytes) -> None:
    """Let a rule go on from what one of the same digest remembered."""
    rule.node.recall(json.loads(zlib.decompress(memory)))


def matches(
    rules: Sequence[Rule], records: Iterator[AuditRecord], locate: Locate = nowhere
) -> Iterator[Match]:
    """Yield what rules find in records, which come in the order of the log, oldest first."""
    audience = Audience(rules)
    for record in records:
        seen = seen_of(record, locate=locate)
        if seen is not None:
            yield from filter(None, (match_of(rule, seen) for rule in audience.of(seen)))


def joined(found: Iterable[Match]) -> list[Match]:
    """Put together what belongs together: matches of one rule and group, each within its span of the last."""
    whole: list[Match] = []
    newest: dict[tuple[str, str], int] = {}
    for match in found:
        place = newest.get((match.rule.name, match.group))
        earlier = None if place is None else whole[place]
        if place is not None and earlier is not None and match.at - earlier.at <= match.rule.span:
            whole[place] = replace(match, ids=(*earlier.ids, *match.ids))
            continue
        newest[match.rule.name, match.group] = len(whole)
        whole.append(match)
    return whole
