"""The address of a key in a token: a PKCS #11 URI (RFC 7512), `pkcs11:token=sso;id=%01%02;type=private`."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_to_bytes

SCHEME = b"pkcs11:"
_FORM = re.compile(rb"pkcs11:token=([^;=]{1,96});id=((?:%[0-9A-F]{2}){1,64});type=private")


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """The label of the token and the CKA_ID of the key in it."""

    token: str
    key_id: bytes

    @classmethod
    def parse(cls, uri: bytes) -> "KeyAddress":
        """Return the address that this module wrote.

        Raises:
            ValueError: it did not.
        """
        match = _FORM.fullmatch(uri)
        if match is None:
            message = "not the address of a key"
            raise ValueError(message)
        return cls(unquote(match[1].decode("ascii"), errors="strict"), unquote_to_bytes(match[2]))

    def uri(self) -> bytes:
        """Return the address as text: the label as UTF-8 and the id, both percent-encoded."""
        key_id = "".join(f"%{byte:02X}" for byte in self.key_id)
        return f"pkcs11:token={quote(self.token, safe='')};id={key_id};type=private".encode("ascii")
