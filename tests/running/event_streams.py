"""Applications that are told of leavers by security event tokens, and what they read in one.

Some are pushed to (RFC 8935), some poll (RFC 8936).
"""

import json
from typing import Any

import httpx
import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from tests.running.application import Application, registered
from tests.running.event_receiver import EventReceiver
from tests.running.tuned_hub import TunedHub

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SESSION_REVOKED, DISABLED, ENABLED = (
    f"{CAEP}session-revoked",
    f"{RISC}account-disabled",
    f"{RISC}account-enabled",
)


def keys_of(hub: TunedHub) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{hub.issuer}/oauth2/jwks", trust_env=False).json()
    return found


def verified(token: str, hub: TunedHub, audience: str) -> dict[str, Any]:
    """What a receiver reads, checked by two libraries that are not ours (RFC 8417 2)."""
    keys = keys_of(hub)
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "secevent+jwt"
    key = next(key for key in keys["keys"] if key["kid"] == header["kid"])
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=[header["alg"]], audience=audience, issuer=hub.issuer
    )
    assert joserfc_jwt.decode(token, KeySet.import_key_set(keys), algorithms=[header["alg"]]).claims == claims
    assert {"sub", "exp", "nonce"}.isdisjoint(claims)
    assert len(claims["events"]) == 1
    return claims


def by_type(claims: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {next(iter(each["events"])): each for each in claims}


def pushed_to(hub: TunedHub, receiver: EventReceiver, *more: str) -> Application:
    return registered(
        hub,
        *more,
        *("--metadata", "security_event_delivery=urn:ietf:rfc:8935"),
        *("--metadata", f"security_event_endpoint={receiver.uri}"),
    )


def polled_by(hub: TunedHub) -> Application:
    file = hub.folder / "poll.json"
    resource = f"{hub.issuer}/ssf/events"
    file.write_text(json.dumps({"security_event_delivery": "urn:ietf:rfc:8936", "audience": [resource]}))
    scope = "openid profile offline_access ssf.read reports"
    return registered(hub, "--scope", scope, "--metadata-file", str(file), name="Polling")


def poll(application: Application, **body: Any) -> dict[str, Any]:
    answer = post_poll(application, events_token(application), body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def events_token(application: Application) -> str:
    resource = f"{application.issuer}/ssf/events"
    form = {"grant_type": "client_credentials", "scope": "ssf.read", "resource": resource}
    return str(application.token(form).json()["access_token"])


def post_poll(application: Application, token: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return application.http.post(f"{application.issuer}/ssf/events", json=body, headers=headers)
