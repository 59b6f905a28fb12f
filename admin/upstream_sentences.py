"""What the console says of sign-ins and sign-outs at other providers (`admin.sentences`)."""

from collections.abc import Mapping, Sequence


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


_BAREST = _("Something happened with another provider.")

UPSTREAM_SENTENCES: Mapping[str, Sequence[str]] = {
    "upstream.sign_in.started": (
        _("Somebody was sent to another provider to sign in: {upstream_id}."),
        _BAREST,
    ),
    "upstream.sign_out.sent": (
        _("Somebody was sent to another provider to sign out: {upstream_id}."),
        _BAREST,
    ),
    "upstream.logout.received": (
        _("Another provider told of a sign-out there: {upstream_id}."),
        _BAREST,
    ),
    "upstream.logout.rejected": (
        _("What another provider told of a sign-out was refused: {reason}."),
        _BAREST,
    ),
}
