"""Events as sentences: who did what where, in the reader's language, for someone who knows no protocol.

For each event code the messages stand from the fullest to the barest; the first whose placeholders are all
known is said. A code that this console does not know yet is told by its name.
"""

import string
from collections.abc import Mapping, Sequence
from typing import Any

from admin.language import Language
from admin.provisioning_sentences import FROM_OUTSIDE


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


SENTENCES: Mapping[str, Sequence[str]] = {
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
    "consent.revoked": (_("The holder of account {account} took back what was allowed to {application}."),),
    "code.issued": (_("The hub sent account {account} back to {application} with a code for one use."),),
    "token.issued": (
        _("{application} received tokens for account {account}, for: {scope}."),
        _("{application} received a token for itself, for: {scope}."),
        _("{application} received a token for itself."),
    ),
    "token.refreshed": (_("{application} renewed its tokens for account {account}."),),
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
    **FROM_OUTSIDE,
    "account.created": (_("Account {account} was created (by {source})."),),
    "account.updated": (
        _("What is known of account {account} changed: {claims} (by {source})."),
        _("What is known of account {account} changed (by {source})."),
    ),
    "account.disabled": (_("Account {account} was disabled (by {source})."),),
    "account.enabled": (_("Account {account} was enabled again (by {source})."),),
    "account.linked": (_("Account {account} was given to the person {person}."),),
    "directory.conflict.found": (_("The directory {directory} gives one name or one id to two entries."),),
    "directory.conflict.resolved": (_("A conflict of the directory {directory} was decided."),),
    "account.unlinked": (_("Account {account} was given to a person of its own, {person}."),),
    "credential.password.changed": (_("The password of account {account} was set (by {source})."),),
    "credential.password.reset": (_("The password of account {account} was replaced (by {source})."),),
    "admin.role.granted": (_("The person {person} became {role} (by {source})."),),
    "admin.role.revoked": (_("The person {person} is no longer {role} (by {source})."),),
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
    "registration.token.revoked": (
        _("{actor} revoked a token with which applications register themselves."),
        _("A token with which applications register themselves was revoked."),
    ),
    "key.created": (_("A signing key was made and published: {kid} ({alg})."),),
    "key.activated": (_("The signing key {kid} ({alg}) took over."),),
    "key.retired": (_("The signing key {kid} ({alg}) signs no more."),),
    "key.revoked": (_("The signing key {kid} ({alg}) was revoked: what it signed is refused from now on."),),
    "directory.unavailable": (_("The directory {directory} could not be asked: {reason}."),),
    "directory.recovered": (_("The directory {directory} answers again."),),
    "directory.sync.completed": (_("The directory {directory} was read (run {run})."),),
    "directory.sync.stopped": (_("Reading {directory} (run {run}) stopped: {leaving} people would leave."),),
    "directory.sync.failed": (_("Reading the directory {directory} (run {run}) failed: {reason}."),),
    "directory.sync.approved": (_("Those missing in run {run} of {directory} may leave (by {source})."),),
    "directory.sync.undone": (_("{people} people who left by run {run} of {directory} are back."),),
    "directory.person.left": (_("The holder of account {account} left the directory {directory}."),),
    "directory.person.returned": (_("The holder of account {account} is back in {directory}."),),
    "account.purged": (_("Account {account} was removed for good (by {source})."),),
    "audit.searched": (
        _("The auditor with account {account} searched this log and saw {results} records."),
        _("An operator searched this log and saw {results} records."),
    ),
    "audit.viewed": (
        _("The auditor with account {account} opened the record {record}."),
        _("An operator opened the record {record}."),
    ),
    "audit.epoch.opened": (_("The log goes on in a new tree, {origin}: {reason}."),),
    "audit.checkpoint.refused": (
        _("The log was not signed, because it is not the one signed before: {reason}."),
    ),
    "audit.verified": (_("The log was recomputed: {entries} entries, and nothing is wrong."),),
    "audit.verify.failed": (_("The log was recomputed, and {findings} things are wrong: {first}."),),
    "audit.receipt.given": (_("{application} fetched the receipt of the record {record}."),),
    "audit.evidence.sealed": (_("{entries} records were sealed as evidence: {reason}."),),
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
    "credential.password.changed:failure": (
        _("The password of account {account} was not changed: {status_code}."),
        _("A clerk's password was not changed."),
    ),
    "node.started": (_("The hub on {node} started."),),
    "node.stopped": (_("The hub on {node} stopped in good order."),),
}

_UNKNOWN = _("The event {event} was recorded.")
_IN_DETAIL = {
    "reason": "reason",
    "by": "by",
    "source": "source",
    "role": "role",
    "person": "person_id",
    "directory": "directory_id",
    "kid": "kid",
    "alg": "alg",
    "cause": "cause",
    "status_code": "status_code",
    "endpoint": "endpoint",
    "node": "node",
    "record": "record_id",
    "results": "results",
    "run": "run",
    "leaving": "leaving",
    "people": "people",
    "origin": "origin",
    "issuer": "issuer",
    "entries": "entries",
    "findings": "findings",
    "first": "first",
}
_FORMATTER = string.Formatter()


def sentence(record: Mapping[str, Any], client_names: Mapping[str, str], language: Language) -> str:
    """Return a record as a sentence."""
    event = str(record.get("event", ""))
    known = _known(record, client_names)
    messages = SENTENCES.get(f"{event}:{record.get('outcome')}") or SENTENCES.get(event, ())
    for message in messages:
        names = placeholders(message)
        if names <= known.keys():
            return language.gettext(message, **{name: known[name] for name in names})
    return language.gettext(_UNKNOWN, event=event)


def placeholders(message: str) -> set[str]:
    """Return the names between braces."""
    return {name for _literal, name, _spec, _conversion in _FORMATTER.parse(message) if name}


def _known(record: Mapping[str, Any], client_names: Mapping[str, str]) -> dict[str, str]:
    detail = record.get("detail") or {}
    values: dict[str, Any] = {name: detail.get(field) for name, field in _IN_DETAIL.items()}
    client_id = record.get("client_id")
    values |= {
        "application": client_names.get(str(client_id), client_id),
        "account": record.get("account_id"),
        "actor": record.get("actor"),
        "scope": _listed(detail.get("scope")),
        "claims": _listed(detail.get("claims_released", detail.get("claims_changed"))),
        "changed": _listed(sorted(detail.get("after") or ())),
    }
    if values["reason"] is None:
        values["reason"] = detail.get("error")
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def _listed(value: Any) -> str | None:
    return ", ".join(str(member) for member in value) if isinstance(value, list) and value else None
