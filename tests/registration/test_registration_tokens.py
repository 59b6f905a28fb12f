"""Initial access tokens: who may register applications, how many, and what they get (RFC 7591 3)."""

import json
from pathlib import Path

from tests.registration.registrant import REDIRECT_URI, Registrant, discovered
from tests.running.tuned_hub import running_hub

BY_TOKEN = """
[registration]
mode = "token"
network_limit = 12
impose = { require_pkce = false }
"""


def test_by_default_nobody_registers_themselves(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        registrant = Registrant(hub)

        answers = [registrant.post({"redirect_uris": [REDIRECT_URI]}).status_code]
        answers += [
            registrant.ask(m, f"{hub.issuer}/oauth2/register/x", "x").status_code for m in ("GET", "DELETE")
        ]
        document = discovered(hub)

    assert answers == [404, 404, 404]
    assert "registration_endpoint" not in document


def test_a_token_registers_as_many_as_it_may_and_imposes_what_its_officer_decided(tmp_path: Path) -> None:
    """RFC 7591 3: an initial access token; a refused registration spends nothing."""
    with running_hub(tmp_path, extra=BY_TOKEN) as hub:
        arguments = ("--label", "Suppliers", "--uses", "2", "--metadata", "audience=https://api.example")
        [made] = hub.json("client", "registration-token", "add", *arguments)
        token, registrant = made["initial_access_token"], Registrant(hub)

        without = registrant.post({"redirect_uris": [REDIRECT_URI]})
        wrong = registrant.post({"redirect_uris": [REDIRECT_URI]}, "guessed")
        refused = registrant.post({"redirect_uris": []}, token)
        told = [registrant.register(token, audience=["https://own.example"]) for _ in range(2)]
        spent = registrant.post({"redirect_uris": [REDIRECT_URI]}, token)
        [listed] = hub.json("client", "registration-token", "list")
        revoked = hub.run("client", "registration-token", "revoke", made["id"])
        again = hub.run("client", "registration-token", "revoke", made["id"], check=False)
        limited = [registrant.post({}, token).status_code for _ in range(8)]
        created = hub.audit("--event", "client.created", "--client", told[0]["client_id"])

    assert [without.status_code, wrong.status_code, refused.status_code, spent.status_code] == [
        401,
        401,
        400,
        401,
    ]
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    assert [one["audience"] for one in told] == [["https://api.example"]] * 2
    assert [one["require_pkce"] for one in told] == [False, False]
    assert (listed["state"], listed["uses_left"]) == ("used up", 0)
    assert (revoked.returncode, again.returncode) == (0, 1)
    assert limited[-1] == 429
    assert created[0]["detail"]["token_id"] == made["id"]
    assert token not in json.dumps([listed, created])
