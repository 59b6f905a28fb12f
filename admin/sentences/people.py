"""Who signed in and out, and what became of accounts and people."""

from collections.abc import Mapping, Sequence


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


PEOPLE: Mapping[str, Sequence[str]] = {
    "auth.login.success": (
        _("The holder of account {account} signed in with the directory {directory}."),
        _("The holder of account {account} signed in."),
    ),
    "auth.login.failure": (
        _("Someone could not sign in to account {account}: {status_code}."),
        _("Someone could not sign in, under a name without an account: {status_code}."),
    ),
    "session.created": (_("A session of account {account} began."),),
    "session.sso_reused": (
        _("The holder of account {account} went to {application} without signing in again."),
    ),
    "session.ended.user": (_("The holder of account {account} signed out."),),
    "session.ended.timeout": (_("The session of account {account} ended by itself: {cause}."),),
    "session.ended.admin": (_("The session of account {account} was ended by a decision: {cause}."),),
    "logout.propagated:success": (_("{application} confirmed that account {account} is signed out there."),),
    "logout.propagated:failure": (
        _("{application} did not confirm that account {account} is signed out there: {reason}."),
    ),
    "session.viewed": (
        _("An operator looked at where the holder of account {account} is signed in."),
        _("An operator looked at who is signed in."),
    ),
    "logout.not_told": (_("{application} cannot be told that account {account} signed out: {reason}."),),
    "logout.frontchannel.sent": (
        _("The browser of account {account} was asked to sign out of {application}."),
    ),
    "logout.frontchannel.loaded:success": (
        _("The browser of account {account} has called {application} to sign out there."),
    ),
    "logout.frontchannel.loaded:failure": (
        _("The browser of account {account} did not reach {application} in time to sign out there."),
    ),
    "logout.cap.applied": (
        _("{application} did not confirm a sign-out in time: what it receives is short-lived from now on."),
    ),
    "logout.cap.lifted": (
        _("{application} confirms sign-outs again: what it receives is no longer short-lived."),
    ),
    "logout.request.rejected": (
        _("A request of {application} to sign someone out was refused: {reason}."),
        _("A request to sign someone out was refused: {reason}."),
    ),
    "ratelimit.triggered": (
        _("There were too many attempts on account {account}; further ones were refused for a while."),
        _("There were too many attempts from one place or under one name; further ones were refused."),
    ),
    "ratelimit.ended": (
        _("Attempts from one place or under one name are let through again; {refused} were refused."),
        _("Attempts from one place or under one name are let through again."),
    ),
    "account.created": (_("Account {account} was created (by {source})."),),
    "account.updated": (
        _("What is known of account {account} changed: {claims} (by {source})."),
        _("What is known of account {account} changed (by {source})."),
    ),
    "account.disabled": (_("Account {account} was disabled (by {source})."),),
    "account.enabled": (_("Account {account} was enabled again (by {source})."),),
    "account.linked": (_("Account {account} was given to the person {person}."),),
    "account.unlinked": (_("Account {account} was given to a person of its own, {person}."),),
    "credential.password.change.begun": (
        _("The directory {directory} was asked to exchange a clerk's password."),
        _("A directory was asked to exchange a clerk's password."),
    ),
    "account.use.viewed": (_("The holder of account {account} looked at what was done with it."),),
    "account.signed_out_elsewhere": (_("The holder of account {account} signed out everywhere else."),),
    "account.use.reported": (
        _("The holder of account {account} says that this was not them: record {record}."),
        _("Somebody says that what a record tells was not them."),
    ),
    "credential.password.changed": (_("The password of account {account} was set (by {source})."),),
    "credential.password.reset": (_("The password of account {account} was replaced (by {source})."),),
    "admin.role.granted": (_("The person {person} became {role} (by {source})."),),
    "admin.role.revoked": (_("The person {person} is no longer {role} (by {source})."),),
    "person.viewed": (
        _("An officer looked up whose accounts are whose; {results} people were shown."),
        _("An officer looked up whose accounts are whose."),
    ),
    "account.purged": (_("Account {account} was removed for good (by {source})."),),
    "credential.password.changed:failure": (
        _("The password of account {account} was not changed: {status_code}."),
        _("A clerk's password was not changed."),
    ),
    "session.ended.directory": (
        _("The session of account {account} ended because of what their department says: {reason}."),
        _("A session ended because of what a department says."),
    ),
    "account.state.unknown": (
        _("Nothing was issued about account {account}: its directory is away for too long."),
        _("Nothing was issued about an account: its directory is away for too long."),
    ),
    "person.disabled": (
        _("The person {person} may use no account any more (by {source}): {reason}."),
        _("A person may use no account any more."),
    ),
    "person.enabled": (
        _("The person {person} may use their accounts again (by {source})."),
        _("A person may use their accounts again."),
    ),
}
