"""A filter (RFC 7644 3.4.2.2) as a question to the store: exact where an index knows, else a wider one.

scim2-models parses and understands the filter. What comes out holds at least of everything that the filter
finds; `exact` says that it holds of nothing else, and otherwise each candidate is looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from scim2_models import Group, Path, ScimFilter, TooManyException
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from sso.directory.provisioned import IndexedValue, ResourceKind
from sso.directory.provisioned_query import (
    All,
    Always,
    AnyOf,
    ColumnCompared,
    Compared,
    Condition,
    MemberOf,
)
from sso.directory.provisioned_query import Not as Opposite
from sso.directory.scim import ENTERPRISE, values_of
from sso.scim.resource_types import HubUser

_USER_PATHS = (
    *("userName", "externalId", "displayName", "nickName", "title", "userType"),
    *("name.formatted", "name.familyName", "name.givenName", "name.middleName"),
    *("preferredLanguage", "locale", "timezone", "emails.value", "phoneNumbers.value"),
    *(f"{ENTERPRISE}:{name}" for name in ("employeeNumber", "costCenter", "organization", "division")),
    f"{ENTERPRISE}:department",
)
_GROUP_PATHS = ("displayName", "externalId")
_PATHS: Mapping[ResourceKind, Any] = MappingProxyType(
    {ResourceKind.USER: Path[HubUser], ResourceKind.GROUP: Path[Group]}
)
_COLUMNS = MappingProxyType(
    {"id": "id", "meta.created": "created", "meta.lastmodified": "updated", "active": "active"}
)
_LINKS = MappingProxyType({ResourceKind.USER: "groups.value", ResourceKind.GROUP: "members.value"})
SLOW_TERMS_MAX = 5
"""Terms of one filter that look at every value of an attribute."""
_UNRANGED = frozenset({"co", "ew", "ne"})
_OPEN = frozenset({"gt", "ge", "sw"})
_WIDE = frozenset({CompareOperator.ne})


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition, and whether it finds exactly what the filter does."""

    condition: Condition
    exact: bool


_EVERYTHING = Asked(Always(), exact=False)


def _bindings(kind: ResourceKind, paths: tuple[str, ...]) -> dict[str, tuple[str, AttributeBinding]]:
    found = {}
    for path in paths:
        binding = _PATHS[kind](path).resolve()
        assert binding is not None  # noqa: S101 - the paths are ours
        found[binding.urn.lower()] = (path, binding)
    return found


_INDEXED: Mapping[ResourceKind, Mapping[str, tuple[str, AttributeBinding]]] = MappingProxyType(
    {
        ResourceKind.USER: _bindings(ResourceKind.USER, _USER_PATHS),
        ResourceKind.GROUP: _bindings(ResourceKind.GROUP, _GROUP_PATHS),
    }
)


def indexed_values(kind: ResourceKind, attributes: Mapping[str, Any]) -> list[IndexedValue]:
    """Return the values of a resource as filters compare them."""
    known = values_of(attributes)
    return [
        IndexedValue(path.lower(), place, binding.comparable(text))
        for path, binding in _INDEXED[kind].values()
        for place, text in enumerate(known.get(path, ()))
    ]


def index_of(kind: ResourceKind, binding: AttributeBinding | None) -> tuple[str, bool] | None:
    """Return what orders by an attribute: an indexed attribute, or a column (True); None for any other."""
    if binding is None:
        return None
    if (column := _COLUMNS.get(_short(binding))) is not None:
        return column, True
    found = _INDEXED[kind].get(binding.urn.lower())
    return None if found is None else (found[0].lower(), False)


def asked(kind: ResourceKind, scim_filter: "ScimFilter[Any]") -> Asked:
    """Return the question that a filter stands for, as far as the store can answer it.

    Raises:
        TooManyException: too many of its terms look at every value of an attribute.
    """
    question = _Asking(kind, scim_filter).of(scim_filter.ast)
    if sum(_is_slow(each) for each in _comparisons(question.condition)) > SLOW_TERMS_MAX:
        detail = f"a filter has at most {SLOW_TERMS_MAX} terms with co, ew, ne or pr"
        raise TooManyException(detail=detail)
    return question


def _comparisons(condition: Condition) -> Iterator[Compared]:
    match condition:
        case Compared():
            yield condition
        case Opposite():
            yield from _comparisons(condition.condition)
        case All() | AnyOf():
            for each in condition.conditions:
                yield from _comparisons(each)


def _is_slow(compared: Compared) -> bool:
    """Whether no range of the index answers it: every value of the attribute is looked at."""
    return compared.operator in _UNRANGED or (compared.operator in _OPEN and not compared.key)


def attributes_in(node: FilterNode) -> Iterator[str]:
    """Return the attributes that a filter names, for the log."""
    if isinstance(node, Comparison | Present):
        yield str(node.attr_path)
    elif isinstance(node, ValuePath):
        yield str(node.attr_path)
        yield from (f"{node.attr_path}.{name}" for name in attributes_in(node.val_filter))
    elif isinstance(node, Not):
        yield from attributes_in(node.expr)
    elif isinstance(node, LogicalExpr):
        for term in node.terms:
            yield from attributes_in(term)


@dataclass(frozen=True, slots=True)
class _Asking:
    kind: ResourceKind
    scim_filter: "ScimFilter[Any]"

    def of(self, node: FilterNode) -> Asked:
        if isinstance(node, LogicalExpr):
            return self._combined(node)
        if isinstance(node, Not):
            inner = self.of(node.expr)
            return Asked(Opposite(inner.condition), exact=True) if inner.exact else _EVERYTHING
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, Present):
            return self._present(node)
        return self._within(node) if isinstance(node, ValuePath) else _EVERYTHING

    def _combined(self, node: LogicalExpr) -> Asked:
        terms = [self.of(term) for term in node.terms]
        conditions = tuple(term.condition for term in terms)
        joined = All(conditions) if node.op is LogicalOperator.and_ else AnyOf(conditions)
        return Asked(joined, exact=all(term.exact for term in terms))

    def _comparison(self, node: Comparison) -> Asked:
        binding = self.scim_filter.resolve_comparison(node.attr_path, strict=False)
        if binding is None or node.value is None:
            return _EVERYTHING
        return self._compared(binding, node)

    def _compared(self, binding: AttributeBinding, node: Comparison) -> Asked:
        value, operator = coerce_value(binding, node.value, node.op), node.op.value
        found = _INDEXED[self.kind].get(binding.urn.lower())
        if found is not None and isinstance(value, str):
            key = found[1].comparable(value)
            return Asked(Compared(found[0].lower(), operator, key), exact=True)
        column = _COLUMNS.get(_short(binding))
        if column is not None and operator not in ("co", "sw", "ew"):
            return Asked(ColumnCompared(column, operator, _aware(value)), exact=True)
        if _short(binding) == _LINKS[self.kind] and operator == "eq" and isinstance(value, str):
            return Asked(MemberOf(value), exact=True)
        return _EVERYTHING

    def _present(self, node: Present) -> Asked:
        binding = self.scim_filter.resolve(node.attr_path, strict=False)
        if binding is None:
            return _EVERYTHING
        if _short(binding) in _COLUMNS:
            return Asked(Always(), exact=True)
        found = _INDEXED[self.kind].get(binding.urn.lower())
        if found is None:
            return _EVERYTHING
        return Asked(Compared(found[0].lower(), "gt", ""), exact=True)

    def _within(self, node: ValuePath) -> Asked:
        """What must hold of one entry holds of some entry: a wider question."""
        wider = [
            self._comparison(Comparison(_below(node.attr_path, term.attr_path), term.op, term.value))
            for term in _conjuncts(node.val_filter)
            if isinstance(term, Comparison) and term.op not in _WIDE and term.attr_path.sub_attr is None
        ]
        return Asked(All(tuple(each.condition for each in wider)), exact=False)


def _conjuncts(node: FilterNode) -> Iterator[FilterNode]:
    if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_:
        for term in node.terms:
            yield from _conjuncts(term)
    else:
        yield node


def _below(outer: AttrPath, inner: AttrPath) -> AttrPath:
    return AttrPath(attr=outer.attr, sub_attr=inner.attr, uri=outer.uri)


def _short(binding: AttributeBinding) -> str:
    """An attribute's name without the URN of a core schema."""
    return binding.urn.lower().rpartition(":")[2]


def _aware(value: Any) -> Any:
    """A time without a zone is taken for UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
