"""One step of testing a directory's configuration, told in a sentence that says what to mend."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is a stable short word for scripts; `sentence` is for the administrator."""

    name: str
    ok: bool
    sentence: str
