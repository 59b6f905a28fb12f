"""Exchanging a clerk's password for a new one. No step is repeated: a change may be done although its answer
was lost, and then the new password tells.
"""

from sso.directory.entry import Entry
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.server import LdapServer
from sso.directory.ldap.transport import Unreachable
from sso.directory.password_change import (
    CHANGEABLE,
    Change,
    ChangeOutcome,
    Passwords,
    outcome_of_modify_password,
    outcome_of_unicode_pwd,
)
from sso.directory.presets import PasswordChange
from sso.directory.settings import DirectorySettings
from sso.directory.states import verification_of
from sso.directory.verification import AccountState, Verification


def change_as_clerk(
    settings: DirectorySettings,
    server: LdapServer,
    clerk: Entry | str,
    passwords: Passwords,
    deadline: Deadline,
) -> Change:
    """Bind with the old password and change it in the same session (RFC 3062).

    A must-change clerk's bind succeeds for exactly this. OpenLDAP answers the bind of an expired password
    with 49 and still lets that session change it; 389-DS wants a grace login for it. `clerk` is the entry,
    or where there is no service account the name to bind under.
    """
    entry = clerk if isinstance(clerk, Entry) else None
    dn = clerk.dn if isinstance(clerk, Entry) else clerk
    with server.fresh(deadline) as session:
        verification = verification_of(settings.vendor, session.bind(dn, passwords.old, deadline))
        server.answered()
        refused = _refusal(settings, verification)
        if refused is not None:
            return Change(refused, verification, entry)
        try:
            answer = session.modify_password(passwords.old, passwords.new, deadline)
        except Unreachable as error:
            return Change(_proved(settings, server, dn, passwords, error), verification, entry)
        outcome = outcome_of_modify_password(answer)
        return Change(outcome, verification, entry)


def change_as_service(
    settings: DirectorySettings,
    server: LdapServer,
    entry: Entry,
    passwords: Passwords,
    deadline: Deadline,
) -> Change:
    """Verify the old password, then exchange it as the service account.

    Active Directory verifies it again, applies history and age as to the clerk's own change, and needs no
    right to reset: a clerk who must change it, or whose password has ended, cannot bind.
    """
    verification = verification_of(settings.vendor, server.bind(entry.dn, passwords.old, deadline))
    refused = _refusal(settings, verification)
    if refused is not None:
        return Change(refused, verification, entry)
    with server.fresh(deadline) as session:
        server.bind_as_service(session, deadline)
        values = _quoted(passwords.old), _quoted(passwords.new)
        try:
            answer = session.exchange(entry.dn, "unicodePwd", values, deadline)
        except Unreachable as error:
            return Change(_proved(settings, server, entry.dn, passwords, error), verification, entry)
        return Change(outcome_of_unicode_pwd(answer), verification, entry)


def _refusal(settings: DirectorySettings, verification: Verification) -> ChangeOutcome | None:
    """Why the change is not even tried; None when it is."""
    if verification.state is AccountState.UNAVAILABLE:
        return ChangeOutcome.UNAVAILABLE
    if not verification.password_proven:
        return ChangeOutcome.BAD_CREDENTIALS
    if verification.state not in CHANGEABLE:
        return ChangeOutcome.STATE
    if settings.preset.password_change is PasswordChange.NONE:
        return ChangeOutcome.NOT_OFFERED
    return None


def _proved(
    settings: DirectorySettings, server: LdapServer, dn: str, passwords: Passwords, lost: Unreachable
) -> ChangeOutcome:
    """Whether the change happened although its answer was lost: whether the new password works."""
    server.report(lost)
    try:
        answer = server.bind(dn, passwords.new, Deadline.after(settings.deadline_seconds))
    except Unreachable:
        return ChangeOutcome.UNKNOWN
    proven = verification_of(settings.vendor, answer).password_proven
    return ChangeOutcome.CHANGED if proven else ChangeOutcome.UNKNOWN


def _quoted(password: bytes) -> bytes:
    """A value of unicodePwd ([MS-ADTS] 3.1.1.3.1.5.1)."""
    return f'"{password.decode("utf-8")}"'.encode("utf-16-le")
