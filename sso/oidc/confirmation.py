"""The key that a token is bound to: whoever uses the token must prove to hold it (RFC 7800, 8705, 9449)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sso.audit.record import JsonValue


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A `cnf` member: `jkt` is the thumbprint of a DPoP key, `x5t` the SHA-256 of a client certificate.

    Both are base64url without padding. At least one is given.
    """

    jkt: str | None = None
    x5t: str | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """Return the `cnf` claim (RFC 9449 6.1, RFC 8705 3.1)."""
        members: dict[str, JsonValue] = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: value for name, value in members.items() if value is not None}

    def proven_by(self, shown: "Confirmation | None") -> bool:
        """Whether every key that this binds to was shown."""
        jkt, x5t = (None, None) if shown is None else (shown.jkt, shown.x5t)
        return self.jkt in (None, jkt) and self.x5t in (None, x5t)

    @classmethod
    def of_json(cls, cnf: Mapping[str, JsonValue] | None) -> "Confirmation | None":
        """Return what a `cnf` claim of ours binds to, or None where nothing does."""
        jkt, x5t = (cnf or {}).get("jkt"), (cnf or {}).get("x5t#S256")
        if jkt is None and x5t is None:
            return None
        return cls(None if jkt is None else str(jkt), None if x5t is None else str(x5t))
