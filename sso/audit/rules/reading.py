"""Read a rule: one YAML file with Sigma rules, and the Sigma correlation that stands on them.

`sso_hub` beside a detection is ours, as Sigma lets everybody add attributes of their own: what else must be
so of a record that the detection means. Other tools pass over it and find each such record.

new_term   the values of `fields` were not seen together for `timespan` (the baseline)
travel     within `timespan` a record of the same `group-by` was `kilometres` away or more, and to come from
           there takes `kilometres-per-hour` or more
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

import yaml

from sso.audit.record import JsonValue
from sso.audit.rules.condition import ConditionInvalid, condition_of
from sso.audit.rules.engine import Rule
from sso.audit.rules.location import MEMBERS
from sso.audit.rules.new_term import NewTerm
from sso.audit.rules.nodes import Counting, Matching, Node, Ordered
from sso.audit.rules.selection import MODIFIERS, FieldTest, Selection
from sso.audit.rules.travel import Travel
from sso.audit.span import span_of

EXTENSION = "sso_hub"
LEVELS = ("informational", "low", "medium", "high", "critical")
MAX_RULE_BYTES = 65_536
MEMORY_FORMAT = b"1"
"""A part of a rule's digest: what was remembered in another format is not recalled."""

DAY = timedelta(days=1)
"""The span within which matches of a rule belong together that has none of its own."""

_Document: TypeAlias = Mapping[str, JsonValue]


class RuleInvalid(ValueError):
    """A file that is no rule; the text says what is wrong."""


def rule_of(text: str) -> Rule:
    """Return the rule of a file: its last document, standing on those before it.

    Raises:
        RuleInvalid: it is none.
    """
    documents = _documents(text)
    nodes: dict[str, Node] = {}
    for document in documents:
        name = _text(document, "name")
        if name in nodes:
            raise RuleInvalid(f"two rules are named {name}")
        nodes[name] = _correlation(document, nodes) if "correlation" in document else _detecting(document)
    last = documents[-1]
    level = _text(last, "level")
    if level not in LEVELS:
        raise RuleInvalid(f"level is one of {', '.join(LEVELS)}")
    name = _text(last, "name")
    group_by, span = _belonging(last, nodes[name])
    return Rule(
        name=name,
        id=_text(last, "id"),
        title=_text(last, "title"),
        description=" ".join(_text(last, "description").split()),
        level=level,
        group_by=group_by,
        span=span,
        events=_events(documents),
        needs_geography=_needs_geography(documents, nodes),
        digest=hashlib.sha256(MEMORY_FORMAT + text.encode()).hexdigest(),
        node=nodes[name],
    )


def _belonging(document: _Document, node: Node) -> tuple[tuple[str, ...], timedelta]:
    """By which fields, and for how long, what a rule finds belongs together: `fields`, or its grouping."""
    named = _names(document, "fields") if "fields" in document else None
    if isinstance(node, Counting | Ordered | Travel):
        return named or node.group_by, node.span
    return named or (node.fields if isinstance(node, NewTerm) else ()), DAY


def _events(documents: Sequence[_Document]) -> tuple[str, ...]:
    """The codes of events that selections name, in the order of their letters."""
    found: set[str] = set()
    for alternative in (each for document in documents for each in _alternatives(document)):
        named = alternative.get("event", [])
        found |= set(map(str, named if isinstance(named, list) else [named]))
    return tuple(sorted(found))


def _needs_geography(documents: Sequence[_Document], nodes: Mapping[str, Node]) -> bool:
    named = {
        str(name).partition("|")[0]
        for document in documents
        for each in _alternatives(document)
        for name in each
    }
    named |= {name for document in documents for name in _compared(document)}
    return bool(named & set(MEMBERS)) or any(isinstance(node, Travel) for node in nodes.values())


def _compared(document: _Document) -> Iterator[str]:
    """The fields whose values a rule holds against one another, without a selection that names them."""
    for part in ("correlation", EXTENSION):
        told = document.get(part)
        if isinstance(told, Mapping):
            condition = told.get("condition")
            counted = condition.get("field") if isinstance(condition, Mapping) else None
            for names in (told.get("fields"), told.get("group-by"), counted):
                yield from map(str, names if isinstance(names, list) else [names])


def _alternatives(document: _Document) -> Iterator[_Document]:
    detection = document.get("detection")
    for selection in detection.values() if isinstance(detection, Mapping) else ():
        for alternative in selection if isinstance(selection, list) else [selection]:
            if isinstance(alternative, Mapping):
                yield alternative


def _documents(text: str) -> list[_Document]:
    if len(text) > MAX_RULE_BYTES:
        raise RuleInvalid(f"a rule has at most {MAX_RULE_BYTES} characters")
    try:
        found = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RuleInvalid(f"not YAML: {' '.join(str(error).split())[:200]}") from error
    if not found or not all(isinstance(document, dict) for document in found):
        raise RuleInvalid("not a rule")
    return found


def _detecting(document: _Document) -> Node:
    """What a detection means, and of that only what our own words beside it let through."""
    matching = _matching(document)
    return _extended(matching, _object(document, EXTENSION)) if EXTENSION in document else matching


def _extended(matching: Matching, told: _Document) -> Node:
    kind = _text(told, "type")
    if kind == "new_term":
        return NewTerm(matching, _names(told, "fields"), _span(told))
    if kind != "travel":
        raise RuleInvalid(f"{EXTENSION} of type {kind} is not known here: new_term, travel")
    far, fast = (_number(told, name) for name in ("kilometres", "kilometres-per-hour"))
    return Travel(matching, _names(told, "group-by"), _span(told), far, fast)


def _number(told: _Document, name: str) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 40_000:
        raise RuleInvalid(f"{name} is a number, 1 to 40000")
    return value


def _matching(document: _Document) -> Matching:
    detection = dict(_object(document, "detection"))
    condition = detection.pop("condition", None)
    try:
        truth, names = condition_of(str(condition))
    except ConditionInvalid as error:
        raise RuleInvalid(str(error)) from error
    if names != set(detection):
        raise RuleInvalid("the condition names each selection, and no other")
    return Matching({name: _selection(value) for name, value in detection.items()}, truth)


def _selection(value: JsonValue) -> Selection:
    alternatives = value if isinstance(value, list) else [value]
    found = []
    for alternative in alternatives:
        if not isinstance(alternative, Mapping) or not alternative:
            raise RuleInvalid("a selection is an object of fields, or a list of them")
        found.append(tuple(_field_test(name, wanted) for name, wanted in alternative.items()))
    return Selection(tuple(found))


def _field_test(name: str, value: JsonValue) -> FieldTest:
    field, *modifiers = str(name).split("|")
    unknown = set(modifiers) - set(MODIFIERS)
    if unknown:
        raise RuleInvalid(f"unknown modifier of {field}: {', '.join(sorted(unknown))}")
    values = tuple(value) if isinstance(value, list) else (value,)
    return FieldTest(field, tuple(modifiers), values)


def _correlation(document: _Document, nodes: Mapping[str, Node]) -> Node:
    told = _object(document, "correlation")
    kind = _text(told, "type")
    if kind == "new_term" or EXTENSION in document:
        raise RuleInvalid(f"new_term is none of Sigma's correlations: write {EXTENSION} beside the detection")
    below = [_below(name, nodes) for name in _names(told, "rules")]
    span = _span(told)
    group_by = _names(told, "group-by")
    if kind == "temporal_ordered" and len(below) > 1:
        return Ordered(below, group_by, span)
    if kind not in ("event_count", "value_count") or len(below) != 1:
        raise RuleInvalid(f"a correlation of type {kind} over {len(below)} rules is not known here")
    condition = _object(told, "condition")
    least = condition.get("gte")
    if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= 1_000:
        raise RuleInvalid("the condition of a correlation is gte, 1 to 1000")
    distinct = _text(condition, "field") if kind == "value_count" else None
    return Counting(below[0], group_by, span, least, distinct)


def _below(name: str, nodes: Mapping[str, Node]) -> Node:
    if name not in nodes:
        raise RuleInvalid(f"no rule above is named {name}")
    return nodes[name]


def _span(told: _Document) -> timedelta:
    try:
        span = span_of(_text(told, "timespan"))
    except ValueError as error:
        raise RuleInvalid(f"timespan: {error}") from error
    if not span:
        raise RuleInvalid("timespan is longer than nothing")
    return span


def _names(told: _Document, name: str) -> tuple[str, ...]:
    value = told.get(name)
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise RuleInvalid(f"{name} is a list of names")
    return tuple(map(str, value))


def _object(document: _Document, name: str) -> _Document:
    value = document.get(name)
    if not isinstance(value, Mapping):
        raise RuleInvalid(f"{name} is missing")
    return value


def _text(document: _Document, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str | int) or not str(value):
        raise RuleInvalid(f"{name} is missing")
    return str(value)
