"""Why client metadata cannot be registered (RFC 7591 3.2.2)."""

import difflib
from collections.abc import Iterable
from enum import StrEnum


class MetadataErrorCode(StrEnum):
    """Error codes of RFC 7591 3.2.2."""

    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_SOFTWARE_STATEMENT = "invalid_software_statement"
    UNAPPROVED_SOFTWARE_STATEMENT = "unapproved_software_statement"


class InvalidClientMetadata(ValueError):
    """Metadata cannot be registered: `code` is RFC 7591's, `sentence` is for the developer."""

    def __init__(
        self, sentence: str, code: MetadataErrorCode = MetadataErrorCode.INVALID_CLIENT_METADATA
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def shown(name: str) -> str:
    """Return a name fit for a sentence: short, ASCII and printable."""
    plain = "".join(c for c in name[:40] if c.isascii() and c.isprintable() and c not in "\"'<>\\")
    return f"'{plain}'"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the likeliest right name, or nothing."""
    close = difflib.get_close_matches(name[:80], list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
