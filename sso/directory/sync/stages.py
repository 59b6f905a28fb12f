"""What becomes of somebody who left: quarantine, the end of access, the end of the data.

    present --(absent from a complete reading)--> quarantine --(quarantine_seconds)--> access ended
            --(switched off by the department)----------------------------------------> access ended
    access ended and absent --(retention_days)--> purged: only a digest of the id is kept

Whoever comes back before the purge is the same person with the same account.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """How a person stood in the directory when it was last asked.

    `disabled`: the entry is there, and the department has switched it off.
    """

    PRESENT = "present"
    DISABLED = "disabled"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What is remembered of one person of a directory, beside the account.

    `number` is the person's place in the register. `left_at` is None while present, `left_in` the run that
    noticed it; `access_ended_at` is when the synchronisation took the account away. `proposed_in` is the
    first run that stopped instead of letting this person leave; approved or not, it stays until the person
    is back.
    """

    number: int
    immutable_id: str = field(repr=False)
    digest: bytes = field(default=b"", repr=False)
    standing: Standing = Standing.PRESENT
    left_at: datetime | None = None
    left_in: int | None = None
    access_ended_at: datetime | None = None
    proposed_in: int | None = None
