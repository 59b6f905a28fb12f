"""What applications asked for and were given, and what officers did about them."""

from collections.abc import Mapping, Sequence


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


APPLICATIONS: Mapping[str, Sequence[str]] = {
    "authz.request.accepted": (_("{application} asked for someone to be signed in."),),
    "authz.request.pushed": (_("{application} sent a sign-in request ahead."),),
    "authz.request.rejected": (
        _("A sign-in request of {application} was refused: {reason}."),
        _("A sign-in request was refused: {reason}."),
    ),
    "consent.granted": (
        _("The holder of account {account} allowed {application} to receive: {scope}."),
        _("The holder of account {account} allowed {application} to sign them in."),
    ),
    "consent.denied": (
        _("The holder of account {account} did not allow {application} to receive anything."),
        _("Someone left the sign-in for {application} before signing in."),
    ),
    "consent.expired": (_("What the holder of account {account} had allowed to {application} ended."),),
    "code.expired": (
        _("{application} did not redeem {count} codes in time."),
        _("Codes were not redeemed in time."),
    ),
    "code.issued": (_("The hub sent account {account} back to {application} with a code for one use."),),
    "token.issued": (
        _("{application} received tokens for account {account}, for: {scope}."),
        _("{application} received a token for itself, for: {scope}."),
        _("{application} received a token for itself."),
    ),
    "token.refreshed": (_("{application} renewed its tokens for account {account}."),),
    "token.refresh.expired": (
        _("{application} did not renew its tokens for account {account} in time: they have ended."),
    ),
    "token.exchanged": (
        _("{application} exchanged a token about account {account} for one of its own, for: {scope}."),
        _("{application} exchanged a token about account {account} for one of its own."),
    ),
    "token.refresh.reuse_detected": (
        _(
            "A refresh token of {application} for account {account} was used a second time."
            " Everything that came from it was revoked: it may have been stolen."
        ),
    ),
    "code.reuse_detected": (
        _(
            "A code of {application} for account {account} was used a second time."
            " Everything that came from it was revoked: it may have been stolen."
        ),
    ),
    "token.request.failed": (_("The hub refused {application} a token: {reason}."),),
    "client.auth.failed": (
        _("Someone who claimed to be {application} could not prove it: {reason}."),
        _("An unknown application could not prove who it is: {reason}."),
    ),
    "token.introspected": (_("{application} asked whether a token is valid."),),
    "token.assertion.accepted": (
        _("{application} got a token about account {account}, for whom {issuer} vouched."),
        _("An application got a token about a person for whom a trusted issuer vouched."),
    ),
    "userinfo.accessed": (
        _("{application} read about account {account}: {claims}."),
        _("{application} read nothing about account {account} but its identifier."),
    ),
    "bearer.rejected": (
        _("An access token of {application} was not accepted at {endpoint}: {reason}."),
        _("An access token was not accepted at {endpoint}: {reason}."),
    ),
    "token.revoked": (
        _("Access of {application} to account {account} was revoked by {by}."),
        _("Access of {application} was revoked by {by}."),
        _("Access was revoked by {by}."),
    ),
    "client.created": (
        _("{actor} registered the application {application} (by {source})."),
        _("The application {application} was registered (by {source})."),
    ),
    "client.updated": (
        _("{actor} changed the registration of {application}: {changed}."),
        _("The registration of {application} changed: {changed}."),
    ),
    "client.deleted": (
        _("{actor} removed the application {application}."),
        _("The application {application} was removed."),
    ),
    "client.secret.expired": (_("The earlier secret of {application} has ended."),),
    "client.secret.rotated": (
        _("{actor} gave {application} a new secret."),
        _("{application} was given a new secret."),
    ),
    "client.registration.refused": (
        _("{application} was refused when it tried to change its own registration."),
        _("An application was refused when it tried to register itself."),
    ),
    "client.registration.read": (_("{application} read its own registration."),),
    "client.adopted": (
        _("{actor} took over {application}, which had registered itself."),
        _("{application}, which had registered itself, was taken over."),
    ),
    "registration.token.created": (
        _("{actor} made a token with which applications register themselves: {label}."),
        _("A token with which applications register themselves was made."),
    ),
    "registration.token.expired": (_("A token with which applications register themselves has expired."),),
    "registration.token.revoked": (
        _("{actor} revoked a token with which applications register themselves."),
        _("A token with which applications register themselves was revoked."),
    ),
    "authz.deferred.requested": (
        _("{application} waits for a person to allow what it asked for."),
        _("An application waits for a person."),
    ),
    "authz.deferred.allowed": (
        _("Account {account} allowed what {application} was waiting for."),
        _("A person allowed what an application was waiting for."),
    ),
    "authz.deferred.rejected": (
        _("{application} may not wait for a person: {reason}."),
        _("A request to wait for a person was refused."),
    ),
    "authz.user_code.rejected": (_("Somebody typed a code that no device is showing."),),
    "authz.deferred.pinged": (
        _("{application} was told that its answer is there."),
        _("An application was told that its answer is there."),
    ),
    "authz.deferred.pinged:failure": (
        _("{application} could not be told that its answer is there: {reason}."),
        _("An application could not be told that its answer is there."),
    ),
    "authz.deferred.withdrawn": (
        _("{application} waits in vain: account {account} may no longer be used."),
        _("An application waits in vain: the account may no longer be used."),
    ),
    "security_event.delivered": (
        _("{application} was told what happened to account {account} ({event_type})."),
        _("An application was told what happened to an account."),
    ),
    "security_event.delivered:failure": (
        _("{application} could not be told what happened to account {account}: {reason}."),
        _("An application could not be told what happened to an account."),
    ),
    "security_event.verification": (
        _("{application} was sent a message to try the way security events take."),
        _("An application was sent a message to try the way security events take."),
    ),
}
