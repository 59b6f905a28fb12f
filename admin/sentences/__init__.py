"""Events as sentences: who did what where, in the reader's language, for someone who knows no protocol.

For each event code the messages stand from the fullest to the barest; the first whose placeholders are all
known is said. A code that this console does not know yet is told by its name.
"""

import string
from collections.abc import Mapping, Sequence
from typing import Any

from admin.language import Language
from admin.sentences.applications import APPLICATIONS
from admin.sentences.directories import DIRECTORIES
from admin.sentences.log import LOG
from admin.sentences.people import PEOPLE


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


SENTENCES: Mapping[str, Sequence[str]] = {**APPLICATIONS, **PEOPLE, **DIRECTORIES, **LOG}

_UNKNOWN = _("The event {event} was recorded.")
_IN_DETAIL = {
    "reason": "reason",
    "by": "by",
    "source": "source",
    "role": "role",
    "rule": "rule",
    "level": "level",
    "stage": "stage",
    "person": "person_id",
    "directory": "directory_id",
    "kid": "kid",
    "alg": "alg",
    "cause": "cause",
    "status_code": "status_code",
    "endpoint": "endpoint",
    "node": "node",
    "record": "record_id",
    "results": "results",
    "run": "run",
    "leaving": "leaving",
    "people": "people",
    "origin": "origin",
    "key": "key",
    "part": "part",
    "issuer": "issuer",
    "entries": "entries",
    "findings": "findings",
    "suppressions": "suppressions",
    "first": "first",
    "count": "count",
    "refused": "refused",
    "keys": "keys",
    "month": "month",
    "hour": "hour",
    "anchor": "anchor",
    "sink": "sink",
    "event_type": "event_type",
    "label": "label",
    "upstream_id": "upstream_id",
}
_FORMATTER = string.Formatter()


def sentence(record: Mapping[str, Any], client_names: Mapping[str, str], language: Language) -> str:
    """Return a record as a sentence."""
    event = str(record.get("event", ""))
    known = _known(record, client_names)
    messages = SENTENCES.get(f"{event}:{record.get('outcome')}") or SENTENCES.get(event, ())
    for message in messages:
        names = placeholders(message)
        if names <= known.keys():
            return language.gettext(message, **{name: known[name] for name in names})
    return language.gettext(_UNKNOWN, event=event)


def placeholders(message: str) -> set[str]:
    """Return the names between braces."""
    return {name for _literal, name, _spec, _conversion in _FORMATTER.parse(message) if name}


def _known(record: Mapping[str, Any], client_names: Mapping[str, str]) -> dict[str, str]:
    detail = record.get("detail") or {}
    values: dict[str, Any] = {name: detail.get(field) for name, field in _IN_DETAIL.items()}
    client_id = record.get("client_id")
    values |= {
        "application": client_names.get(str(client_id), client_id),
        "account": record.get("account_id"),
        "actor": record.get("actor"),
        "scope": _listed(detail.get("scope")),
        "claims": _listed(detail.get("claims_released", detail.get("claims_changed"))),
        "changed": _listed(sorted(detail.get("after") or ())),
        **{
            name: _listed(detail.get(name)) or "-"
            for name in ("added", "altered", "removed")
            if name in detail
        },
    }
    if values["reason"] is None:
        values["reason"] = detail.get("error")
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def _listed(value: Any) -> str | None:
    return ", ".join(str(member) for member in value) if isinstance(value, list) and value else None
