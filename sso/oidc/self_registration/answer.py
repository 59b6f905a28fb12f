"""What an application is told of its registration (RFC 7591 3.2.1, RFC 7592 3)."""

from urllib.parse import quote

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.metadata import REGISTRATION_PATH
from sso.oidc.registration import client_metadata
from sso.oidc.settings import Settings


def registration_answer(
    client: Client, access_token: str, client_secret: str | None, settings: Settings
) -> dict[str, JsonValue]:
    """Return the client information response; a secret is told once, when it is made."""
    answer: dict[str, JsonValue] = {
        "client_id": client.client_id,
        "registration_access_token": access_token,
        "registration_client_uri": settings.endpoint(
            f"{REGISTRATION_PATH}/{quote(client.client_id, safe='')}"
        ),
        **{name: value for name, value in client_metadata(client).items() if value is not None},
    }
    if client.created_at is not None:
        answer["client_id_issued_at"] = int(client.created_at.timestamp())
    if client_secret is not None:
        answer |= {"client_secret": client_secret, "client_secret_expires_at": 0}
    return answer
