"""Whose token, told to whom: opaque and signed tokens, resource servers, sectors (RFC 7662, Core 8)."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running.application import REDIRECT_URI, Application, claims_of, signed_in
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub

API = "https://api.example.gov"
APPLICATION = {
    "redirect_uris": [REDIRECT_URI],
    "scope": "openid profile offline_access",
    "trusted": True,
    "token_endpoint_auth_method": "client_secret_post",
    "audience": [API],
}

pytestmark = pytest.mark.slow


@dataclass
class Site:
    hub: TunedHub
    folder: Path
    cookies: dict[str, str]

    def application(self, **metadata: Any) -> Application:
        file = self.folder / f"{secrets.token_hex(4)}.json"
        file.write_text(json.dumps({**APPLICATION, **metadata}))
        added = self.hub.add_client("--metadata-file", str(file))
        return Application(self.hub.issuer, added["client_id"], added["client_secret"])

    def tokens(self, application: Application) -> dict[str, Any]:
        verifier = secrets.token_urlsafe(32)
        code = application.ask_code(self.cookies, verifier)
        assert code is not None
        told: dict[str, Any] = application.redeem(code, verifier).json()
        return told

    def introspect(self, caller: Application, text: str) -> dict[str, Any]:
        form = {"token": text, "client_id": caller.client_id, "client_secret": caller.client_secret}
        told: dict[str, Any] = caller.http.post(f"{self.hub.issuer}/oauth2/introspect", data=form).json()
        return told

    def get(self, path: str, text: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {text}"}
        return httpx.get(f"{self.hub.issuer}{path}", headers=headers, trust_env=False)


@dataclass
class Cast:
    """Two applications of two sectors, and the resource server that both call, in a third."""

    housing: Application
    tax: Application
    resource_server: Application
    stranger: Application


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.add_citizen()
        site = Site(hub, tmp_path_factory.mktemp("clients"), {})
        with site.application(client_name="Door") as application:
            site.cookies.update(signed_in(application))
        yield site


@pytest.fixture(scope="module")
def cast(site: Site) -> Iterator[Cast]:
    found = Cast(
        housing=site.application(sector="housing.example", access_token_format="opaque"),
        tax=site.application(sector="tax.example"),
        resource_server=site.application(sector="api.example", resource=[API], audience=[]),
        stranger=site.application(sector="stranger.example"),
    )
    yield found
    for application in vars(found).values():
        application.http.close()


def test_two_sectors_know_one_person_by_two_names(site: Site, cast: Cast) -> None:
    """Core 8.1."""
    told = [site.tokens(application) for application in (cast.housing, cast.tax, cast.housing)]
    subs = [claims_of(tokens["id_token"])["sub"] for tokens in told]
    by_userinfo = [site.get("/oauth2/userinfo", tokens["access_token"]).json()["sub"] for tokens in told]

    assert subs[0] != subs[1]
    assert subs[0] == subs[2]
    assert by_userinfo == subs


def test_a_resource_server_learns_its_own_name_for_the_person_whoever_calls_it(
    site: Site, cast: Cast
) -> None:
    """Core 8.1, RFC 7662 2.2."""
    told = [site.tokens(application) for application in (cast.housing, cast.tax)]
    own = {claims_of(tokens["id_token"])["sub"] for tokens in told}

    answers = [site.introspect(cast.resource_server, tokens["access_token"]) for tokens in told]

    assert [answer["active"] for answer in answers] == [True, True]
    assert [answer["client_id"] for answer in answers] == [cast.housing.client_id, cast.tax.client_id]
    assert len({answer["sub"] for answer in answers}) == 1
    assert not own & {answer["sub"] for answer in answers}
    assert not any(sub in json.dumps(answers) for sub in own)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_nobody_else_learns_anything(site: Site, cast: Cast, which: str) -> None:
    """RFC 7662 4; not even the other application that calls the same resource."""
    told = site.tokens(cast.housing)

    for caller in (cast.tax, cast.stranger):
        assert site.introspect(caller, told[which]) == {"active": False}
    assert site.introspect(cast.housing, told[which])["active"] is True


def test_an_opaque_token_works_until_it_is_revoked(site: Site, cast: Cast) -> None:
    """RFC 7009 2.1."""
    text = site.tokens(cast.housing)["access_token"]
    before = site.get("/oauth2/userinfo", text)
    form = {"token": text, "client_id": cast.housing.client_id, "client_secret": cast.housing.client_secret}

    revoked = cast.housing.http.post(f"{site.hub.issuer}/oauth2/revoke", data=form)

    assert "." not in text
    assert before.json()["name"] == "Tuya Bat"
    assert revoked.status_code == 200
    assert site.get("/oauth2/userinfo", text).status_code == 401
    assert site.introspect(cast.resource_server, text) == {"active": False}
    assert events(site.hub, "token.revoked")[-1]["client_id"] == cast.housing.client_id


def test_an_opaque_token_is_nowhere_in_the_database(site: Site, cast: Cast) -> None:
    text = site.tokens(cast.housing)["access_token"]

    kept = [file for file in site.hub.folder.iterdir() if file.name.startswith("hub.db")]
    assert kept
    assert not any(text.encode() in file.read_bytes() for file in kept)


@pytest.mark.parametrize("format", ["jwt", "opaque"])
def test_the_management_api_takes_both_kinds(site: Site, format: str) -> None:
    """RFC 9068 4: the audience and the role are looked at, not the form."""
    api = f"{site.hub.issuer}/api/v1"
    with site.application(audience=[api], access_token_format=format) as console:
        text = site.tokens(console)["access_token"]

        assert site.get("/api/v1/me", text).json()["name"] == "Tuya Bat"
        assert site.get("/api/v1/clients", text).json()["code"] == "insufficient_scope"


def test_a_token_for_another_resource_opens_no_door_of_the_api(site: Site, cast: Cast) -> None:
    answer = site.get("/api/v1/me", site.tokens(cast.housing)["access_token"])

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
