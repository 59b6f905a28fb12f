"""What the people manager's pages say of accounts and of conflicts, and of decisions that are refused."""

from collections.abc import Mapping


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


ACCOUNT_KINDS: Mapping[str, str] = {"citizen": _("Citizen"), "staff": _("Clerk")}

ACCOUNT_FIELDS: Mapping[str, str] = {
    "name": _("Full name"),
    "kind": _("Kind of account"),
    "login_name": _("Sign-in name"),
    "directory_name": _("Department directory"),
    "department": _("Office or unit"),
    "title": _("Job title"),
    "email": _("Mail address"),
    "phone_number": _("Telephone number"),
    "immutable_id": _("Entry’s id in the directory"),
    "dn": _("Entry’s name in the directory (DN)"),
    "state_checked_at": _("Directory last said it is in use (UTC)"),
    "disabled_at": _("Disabled since (UTC)"),
    "account_id": _("Account"),
    "person_id": _("Person"),
}
"""Labels of what is known of an account, in the order in which a page shows it."""

CONFLICT_KINDS: Mapping[str, str] = {
    "name_reused": _("Two accounts in use bear one sign-in name"),
    "name_ambiguous": _("A search for one sign-in name finds two entries"),
    "id_shared": _("Two entries show one id"),
}

RESOLUTIONS: Mapping[str, tuple[str, str]] = {
    "different": (
        _("They are two people"),
        _("The person of the earlier account has left: all access of that account ends now."),
    ),
    "same": (
        _("They are one person"),
        _("The entry was made anew: the earlier account goes on with it, the later one is removed for good."),
    ),
    "mended": (
        _("The directory was put right"),
        _("Nothing changes at the hub. If it is not right, the conflict comes back."),
    ),
}
"""What may be decided, and what then happens."""

REFUSALS: Mapping[str, str] = {
    "they are one person's already": _("They are one person’s already."),
    "a person has one account as a citizen, and these would be two": _(
        "A person has one account as a citizen, and these would be two."
    ),
    "a person has one account in a directory, and these would be two": _(
        "A person has one account in a directory, and these would be two."
    ),
    "one of them is an officer: revoke the role, link or unlink, and grant it anew": _(
        "One of them is an officer: the role is revoked first, and granted anew afterwards."
    ),
    "one of them is disabled; enable it first, if it is to be used": _(
        "One of them is disabled: it is enabled first, if it is to be used."
    ),
    "their persons have other accounts than were shown: look again, then decide": _(
        "Their persons have other accounts than were shown. Look again, then decide."
    ),
    "it is the only account of its person already": _("It is the only account of its person already."),
    "it is resolved already": _("It is resolved already."),
    "it has settled itself: the two accounts no longer bear one name, or one is out of use": _(
        "It has settled itself: the two accounts no longer bear one name, or one is out of use."
    ),
    "one of its accounts is no longer known": _("One of its accounts is no longer known."),
    "one of its accounts is an officer's: revoke that, resolve, and grant it anew": _(
        "One of its accounts is an officer’s: the role is revoked first, and granted anew afterwards."
    ),
}
"""The hub's reasons against a decision, in its own words, and how a page says them."""
