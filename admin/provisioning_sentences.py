"""What departments over SCIM do, as sentences (`admin.sentences`)."""

from collections.abc import Mapping, Sequence

from admin.upstream_sentences import UPSTREAM_SENTENCES


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


PROVISIONING: Mapping[str, Sequence[str]] = {
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
}
FROM_OUTSIDE: Mapping[str, Sequence[str]] = {**UPSTREAM_SENTENCES, **PROVISIONING}
"""What others than people and officers do: providers upstream, and departments over SCIM."""
