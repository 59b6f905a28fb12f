"""What the people manager's pages say of accounts and of conflicts."""

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
