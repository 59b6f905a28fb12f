"""Where the token is and how it is opened."""

from dataclasses import dataclass, field
from pathlib import Path

MAX_LABEL_BYTES = 32
"""CK_TOKEN_INFO.label has 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """A token of a PKCS #11 module, by its label.

    `deadline_seconds` is how long a signature may take before it counts as not coming; `sessions` is how
    many are made at once in one process.
    """

    module: Path
    label: str
    pin: str = field(repr=False)
    deadline_seconds: float = 3.0
    sessions: int = 4
