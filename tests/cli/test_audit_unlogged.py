"""`sso audit find-unlogged`: a token that was made with the real key beside the log is found, no other is."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sso.config import load
from sso.hub import build
from sso.oidc.introspection import INTROSPECTION_TYPE
from sso.oidc.jose import sign
from sso.oidc.keys import KeyRing
from tests.running.application import claims_of, registered, signed_in
from tests.servers.hub import HubServer, StartHub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def hub(request: pytest.FixtureRequest, start_hub: StartHub) -> HubServer:
    url = "sqlite:///hub.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").new_database()
    made = start_hub(database_url=url)
    made.add_citizen()
    return made


def tokens_of(hub: HubServer) -> tuple[str, str, str]:
    """An access token and an ID token of a person, and an access token of the application itself."""
    with registered(hub) as application:
        verifier = "v" * 43
        code = application.ask_code(signed_in(application), verifier)
        assert code is not None
        answer = application.redeem(code, verifier).json()
        alone = application.client_credentials().json()["access_token"]
    return answer["access_token"], answer["id_token"], alone


def minted(hub: HubServer, *wanted: tuple[dict[str, Any], str]) -> list[str]:
    """What somebody makes who has the hub's key: claims and typ of each."""
    built = build(load(str(hub.config_file), {}))
    try:
        with built.database.read() as stores:
            ring = KeyRing(stores.signing_keys.load())
        return [sign(claims, ring.signing("ES256", datetime.now(UTC)), typ) for claims, typ in wanted]
    finally:
        built.close()


def found(hub: HubServer, *tokens: str) -> tuple[int, list[dict[str, Any]], dict[str, int]]:
    done = hub.run("audit", "find-unlogged", "-", "--json", input="\n".join(tokens) + "\n", check=False)
    assert done.returncode in (0, 3), done.stderr
    *rows, summary = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, rows, summary


def test_what_was_minted_beside_the_log_is_found_and_what_was_issued_is_not(hub: HubServer) -> None:
    access, id_token, alone = tokens_of(hub)
    now = int(datetime.now(UTC).timestamp())
    stolen = claims_of(access)
    identity = claims_of(id_token)
    *forged, elsewhere, userinfo, jarm, introspection = minted(
        hub,
        ({**stolen, "jti": "never-issued-1", "iat": now}, "at+jwt"),
        ({**stolen, "scope": "openid admin"}, "at+jwt"),
        ({**stolen, "exp": stolen["exp"] + 86_400}, "at+jwt"),
        ({name: value for name, value in stolen.items() if name != "jti"}, "at+jwt"),
        ({**identity, "txn": "00000000-0000-7000-8000-000000000000"}, "JWT"),
        ({**identity, "aud": "another"}, "JWT"),
        ({name: value for name, value in identity.items() if name != "txn"}, "JWT"),
        ({**stolen, "sub": "somebody-else"}, "at+jwt"),
        ({**stolen, "acr": "9"}, "at+jwt"),
        ({**identity, "sub": "somebody-else"}, "JWT"),
        ({**identity, "acr": "9"}, "JWT"),
        (stolen, "vp+jwt"),
        ({**stolen, "iss": "https://other.example"}, "at+jwt"),
        ({name: identity[name] for name in ("iss", "aud", "sub", "iat")}, "JWT"),
        ({**{name: identity[name] for name in ("iss", "aud", "exp")}, "code": "c", "state": "s"}, "JWT"),
        ({name: identity[name] for name in ("iss", "aud", "iat")}, INTROSPECTION_TYPE),
    )
    foreign = [
        "",
        "nonsense",
        access[:-6] + "AAAAAA",
        elsewhere,
        userinfo,
        jarm,
        introspection,
    ]

    code, rows, summary = found(hub, access, *forged, *foreign, id_token, alone)

    assert code == 3
    assert [row["what"] for row in rows] == [
        *("unlogged", "differs", "differs", "unlogged"),
        *("unlogged", "differs", "unlogged"),
        *("differs", "differs", "differs", "differs", "unlogged"),
    ]
    assert [row["line"] for row in rows] == list(range(2, 14))
    assert summary == {"compared": 15, "passed_over": 6, "findings": 12}
    events = hub.audit("--event", "audit.token.unlogged")
    assert len(events) == 12
    assert {event["severity"] for event in events} == {5}
    assert "never-issued-1" in {event["detail"].get("jti") for event in events}


def test_a_revoked_key_is_still_the_hubs(hub: HubServer) -> None:
    access, _, _ = tokens_of(hub)
    (forged,) = minted(hub, ({**claims_of(access), "jti": "never-issued-2"}, "at+jwt"))
    kid = json.loads(_header(forged))["kid"]
    hub.run("keys", "revoke", kid)

    code, rows, summary = found(hub, access, forged)

    assert (code, summary["compared"]) == (3, 2)
    assert [(row["what"], row["name"], row["kid"]) for row in rows] == [("unlogged", "never-issued-2", kid)]


def _header(token: str) -> bytes:
    head = token.split(".")[0]
    return base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))


def test_tokens_of_nobody_here_are_passed_over(hub: HubServer) -> None:
    code, rows, summary = found(hub, "a.b.c", "x" * 3_000_000, "\x00")

    assert (code, rows) == (0, [])
    assert summary["compared"] == 0
    (event, *_) = hub.audit("--event", "audit.tokens.compared")
    assert event["detail"]["count"] == 0


def test_a_forged_token_that_is_still_good_is_never_too_old_for_the_log(hub: HubServer) -> None:
    """Whoever forges one writes the time he likes: before the retention, to be passed over."""
    file = hub.config_file
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n[audit]\nretention_days = 200\n", encoding="utf-8")
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": hub.issuer,
        "sub": "x",
        "client_id": "x",
        "jti": "never-issued-3",
        "iat": now - 300 * 86_400,
    }
    try:
        living, dead = minted(
            hub, ({**claims, "exp": now + 60}, "at+jwt"), ({**claims, "exp": now - 60}, "at+jwt")
        )
        code, rows, summary = found(hub, living, dead)
    finally:
        file.write_text(text, encoding="utf-8")

    assert (code, [row["line"] for row in rows]) == (3, [1])
    assert summary == {"compared": 1, "passed_over": 1, "findings": 1}
