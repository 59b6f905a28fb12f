"""What the hub has against something, as a page says it: a text for each code that its API answers.

The API's own sentences are English and meant for developers. They are shown for a code of tomorrow only.
"""

from collections.abc import Mapping

from admin.api import ApiRefused
from admin.language import Language


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


DECISIONS: Mapping[str, Mapping[str, str]] = {
    "link_refused": {
        "same_person": _("They are one person’s already."),
        "two_citizens": _("A person has one account as a citizen, and these would be two."),
        "same_directory": _("A person has one account in a directory, and these would be two."),
        "role": _("One of them is an officer: the role is revoked first, and granted anew afterwards."),
        "disabled": _("One of them is disabled: it is enabled first, if it is to be used."),
        "changed": _("Their persons have other accounts than were shown. Look again, then decide."),
        "only_account": _("It is the only account of its person already."),
    },
    "conflict_not_resolvable": {
        "resolved": _("It is resolved already."),
        "settled": _(
            "It has settled itself: the two accounts no longer bear one name, or one is out of use."
        ),
        "not_this_kind": _("It cannot be resolved like this. Choose one of the decisions that are offered."),
        "account_gone": _("One of its accounts is no longer known."),
        "role": _(
            "One of its accounts is an officer’s: the role is revoked first, and granted anew afterwards."
        ),
    },
}
"""What speaks against a decision, by the problem's code and its `cause`."""

ASKED: Mapping[str, str] = {
    "missing": _("Fill this in."),
    "unknown": _("The hub does not know this field."),
    "repeated": _("This can be said once only."),
    "malformed": _("The hub cannot read this."),
    "too_short": _("This is too short."),
    "too_long": _("This is too long."),
    "too_many": _("These are too many."),
    "out_of_range": _("This number is too small or too large."),
    "not_a_number": _("This is not a whole number."),
    "not_offered": _("Choose one of those that are offered."),
    "not_one_of_two": _("Fill in one of the two."),
    "not_readable": _("This has characters that cannot be seen, or that turn the direction of writing."),
    "not_a_time": _("This is not a time. Write it like 2026-03-04 05:06."),
    "not_an_id": _("This is not an id."),
    "not_an_event": _("There is no such kind of event."),
    "not_a_login_name": _(
        "This cannot be a sign-in name: it is too long, or has characters that cannot be seen."
    ),
    "not_an_address": _("This is neither an address nor a network."),
    "network_too_wide": _(
        "A network that can be asked about is between /16 and /32, or with IPv6 between /40 and /48 or from "
        "/120 on."
    ),
    "empty_range": _("The time range is empty: its beginning must be before its end."),
    "too_many_records": _("That is more than 40,000 records: ask for a shorter time."),
    "takes_too_long": _("Counting this takes too long: ask for a shorter time."),
    "not_asked_about": _("The question is not about this."),
}
"""What is wrong with a field of a search or a question, by the code of the API's `errors`."""

FINDINGS: Mapping[str, str] = {
    "changed_meanwhile": _(
        "Somebody has changed this finding meanwhile, or more was found. Look at it as it is now."
    ),
    "not_an_auditor": _("This is not an auditor’s account."),
    "not_known": _("There is no such rule or finding any more."),
    "group_unknown": _(
        "An earlier release kept this finding: nobody knows any more what is like it. Suppress its rule."
    ),
    "only_when_closed": _("A finding that is not closed has not turned out to be anything yet."),
}
"""What is said of findings beside that, by the code of the problem or of one of its `errors`."""

NEEDED: Mapping[str, str] = {
    "account_id": _("Say which person."),
    "address": _("Write an address or a network."),
    "client_id": _("Choose an application."),
    "closed_as": _("Choose what it turned out to be."),
    "comment": _("Write a comment."),
    "login_name": _("Say which person."),
    "reason": _("Say why."),
    "resolution": _("Choose what you found out."),
    "text": _("A text to look for has at least three characters."),
}
"""What a page asks for where a parameter is missing or too short."""


def refusal_text(error: ApiRefused, language: Language) -> str:
    """Return what a page says of input or of a decision that the API has refused."""
    decided = DECISIONS.get(error.code, {}).get(error.cause)
    known = decided or FINDINGS.get(error.code)
    if known is not None:
        return language.gettext(known)
    if error.errors:
        return " ".join(dict.fromkeys(parameter_text(each, language) for each in error.errors))
    return _in_the_hubs_words(error.detail, language)


def parameter_text(flaw: Mapping[str, str], language: Language) -> str:
    """Return what a page says of one of a problem's `errors`: `parameter`, `code`, `detail`."""
    code = flaw.get("code", "")
    needed = NEEDED.get(parameter_of(flaw)) if code in ("missing", "too_short") else None
    known = needed or ASKED.get(code) or FINDINGS.get(code)
    if known is not None:
        return language.gettext(known)
    return _in_the_hubs_words(f"{flaw.get('parameter', '')}: {flaw.get('detail', '')}", language)


def parameter_texts(error: ApiRefused, language: Language) -> dict[str, str]:
    """Return what a page says of each parameter that a refusal names, the first for each."""
    texts: dict[str, str] = {}
    for flaw in error.errors:
        texts.setdefault(parameter_of(flaw), parameter_text(flaw, language))
    return texts


def parameter_of(flaw: Mapping[str, str]) -> str:
    """Return the parameter that is wrong, whichever of its values it is: `event` for `event.0`."""
    return flaw.get("parameter", "").partition(".")[0]


def _in_the_hubs_words(text: str, language: Language) -> str:
    return language.gettext(_("The hub says: {text}"), text=text)
