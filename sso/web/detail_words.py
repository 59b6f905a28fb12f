"""What a service wants to do in detail, in people's words (RFC 9396): never the JSON that it sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.details import LISTS, Detail, DetailType, Words, leaves
from sso.web.language import Language


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


LIST_LABELS: Mapping[str, str] = {
    "actions": _("What it may do"),
    "locations": _("Where"),
    "datatypes": _("Which parts"),
    "privileges": _("How far it may go"),
}
_YES, _NO = _("Yes"), _("No")


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One line: what it is, and what it is in this request."""

    label: str
    values: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DetailShown:
    """One thing that a service wants to do."""

    title: str
    rows: tuple[DetailRow, ...]


def details_shown(
    language: Language, details: Sequence[Detail], types: Sequence[DetailType]
) -> tuple[DetailShown, ...]:
    """Return what a page lists; every detail is of one of the types, because it was parsed."""
    kinds = {kind.type: kind for kind in types}
    return tuple(_shown(language, detail, kinds[str(detail["type"])]) for detail in details)


def _shown(language: Language, detail: Detail, kind: DetailType) -> DetailShown:
    chosen = (_chosen(language, name, detail.get(name), kind) for name in LISTS)
    members = dict(leaves(detail))
    told = (
        DetailRow(_in(language, each.words), _texts(language, members[name]))
        for name, each in kind.fields.items()
        if name in members
    )
    return DetailShown(_in(language, kind.words), (*(row for row in chosen if row.values), *told))


def _chosen(language: Language, name: str, values: JsonValue, kind: DetailType) -> DetailRow:
    known = kind.lists.get(name, {})
    texts = (str(value) for value in (values if isinstance(values, list) else ()))
    return DetailRow(language.gettext(LIST_LABELS[name]), tuple(_in(language, known[text]) for text in texts))


def _texts(language: Language, value: JsonValue) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text for each in value for text in _texts(language, each))
    if isinstance(value, bool):
        return (language.gettext(_YES if value else _NO),)
    return (str(value),)


def _in(language: Language, words: Words) -> str:
    return words.get(language.tag, words["en"])
