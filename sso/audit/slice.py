"""The part of the log that one system outside of the house receives.

A department's slice holds what is about the clerks of its directory, and what its directory itself did. It
shows no other account, no person and no request, by which two departments could find that two of their people
are one; and nothing that officers looked for (`audit.`, `finding.`, and whatever was viewed).

An application's slice holds what it took part in, and shows what their receipts show: the bodies, which tell
of nobody. The hub's ids of accounts are the same for all applications, by which two of them could find that
two of their people are one.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from sso.audit.entry import PUBLIC_DETAILS, names_account
from sso.audit.record import AuditRecord, Origin

_OF_OTHERS = frozenset({"actors", "person_id", "former_person_id", "linked_account_id", "other_account_id"})
_NEVER_A_DEPARTMENTS = ("audit.", "finding.")
_LOOKS = (".viewed", ".listed")


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Which records are meant: all that is given must be so; nothing given means the whole log.

    `events` are codes; one ending in `.` or `.*` means the family. `bodies_only`: for the application itself.
    """

    events: tuple[str, ...] = ()
    directory_id: str | None = None
    client_id: str | None = None
    bodies_only: bool = False

    def of(self, record: AuditRecord, directories: Mapping[str, str | None]) -> AuditRecord | None:
        """Return what is told of a record, None where nothing is.

        `directories` are those of the accounts that exist; None is a citizen's.
        """
        if self.events and not any(means(wanted, record.event) for wanted in self.events):
            return None
        if self.client_id is not None and record.client_id != self.client_id:
            return None
        if self.directory_id is None and not self.bodies_only:
            return record
        if record.event.startswith(_NEVER_A_DEPARTMENTS) or record.event.endswith(_LOOKS):
            return None
        return _body_of(record) if self.directory_id is None else self._departments(record, directories)

    def _departments(self, record: AuditRecord, directories: Mapping[str, str | None]) -> AuditRecord | None:
        own = record.detail.get("directory_id")
        if record.account_id is not None and record.account_id in directories:
            own = directories[record.account_id]
        if own != self.directory_id:
            return None
        actor = record.origin.actor
        foreign = names_account(actor) and directories.get(actor) != self.directory_id
        actor = None if foreign else actor
        origin = dataclasses.replace(record.origin, actor=actor, request_id=None, trace_id=None)
        detail = {name: value for name, value in record.detail.items() if name not in _OF_OTHERS}
        return dataclasses.replace(record, origin=origin, detail=detail)


def _body_of(record: AuditRecord) -> AuditRecord:
    origin = Origin(request_id=record.origin.request_id, trace_id=record.origin.trace_id)
    detail = {name: value for name, value in record.detail.items() if name in PUBLIC_DETAILS}
    return dataclasses.replace(record, account_id=None, origin=origin, detail=detail)


def accounts_in(record: AuditRecord) -> set[str]:
    """Return the accounts of which a slice needs to know the directory."""
    return {each for each in (record.account_id, record.origin.actor) if names_account(each)}


def means(wanted: str, code: str) -> bool:
    """Whether a code, or a family that ends in `.` or `.*`, means an event."""
    family = wanted.removesuffix("*")
    return code.startswith(family) if family.endswith(".") else code == wanted
