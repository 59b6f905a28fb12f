"""Who outside of the house vouches for the audit log: `[[audit.witness]]` and `[audit.timestamp]`."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from sso.audit.signed_note import COSIGNATURE, NoteInvalid, NoteKey
from sso.config.section import Section
from sso.oidc.registered_address import check_web_address


class Witness(Section):
    """A witness that cosigns the checkpoints (C2SP tlog-witness): where, and its verifier key."""

    url: str
    key: str

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        check_web_address(value)
        return value.rstrip("/")

    @field_validator("key")
    @classmethod
    def _verifier_key(cls, value: str) -> str:
        try:
            key = NoteKey.parse(value)
        except NoteInvalid as error:
            raise ValueError(str(error)) from error
        if key.kind != COSIGNATURE:
            raise ValueError("this is the key of a log, not of a witness")
        return str(key)

    @property
    def verifier_key(self) -> NoteKey:
        """The key that its cosignatures are verified with."""
        return NoteKey.parse(self.key)


class TimeStampAuthority(Section):
    """`[audit.timestamp]`: who stamps checkpoints with the time (RFC 3161). Its answers prove themselves."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")]
    ca_file: Path
    every_seconds: Annotated[int, Field(ge=60)] = 3_600


def _one_of_each(witnesses: tuple[Witness, ...]) -> tuple[Witness, ...]:
    if len({each.verifier_key.name for each in witnesses}) != len(witnesses):
        raise ValueError("a witness comes twice")
    return witnesses


Witnesses = Annotated[tuple[Witness, ...], AfterValidator(_one_of_each)]
