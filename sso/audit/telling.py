"""In which form a record leaves the house: its own document with its place, or an event of OCSF."""

import json
from dataclasses import dataclass

from sso.audit.ocsf import Reporter, ocsf_event
from sso.audit.record import AuditRecord, JsonValue


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells, and in which form."""

    reporter: Reporter
    ocsf: bool

    def document(self, record: AuditRecord, epoch: int, index: int) -> dict[str, JsonValue]:
        """Return a record as a JSON object, with its place in the log (epoch, index of the leaf)."""
        if self.ocsf:
            return ocsf_event(record, self.reporter, index)
        return {**record.as_json(), "place": {"epoch": epoch, "index": index}}

    def line(self, record: AuditRecord, epoch: int, index: int) -> str:
        """Return the same as a line of JSON Lines, with its end."""
        whole = self.document(record, epoch, index)
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"
