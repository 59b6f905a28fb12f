"""Time stamps over checkpoints (RFC 3161): what is asked of an authority, and when its answer holds.

What is stamped is the text of a checkpoint, the three lines that the log signs, so that anybody can check it:
`openssl ts -verify -data SIZE.txt -in SIZE.tsr -CAfile ca.pem`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"


class StampInvalid(ValueError):
    """Not a time stamp over this text by an authority that is trusted."""


@dataclass(frozen=True, slots=True)
class StampQuery:
    """A request: its DER, and the nonce that the answer must repeat."""

    der: bytes
    nonce: int


def query_for(text: str) -> StampQuery:
    """Return the request for a time stamp over a checkpoint's text, by its SHA-512."""
    built = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA512).build()
    return StampQuery(built.as_bytes(), built.nonce or 0)


def authorities_in(pem: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of a file.

    Raises:
        StampInvalid: there is none, or the file is damaged.
    """
    try:
        return tuple(load_pem_x509_certificates(pem))
    except ValueError as error:
        message = "no certificate of a time stamp authority"
        raise StampInvalid(message) from error


def stamped_at(reply: bytes, text: str, trusted: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """Return the time that a reply (a TimeStampResp) proves the text to have existed at.

    Raises:
        StampInvalid: it does not.
    """
    roots = [each for each in trusted if each.issuer == each.subject]
    others = [each for each in trusted if each.issuer != each.subject]
    try:
        decoded = decode_timestamp_response(reply)
        verifier = VerifierBuilder(roots=roots, intermediates=others, nonce=nonce).build()
        verifier.verify_message(decoded, text.encode())
        return decoded.tst_info.gen_time.astimezone(UTC)
    except (VerificationError, ValueError) as error:
        message = f"the time stamp does not hold: {error}"
        raise StampInvalid(message[:200]) from error
