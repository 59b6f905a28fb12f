"""The search for one person, and what its answer means."""

from sso.directory.entry import Entry, canonical_immutable_id
from sso.directory.filters import person_named
from sso.directory.ldap.server import Misconfigured
from sso.directory.ldap.session import FoundEntry, Question, SearchAnswer
from sso.directory.presets import Vendor
from sso.directory.settings import SECRET_ATTRIBUTES, DirectorySettings
from sso.directory.states import SIZE_LIMIT_EXCEEDED, SUCCESS


def question_for(settings: DirectorySettings, login_name: str) -> Question:
    """The search for the person with that login name."""
    return Question(
        base_dn=settings.base_dn,
        condition=person_named(settings.login_attribute, login_name, settings.person_filter),
        attributes=settings.attributes,
        domain_scope=settings.vendor in (Vendor.ACTIVE_DIRECTORY, Vendor.SAMBA),
    )


def only_entry(settings: DirectorySettings, answer: SearchAnswer) -> Entry | None:
    """The one entry found; None for none or several: a login name must be unique to mean a person.

    Raises Misconfigured when the search itself failed or the entry bears no immutable id.
    """
    if answer.result not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
        raise Misconfigured(_search_failure(answer.result))
    if len(answer.entries) != 1 or answer.result == SIZE_LIMIT_EXCEEDED:
        return None
    return _entry(settings, answer.entries[0])


def _entry(settings: DirectorySettings, found: FoundEntry) -> Entry:
    attribute = settings.preset.immutable_attribute
    raw = found.attributes.get(attribute.lower(), ())
    immutable_id = canonical_immutable_id(settings.vendor, raw[0]) if raw else None
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


def _search_failure(result: int) -> str:
    match result:
        case 32:
            return "base_dn does not exist or the service account may not see it (ldap result 32)"
        case 10:
            return "base_dn is on another server: the answer was a referral (ldap result 10)"
        case _:
            return f"the search was refused (ldap result {result})"
