"""One step of testing a directory's configuration, told in a sentence that says what to mend."""

from dataclasses import dataclass, field

from sso.directory.routing import Name


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is a stable short word for scripts; `sentence` is for the administrator."""

    name: str
    ok: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A clerk to test with. `password` is None when nobody's is known.

    With `try_change` that password is exchanged for itself, which proves the right to change it: most rules
    refuse it, and where none does nothing but the password's age changes.
    """

    name: Name | None = None
    password: bytes | None = field(default=None, repr=False)
    try_change: bool = False
