"""What department directories, departments over SCIM and other providers did and said."""

from collections.abc import Mapping, Sequence


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


_BAREST = _("Something happened with another provider.")

DIRECTORIES: Mapping[str, Sequence[str]] = {
    "directory.conflict.found": (_("The directory {directory} gives one name or one id to two entries."),),
    "directory.conflict.resolved": (_("A conflict of the directory {directory} was decided."),),
    "directory.conflict.viewed": (
        _("An officer looked at conflicts of directories, {results} of them."),
        _("An officer looked at conflicts of directories."),
    ),
    "directory.sync.completed": (_("The directory {directory} was read (run {run})."),),
    "directory.sync.stopped": (_("Reading {directory} (run {run}) stopped: {leaving} people would leave."),),
    "directory.sync.failed": (_("Reading the directory {directory} (run {run}) failed: {reason}."),),
    "directory.sync.approved": (_("Those missing in run {run} of {directory} may leave (by {source})."),),
    "directory.sync.undone": (_("{people} people who left by run {run} of {directory} are back."),),
    "directory.person.left": (_("The holder of account {account} left the directory {directory}."),),
    "directory.person.returned": (_("The holder of account {account} is back in {directory}."),),
    "upstream.sign_in.started": (
        _("Somebody was sent to another provider to sign in: {upstream_id}."),
        _BAREST,
    ),
    "upstream.answer.received": (
        _("Somebody came back from another provider: {upstream_id}."),
        _BAREST,
    ),
    "upstream.sign_out.sent": (
        _("Somebody was sent to another provider to sign out: {upstream_id}."),
        _BAREST,
    ),
    "upstream.account.tied": (
        _("Account {account} can be signed in to at another provider too: {upstream_id}."),
        _BAREST,
    ),
    "upstream.account.untied": (
        _("Account {account} can no longer be signed in to at another provider: {upstream_id}."),
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
    "provisioning.user.created": (
        _("{application} brought the holder of account {account} to {directory}."),
    ),
    "provisioning.user.changed": (_("{application} changed what {directory} says of account {account}."),),
    "provisioning.user.deleted": (
        _("{application} removed the holder of account {account} from {directory}."),
    ),
    "provisioning.group.created": (_("{application} created a group in {directory}."),),
    "provisioning.group.changed": (_("{application} changed a group in {directory}."),),
    "provisioning.group.deleted": (_("{application} removed a group from {directory}."),),
    "provisioning.read": (_("{application} read {results} people or groups of {directory}."),),
    "directory.states.doubted": (
        _("The directory {directory} shows so few people that nobody is taken for gone."),
        _("A directory shows so few people that nobody is taken for gone."),
    ),
}
