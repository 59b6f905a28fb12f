"""What was done with an account, in the words of the person whose it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sso.audit.record import AuditRecord
from sso.web.disclosure import claim_label
from sso.web.language import Language


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


SENTENCES: Mapping[str, tuple[str, ...]] = {
    "auth.login.success": (_("Signed in, on the way to {service}"), _("Signed in")),
    "session.sso_reused": (_("Went to {service}, without a password"),),
    "consent.granted": (_("Allowed {service} to know about you"),),
    "authz.deferred.allowed": (_("Allowed {service} on another device"),),
    "userinfo.accessed": (_("{service} read about you"),),
    "token.exchanged": (_("{service} went on for you to another service"),),
    "token.assertion.accepted": (_("{service} was let in for you, on the word of another authority"),),
    "credential.password.changed": (_("The password was set"),),
    "credential.password.reset": (_("The password was replaced by somebody in charge"),),
    "account.linked": (_("The account was put together with another one"),),
    "account.unlinked": (_("The account was separated from the others"),),
    "upstream.account.tied": (_("Signing in with an account elsewhere was made possible"),),
    "upstream.account.untied": (_("Signing in with an account elsewhere was ended"),),
}
"""By the code of the event, the fullest first: the first is said whose service is known, in English."""

NO_SERVICE = _("a service that is no longer here")
_BY_SERVERS = frozenset({"userinfo.accessed", "token.exchanged", "token.assertion.accepted"})
"""Here the address is that of the service's own computer, which tells the person nothing."""


@dataclass(frozen=True, slots=True)
class UseShown:
    """One entry on a page; `told` is what a service learned, in words, or empty.

    `address` and `software` are None where nobody's browser did it.
    `session` is "here" for a session that goes on in this browser, "elsewhere" for one in another, or None.
    `reported_at` is None for what was not reported; `ended` other sessions ended with the report, or None.
    """

    id: str
    sentence: str
    moment: str
    told: str
    address: str | None
    software: str | None
    session: str | None
    reported_at: str | None
    ended: int | None


def use_shown(
    record: AuditRecord,
    language: Language,
    name_of: Callable[[str], str | None],
    *,
    session: str | None,
    report: AuditRecord | None,
) -> UseShown:
    """Return an entry as a page shows it; `name_of` tells the name of a service by its client_id."""
    claims = record.detail.get("claims_released")
    names = [str(name) for name in claims] if isinstance(claims, list | tuple) else []
    ended = None if report is None else report.detail.get("ended")
    at_browser = record.event not in _BY_SERVERS and record.origin.actor in (None, record.account_id)
    return UseShown(
        id=record.id,
        sentence=_sentence(record, language, name_of),
        moment=language.datetime(record.occurred_at),
        told=language.listed([claim_label(language, name) for name in names if name != "sub"]),
        address=record.origin.address if at_browser else None,
        software=record.origin.user_agent if at_browser else None,
        session=session,
        reported_at=None if report is None else language.datetime(report.occurred_at),
        ended=ended if isinstance(ended, int) else None,
    )


def _sentence(record: AuditRecord, language: Language, name_of: Callable[[str], str | None]) -> str:
    fullest, *barer = SENTENCES[record.event]
    if record.client_id is None and barer:
        return language.gettext(barer[0])
    if "{service}" not in fullest:
        return language.gettext(fullest)
    known = name_of(record.client_id) if record.client_id is not None else None
    return language.gettext(fullest, service=known or language.gettext(NO_SERVICE))
