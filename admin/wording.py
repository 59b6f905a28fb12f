"""What a page says when something cannot be done: a sentence and an advice for each stable code."""

from collections.abc import Mapping


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


_BEGIN_AGAIN = _("Go to the first page of the console and begin again.")
_TELL = _("Tell the operators of the hub, and give them the code and the reference number on this page.")

PROBLEMS: Mapping[str, tuple[str, str]] = {
    "no_role": (
        _("You hold no role in this console"),
        _("It is for auditors, client managers and people managers. Ask the operators to be one."),
    ),
    "role_missing": (
        _("Your role does not allow this"),
        _("Each page is for one kind of officer, and nobody is two kinds at once."),
    ),
    "insufficient_scope": (_("The console was not given the right for this"), _TELL),
    "protected_client": (
        _("This application is changed on the command line only"),
        _("It belongs to the hub itself, so that nobody can reach the log by changing it."),
    ),
    "protected_person": (
        _("An officer is disabled on the command line only"),
        _("So that nobody can rid themselves of whoever watches over them."),
    ),
    "reason_missing": (
        _("You have not said why you look at the log"),
        _("Nothing was shown. Open the page again and say why."),
    ),
    "not_found": (_("There is nothing at this address"), _BEGIN_AGAIN),
    "method_not_allowed": (_("This address cannot be used in this way"), _BEGIN_AGAIN),
    "request_too_large": (_("What was sent is too large"), _BEGIN_AGAIN),
    "bad_request": (_("What was sent could not be understood"), _BEGIN_AGAIN),
    "expired_page": (_("This page has expired"), _BEGIN_AGAIN),
    "form_expired": (
        _("This form is too old, or was opened in another browser"),
        _("Nothing was changed. Open the page again and repeat what you did."),
    ),
    "changed_meanwhile": (
        _("Someone else has changed this application meanwhile"),
        _("Nothing of yours was saved. Look at it as it is now, then change it again."),
    ),
    "access_denied": (_("You did not allow the console to sign you in"), _BEGIN_AGAIN),
    "sign_in_failed": (_("The hub did not complete the sign-in"), _TELL),
    "issuer_mismatch": (_("An answer came from another place than the hub"), _TELL),
    "id_token_invalid": (_("The hub's answer could not be trusted"), _TELL),
    "api_refused": (_("The hub does not accept the console"), _TELL),
    "entry_broken": (
        _("Somebody has changed what is stored of this entry"),
        _("It cannot be read any more. Tell the operators of the hub: sso audit verify says what is wrong."),
    ),
    "temporarily_unavailable": (
        _("The hub does not answer at the moment"),
        _("Nothing was lost. Try again in a minute."),
    ),
    "server_error": (_("Something unexpected happened"), _TELL),
}

ROLE_NAMES: Mapping[str, str] = {
    "auditor": _("Auditor"),
    "client_manager": _("Client manager"),
    "people_manager": _("People manager"),
}

FAMILIES: Mapping[str, str] = {
    "auth.": _("Sign-ins"),
    "session.": _("Sessions"),
    "authz.": _("Sign-in requests of applications"),
    "consent.": _("Consent"),
    "code.": _("Codes"),
    "token.": _("Tokens"),
    "userinfo.": _("Reading about people"),
    "logout.": _("Sign-outs told to applications"),
    "security_event.": _("Security events told to applications"),
    "upstream.": _("Sign-ins at other providers"),
    "client.": _("Applications"),
    "registration.": _("Tokens to register applications"),
    "account.": _("Accounts"),
    "person.": _("People"),
    "credential.": _("Passwords"),
    "admin.": _("Officers' roles"),
    "bearer.": _("Refused access tokens"),
    "ratelimit.": _("Too many attempts"),
    "directory.": _("Department directories"),
    "provisioning.": _("Departments over SCIM"),
    "key.": _("Signing keys"),
    "audit.": _("Looks at this log"),
    "finding.": _("Findings of rules"),
    "node.": _("The hub itself"),
    "configuration.": _("The configuration"),
}
"""Families of events as a search offers them."""

FIELD_NAMES: Mapping[str, str] = {
    "id": _("Record"),
    "event": _("Event"),
    "occurred_at": _("Time (UTC)"),
    "outcome": _("Outcome"),
    "client_id": _("Application"),
    "account_id": _("Account"),
    "session_id": _("Session"),
    "grant_id": _("Authorization"),
    "address": _("Address"),
    "user_agent": _("Browser"),
    "request_id": _("Request"),
    "trace_id": _("Trace"),
    "actor": _("Done by"),
}
"""Labels of a record's own fields, in the order in which a page shows them."""

CLIENT_FIELD_NAMES: Mapping[str, str] = {
    "client_name": _("Name that people read"),
    "client_name#zh-CN": _("Name in Chinese"),
    "redirect_uris": _("Addresses to return to after sign-in"),
    "post_logout_redirect_uris": _("Addresses to return to after sign-out"),
    "backchannel_logout_uri": _("Address that the hub tells of sign-outs"),
    "scope": _("What it may ask for (scopes)"),
    "token_endpoint_auth_method": _("How it proves who it is"),
    "trusted": _("Show no consent page: the state's own application"),
    "jwks": _("Public keys (JWK set), for a key pair of its own"),
    "jwks_uri": _("Or the address where it publishes them"),
    "audience": _("Services that its access tokens are for"),
    "role_mapping": _("Roles that people have in it, one a line"),
    "client_uri": _("Its home page"),
    "policy_uri": _("Its privacy notice"),
    "contacts": _("Whom to call: mail addresses, one a line"),
    "sector": _("Sector: applications that know a person under one identifier"),
}
"""Labels of an application's fields, in the order in which a page shows them."""

OUTCOMES: Mapping[str, str] = {"success": _("Succeeded"), "failure": _("Failed")}
RANGES: Mapping[str, str] = {
    "1h": _("Last hour"),
    "24h": _("Last 24 hours"),
    "7d": _("Last 7 days"),
    "30d": _("Last 30 days"),
    "365d": _("Last year"),
    "own": _("The times below"),
}

LEVELS: Mapping[str, str] = {
    "critical": _("Critical"),
    "high": _("High"),
    "medium": _("Medium"),
    "low": _("Low"),
    "informational": _("For information"),
}
SEVERITIES: Mapping[str, str] = {"5": "critical", "4": "high", "3": "medium", "2": "low"}
"""Numbers of OCSF's severities; a search for the least of them, 1, finds what it finds without."""
STATES: Mapping[str, str] = {"open": _("Open"), "in_progress": _("In progress"), "closed": _("Closed")}
CLOSE_REASONS: Mapping[str, str] = {
    "true_positive": _("An attack or an offence"),
    "false_positive": _("A mistake of the rule"),
    "benign": _("True and harmless"),
    "duplicate": _("Known from another finding"),
}
GROUP_NAMES: Mapping[str, str] = {
    **{
        name: FIELD_NAMES[name] for name in ("client_id", "account_id", "session_id", "address", "user_agent")
    },
    "actor": FIELD_NAMES["actor"],
    "person_id": _("Person"),
    "directory_id": _("Directory"),
    "about": _("Asked about"),
    "key_class": _("Counted by"),
    "key_hmac": _("Name or network, as a digest"),
}
"""Labels of what the records of a finding have in common."""
