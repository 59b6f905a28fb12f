"""`[[authorization_details_type]]`: what applications may ask for in detail (RFC 9396)."""

from typing import Annotated

from pydantic import AfterValidator, Field

from sso.config.section import Section


def _with_english(words: dict[str, str]) -> dict[str, str]:
    if not words.get("en"):
        raise ValueError('give the words by language, "en" at least')
    return words


Words = Annotated[dict[str, str], AfterValidator(_with_english)]
"""What people read, by language tag."""


class AuthorizationDetailField(Section):
    """One of `fields` of a type: what people read before its value."""

    label: Words
    required: bool = False


class AuthorizationDetailType(Section):
    """A type of authorization details, in people's words."""

    type: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    label: Words
    ask_every_time: bool = True
    actions: dict[str, Words] = {}
    locations: dict[str, Words] = {}
    datatypes: dict[str, Words] = {}
    privileges: dict[str, Words] = {}
    fields: dict[str, AuthorizationDetailField] = {}
