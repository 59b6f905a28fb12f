"""Which roles a client learns of a person, and as what (ours; the claim is that of RFC 7643 4.1.2)."""

from sso.oidc.client import Client
from sso.oidc.registration.field import Field
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import InvalidClientMetadata, shown
from sso.oidc.roles import CLAIM, role_rule

RULES_MAX = 200


def _mapping(fields: MetadataFields, name: str) -> tuple[str, ...] | None:
    values = fields.list_of(name, RULES_MAX)
    for value in values or ():
        if role_rule(value) is None:
            raise InvalidClientMetadata(
                f"{name} {shown(value)} is not NAME=DIRECTORY/roles/VALUE or NAME=DIRECTORY/groups/VALUE"
            )
    return values


FIELDS = (Field("role_mapping", _mapping),)


def check_roles(client: Client) -> None:
    """Refuse roles that the client could never ask for."""
    if client.role_mapping and CLAIM not in client.scope:
        raise InvalidClientMetadata(f"role_mapping needs the scope {CLAIM}")
