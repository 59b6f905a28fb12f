"""What is asked of a server and what it answers, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sso.directory.filters import Filter
from sso.directory.ldap.sync_protocol import (
    DONE_OID,
    INFO_OID,
    STATE_OID,
    Done,
    EntryMark,
    Information,
    done,
    entry_mark,
    information,
)
from sso.directory.ldap.transport import ANSWER_MAX_BYTES


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry as it came: attribute names in lower case, values raw."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The result code of a search and what it found. `cookie` is not empty when there is more to come.

    `referred`: the server left a part of the tree to another one (RFC 4511 section 4.5.3), so that whoever
    is not found may be there.
    """

    result: int
    entries: tuple[FoundEntry, ...]
    cookie: bytes = b""
    referred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to search for: at most two entries, because two already means "not one person".

    With `page_size` all come, in pages. `condition` is None for any entry; `base_only` leaves out what is
    below `base_dn`. An answer of more than `answer_max_bytes` is no honest one.
    """

    base_dn: str
    condition: Filter | None
    attributes: tuple[str, ...]
    domain_scope: bool = False
    base_only: bool = False
    page_size: int = 0
    answer_max_bytes: int = ANSWER_MAX_BYTES
    control: tuple[str, bool, bytes | None] | None = None


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What a server said of changes (RFC 4533): entries with their marks, messages in between, the end.

    `referred` as in `SearchAnswer`.
    """

    result: int
    entries: tuple[tuple[EntryMark, FoundEntry], ...] = ()
    messages: tuple[Information, ...] = ()
    done: Done | None = None
    referred: bool = False


def sync_answer(result: Mapping[str, Any], response: Sequence[Mapping[str, Any]] | None) -> SyncAnswer:
    """The answer of ldap3 as a value. Raises ValueError or LookupError where it is none of RFC 4533."""
    ended = (result.get("controls") or {}).get(DONE_OID)
    marked, messages = [], []
    for item in response or ():
        if item["type"] == "searchResEntry":
            mark = entry_mark((item.get("controls") or {})[STATE_OID]["value"])
            marked.append((mark, found_entries([item])[0]))
        elif item["type"] == "intermediateResponse" and item["responseName"] == INFO_OID:
            messages.append(information(bytes(item["responseValue"])))
    told = None if ended is None else done(ended["value"])
    return SyncAnswer(int(result["result"]), tuple(marked), tuple(messages), told, is_referred(response))


def is_referred(response: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether an answer holds a continuation reference. Where it leads says nothing of what was left out."""
    return any(item["type"] == "searchResRef" for item in response or ())


def found_entries(response: Sequence[Mapping[str, Any]] | None) -> tuple[FoundEntry, ...]:
    """The entries of an answer. Only `raw_attributes`: ldap3 makes text of binary values in `attributes`."""
    return tuple(
        FoundEntry(
            dn=str(item["dn"]),
            attributes={
                str(name).lower(): tuple(bytes(value) for value in values)
                for name, values in item["raw_attributes"].items()
            },
        )
        for item in response or ()
        if item["type"] == "searchResEntry"
    )
