"""The search for one person, and what its answer means."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from sso.directory.entry import Entry, canonical_immutable_id
from sso.directory.expiry import moment_of
from sso.directory.filters import AnyOf, Equals, person_named
from sso.directory.ldap.membership import Ask, groups_of
from sso.directory.ldap.messages import FoundEntry, Question, SearchAnswer
from sso.directory.ldap.server import Misconfigured
from sso.directory.presets import IdFormat
from sso.directory.routing import Name, SearchBy
from sso.directory.settings import SECRET_ATTRIBUTES, DirectorySettings
from sso.directory.states import SIZE_LIMIT_EXCEEDED, SUCCESS
from sso.directory.verification import AccountState, Verification

IDS_PER_FILTER = 100
"""How many people one question may name: far below what servers take in a filter."""


def question_for(settings: DirectorySettings, name: Name) -> Question:
    """The search for the person with that name."""
    preset = settings.preset
    attribute = {
        SearchBy.LOGIN: settings.login_attribute,
        SearchBy.UPN: preset.upn_attribute,
        SearchBy.MAIL: preset.mail_attribute,
    }[name.by]
    return Question(
        base_dn=settings.base_dn,
        condition=person_named(attribute, name.text, settings.person_filter),
        attributes=settings.attributes,
        domain_scope=preset.domain_scope,
    )


def only_entry(settings: DirectorySettings, answer: SearchAnswer) -> Entry | None:
    """The one entry found; None for none or several: a login name must be unique to mean a person.

    Raises Misconfigured when the search itself failed or the entry bears no immutable id.
    """
    if answer.result not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
        raise Misconfigured(search_failure(answer.result))
    if len(answer.entries) != 1 or answer.result == SIZE_LIMIT_EXCEEDED:
        return None
    return entry_of(settings, answer.entries[0])


def contested_entries(settings: DirectorySettings, answer: SearchAnswer) -> tuple[Entry, ...]:
    """Two entries that bear one login name, for the queue of conflicts; none when the name is clear."""
    if len(answer.entries) < 2:
        return ()
    try:
        return tuple(entry_of(settings, found) for found in answer.entries)
    except Misconfigured:
        return ()


def by_id(settings: DirectorySettings, found: Sequence[FoundEntry]) -> Iterator[tuple[str, FoundEntry]]:
    """Entries with their immutable ids; those that show none are left out."""
    preset = settings.preset
    for entry in found:
        values = entry.attributes.get(preset.immutable_attribute.lower(), ())
        key = canonical_immutable_id(preset.id_format, values[0]) if values else None
        if key is not None:
            yield key, entry


def with_ids(settings: DirectorySettings, immutable_ids: Sequence[str]) -> AnyOf:
    """Who shows one of these ids, as the server keeps them ([MS-DTYP] 2.3.4.2 for a GUID)."""
    preset = settings.preset
    as_guid = preset.id_format is IdFormat.GUID
    raw = (UUID(key).bytes_le if as_guid else key.encode("ascii") for key in immutable_ids)
    return AnyOf(tuple(Equals(preset.immutable_attribute, value) for value in raw))


def entry_of(settings: DirectorySettings, found: FoundEntry) -> Entry:
    """An entry as found, with its id in one spelling. Raises Misconfigured when it bears none."""
    attribute = settings.preset.immutable_attribute
    raw = found.attributes.get(attribute.lower(), ())
    immutable_id = canonical_immutable_id(settings.preset.id_format, raw[0]) if raw else None
    if immutable_id is None:
        message = f"the entry shows no usable {attribute}: the service account may not read it"
        raise Misconfigured(message)
    names = found.attributes.get(settings.login_attribute.lower(), ())
    return Entry(
        directory_id=settings.id,
        immutable_id=immutable_id,
        dn=found.dn,
        login_name=names[0].decode("utf-8", "replace") if names else "",
        attributes={
            name: values
            for name, values in found.attributes.items()
            if name.partition(";")[0] not in SECRET_ATTRIBUTES  # 389-DS may send what nobody asked for
        },
    )


def with_groups(settings: DirectorySettings, entry: Entry, ask: Ask) -> Entry:
    """The entry with its groups, when they are wanted. Raises TooManyGroups and what `ask` raises."""
    rules = settings.groups
    return entry if rules is None else replace(entry, groups=groups_of(entry, rules, ask))


def with_expiry(settings: DirectorySettings, verification: Verification, entry: Entry) -> Verification:
    """What Active Directory says of the password's end with the entry and not with the bind."""
    attribute = settings.preset.expiry_attribute
    if attribute is None or verification.state is not AccountState.OK:
        return verification
    return replace(verification, expires_at=moment_of(entry.first(attribute)))


def search_failure(result: int) -> str:
    """Why a search was refused, for the operator."""
    match result:
        case 32:
            return "base_dn does not exist or the service account may not see it (ldap result 32)"
        case 10:
            return "base_dn is on another server: the answer was a referral (ldap result 10)"
        case _:
            return f"the search was refused (ldap result {result})"
