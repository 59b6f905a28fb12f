"""The words of the twelve questions: what each asks, and what the columns and words of its table mean."""

from collections.abc import Mapping


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


ASKS: Mapping[str, str] = {
    "Q1": _("Who got this person’s data, through which application, which claims, when?"),
    "Q2": _("What has this member of staff done since a day, such as the day they left?"),
    "Q3": _("What could this person reach, and did they use it?"),
    "Q4": _("Who signed in, or tried to, from this address or network?"),
    "Q5": _("Was this account attacked, and did an attack succeed?"),
    "Q6": _("Which sessions and tokens of this person live?"),
    "Q7": _("What changed in this application, and who did it?"),
    "Q8": _("Which applications ask for more claims than before, or more than they get?"),
    "Q9": _("Which privileged or dangerous things were done?"),
    "Q10": _("Which accounts and applications woke up after 90 days of silence?"),
    "Q11": _("Who looked at the log, or took some of it away, and why?"),
    "Q12": _("Is the log whole: its head, what waits, what was signed, what checks found?"),
}

NAMES: Mapping[str, str] = {
    "Q1": _("Who got a person’s data"),
    "Q2": _("What a clerk has done"),
    "Q3": _("What a person could reach"),
    "Q4": _("Sign-ins from an address"),
    "Q5": _("Attacks on an account"),
    "Q6": _("Living sessions and tokens"),
    "Q7": _("Changes of an application"),
    "Q8": _("Applications that ask for more"),
    "Q9": _("Privileged and dangerous acts"),
    "Q10": _("Who woke up"),
    "Q11": _("Who looked at the log"),
    "Q12": _("Whether the log is whole"),
}

COLUMNS: Mapping[str, str] = {
    "account_id": _("Account"),
    "addresses": _("Addresses"),
    "asked_and_never_got": _("Asked for and never received"),
    "asked_anew": _("Asked for, and not before"),
    "claims_released": _("Claims received"),
    "client_id": _("Application"),
    "days_of_silence": _("Days of silence"),
    "ends": _("Ends (UTC)"),
    "entries": _("Entries"),
    "failures": _("Failures"),
    "first": _("First (UTC)"),
    "first_seen": _("Seen for the first time"),
    "from": _("From (UTC)"),
    "id": _("Account or application"),
    "kept_from": _("Kept from entry"),
    "last": _("Last (UTC)"),
    "last_seen": _("Last seen (UTC)"),
    "last_seen_before": _("Last seen before (UTC)"),
    "log": _("Log"),
    "records": _("Records"),
    "session_id": _("Session"),
    "signed_at": _("Signed (UTC)"),
    "signed_entries": _("Entries signed"),
    "signed_in": _("Signed in (UTC)"),
    "success_from": _("The success came from"),
    "then_success": _("Then a success (UTC)"),
    "until": _("Until (UTC)"),
    "waiting": _("Waiting to be entered"),
    "what": _("What"),
    "woke_up": _("Woke up (UTC)"),
}

VALUES: Mapping[str, str] = {
    "-": "–",
    "yes": _("Yes"),
    "no": _("No"),
    "account_id": _("Account"),
    "client_id": _("Application"),
    "an address that had failed": _("An address that had failed"),
    "another address": _("Another address"),
}
"""What a table says in a word of its own."""

MOMENTS = frozenset(
    (
        "ends",
        "first",
        "from",
        "last",
        "last_seen",
        "last_seen_before",
        "signed_at",
        "signed_in",
        "then_success",
        "until",
        "woke_up",
    )
)
"""Columns that hold times."""
