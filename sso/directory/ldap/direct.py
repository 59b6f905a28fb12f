"""Signing in without a service account: the clerk's own bind comes first, then reads the clerk's own entry.

The entry read is the one that was bound as, never one that merely bears the same login name: by its DN where
the template makes one, by the user principal name where it makes that.
"""

from sso.directory.dn import escaped_value
from sso.directory.filters import AllOf, Equals, people
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.lookup import only_entry, with_expiry, with_groups
from sso.directory.ldap.messages import Question
from sso.directory.ldap.server import Misconfigured, all_pages
from sso.directory.ldap.session import Session
from sso.directory.routing import Name
from sso.directory.settings import DirectorySettings
from sso.directory.states import verification_of
from sso.directory.verification import AccountState, Authentication


def bind_name(settings: DirectorySettings, name: Name) -> str:
    """The name to bind under: the template with the login name in its place."""
    template = settings.bind_template
    return template.replace("{name}", escaped_value(name.text) if "=" in template else name.text)


def can_be_bound(settings: DirectorySettings, name: Name) -> bool:
    """Whether a name stays in its place: a principal name with a second `@` is another principal's."""
    template = settings.bind_template
    if "=" in template:
        return True
    return not ("\\" in name.text or "/" in name.text or ("@" in template and "@" in name.text))


def sign_in_directly(
    settings: DirectorySettings, session: Session, told: tuple[Name, bytes], deadline: Deadline
) -> Authentication:
    """Bind with a name and password, then read the entry and its groups in the same session."""
    name, password = told
    bound_as = bind_name(settings, name)
    verification = verification_of(settings.vendor, session.bind(bound_as, password, deadline))
    if verification.state is not AccountState.OK:
        return Authentication(verification, None)
    entry = only_entry(settings, session.search(_own_entry(settings, bound_as), deadline))
    if entry is None:
        message = f"the clerk's own session finds no single entry of {settings.preset.upn_attribute}"
        raise Misconfigured(message)
    entry = with_groups(settings, entry, lambda question: all_pages(session, question, deadline).entries)
    return Authentication(with_expiry(settings, verification, entry), entry)


def _own_entry(settings: DirectorySettings, bound_as: str) -> Question:
    """The entry of whom the session is."""
    filtered = people(settings.person_filter)
    is_dn = "=" in settings.bind_template
    named = () if is_dn else (Equals(settings.preset.upn_attribute, bound_as.encode("utf-8")),)
    return Question(
        base_dn=bound_as if is_dn else settings.base_dn,
        condition=AllOf((*filtered, *named)),
        attributes=settings.attributes,
        domain_scope=settings.preset.domain_scope,
        base_only=is_dn,
    )
