"""Applications with TLS client certificates, through deploy/nginx-mtls.conf (RFC 8705)."""

import json
import secrets
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509

from tests.running.application import REDIRECT_URI, Application, claims_of, signed_in
from tests.running.state import events
from tests.running.test_behind_nginx import ProxiedHub
from tests.servers.client_certificates import HOUSING_DN, Issued, authority, issued, self_signed
from tests.servers.hub import free_port
from tests.servers.nginx import Nginx

OF_A_CA = issued()
OF_ANOTHER_CA = issued(by=authority("Anyone's CA"))
OWN = self_signed()
SCOPE = "openid profile offline_access"
SCIM_DEPARTMENT = """
[[directory]]
kind = "scim"
id = "health"
name = "Health Commission"
realms = ["health.example"]
bound_tokens_only = true
"""

pytestmark = pytest.mark.slow


@dataclass
class Site:
    nginx: Nginx
    hub: ProxiedHub
    folder: Path
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def mtls_origin(self) -> str:
        return f"https://{self.nginx.mtls_host}"

    def client(self, **metadata: Any) -> Application:
        """Register an application from its metadata."""
        file = self.folder / f"{secrets.token_hex(4)}.json"
        whole = {"redirect_uris": [REDIRECT_URI], "scope": SCOPE, "trusted": True, **metadata}
        file.write_text(json.dumps(whole))
        added = self.hub.add_client("--metadata-file", str(file))
        return Application(self.hub.issuer, added["client_id"], "")

    def call(
        self,
        method: str,
        url: str,
        certificate: Issued | None = None,
        headers: dict[str, str] | None = None,
        **form: str,
    ) -> httpx.Response:
        """Call an address on a connection of its own, with a certificate or none."""
        context = ssl.create_default_context(cafile=str(self.nginx.ca_file))
        if certificate is not None:
            context.load_cert_chain(*certificate.files(self.folder / secrets.token_hex(4)))
        with httpx.Client(verify=context, trust_env=False, timeout=15) as http:
            return http.request(method, url, headers=headers, data=form or None)

    def token(self, application: Application, certificate: Issued | None, **form: str) -> httpx.Response:
        """Ask for tokens at the host for certificates."""
        form = {"client_id": application.client_id, **form}
        return self.call("POST", f"{self.mtls_origin}/oauth2/token", certificate, **form)

    def redeem(self, application: Application, certificate: Issued | None) -> httpx.Response:
        verifier = secrets.token_urlsafe(32)
        code = application.ask_code(self.cookies, verifier)
        assert code is not None
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        return self.token(application, certificate, code=code, **form)

    def userinfo(self, text: str, certificate: Issued | None, origin: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {text}"}
        return self.call("GET", f"{origin or self.mtls_origin}/oauth2/userinfo", certificate, headers)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    hub_port = free_port()
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), hub_port)
    settings = {
        "SERVER__LISTEN": f"127.0.0.1:{hub_port}",
        "SERVER__TRUSTED_PROXIES": '["127.0.0.1/32"]',
        "SERVER__MTLS_HOST": nginx.mtls_host,
    }
    hub = ProxiedHub(tmp_path_factory.mktemp("hub"), port=hub_port, public=nginx.issuer, settings=settings)
    hub.extra = SCIM_DEPARTMENT
    nginx.start()
    try:
        hub.initialise()
        hub.start()
        hub.add_citizen()
        site = Site(nginx, hub, tmp_path_factory.mktemp("clients"))
        with site.client(token_endpoint_auth_method="none") as application:
            site.cookies.update(signed_in(application))
        yield site
    finally:
        hub.stop()
        nginx.stop()


@pytest.fixture(scope="module")
def by_ca(site: Site) -> Iterator[Application]:
    """An application that a CA of the operator's names."""
    with site.client(
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn=HOUSING_DN,
        grant_types=["client_credentials"],
        redirect_uris=[],
        scope="",
    ) as application:
        yield application


@pytest.fixture(scope="module")
def by_key(site: Site) -> Iterator[Application]:
    """An application that has registered its self-signed certificate, and binds its tokens to it."""
    with site.client(
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks={"keys": [OWN.jwk(x5c=[OWN.x5c])]},
        tls_client_certificate_bound_access_tokens=True,
    ) as application:
        yield application


def refused(response: httpx.Response, status: int, error: str) -> None:
    assert (response.status_code, response.json().get("error")) == (status, error), response.text


def test_a_certificate_of_the_operators_ca_proves_its_application(site: Site, by_ca: Application) -> None:
    """RFC 8705 2.1."""
    answer = site.token(by_ca, OF_A_CA, grant_type="client_credentials")

    assert answer.status_code == 200, answer.text
    assert "cnf" not in claims_of(answer.json()["access_token"])


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "no certificate came with the connection"),
        (OF_ANOTHER_CA, "the certificate is not of a trusted CA"),
        (OWN, "the certificate is not of a trusted CA"),
        (issued(x509.Name([])), "the certificate names another"),
    ],
)
def test_without_such_a_certificate_nothing_is_proven(
    site: Site, by_ca: Application, certificate: Issued | None, reason: str
) -> None:
    """RFC 8705 2.1."""
    refused(site.token(by_ca, certificate, grant_type="client_credentials"), 401, "invalid_client")

    assert events(site.hub, "client.auth.failed")[-1]["reason"] == reason


def test_an_expired_certificate_is_refused_by_the_proxy(site: Site, by_ca: Application) -> None:
    assert site.token(by_ca, issued(days=-1), grant_type="client_credentials").status_code == 400


def forged(verify: str = "SUCCESS") -> str:
    return f"cert={quote(OF_A_CA.pem, safe='')};verify={verify}"


@pytest.mark.parametrize("name", ["Clientcertificate", "clientcertificate", "CLIENTCERTIFICATE"])
@pytest.mark.parametrize("at_mtls_host", [True, False])
def test_a_header_that_the_client_writes_itself_is_not_believed(
    site: Site, by_ca: Application, name: str, at_mtls_host: bool
) -> None:
    """The certificate is public: whoever has seen it could send it along."""
    origin = site.mtls_origin if at_mtls_host else site.nginx.issuer
    form = {"grant_type": "client_credentials", "client_id": by_ca.client_id}

    answer = site.call("POST", f"{origin}/oauth2/token", None, {name: forged()}, **form)

    refused(answer, 401, "invalid_client")
    reason = "no certificate came with the connection"
    assert events(site.hub, "client.auth.failed")[-1]["reason"] == reason


def test_a_forged_header_beside_a_real_certificate_is_not_believed(site: Site, by_ca: Application) -> None:
    form = {"grant_type": "client_credentials", "client_id": by_ca.client_id}
    headers = {"Clientcertificate": forged()}

    answer = site.call("POST", f"{site.mtls_origin}/oauth2/token", OF_ANOTHER_CA, headers, **form)

    refused(answer, 401, "invalid_client")


def test_the_host_for_browsers_asks_nobody_for_a_certificate(site: Site, by_ca: Application) -> None:
    form = {"grant_type": "client_credentials", "client_id": by_ca.client_id}

    answer = site.call("POST", f"{site.nginx.issuer}/oauth2/token", OF_A_CA, **form)

    refused(answer, 401, "invalid_client")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/oauth2/authorize", "/oauth2/logout", "/static/x"])
def test_the_host_for_certificates_has_no_pages(site: Site, path: str) -> None:
    assert site.call("GET", f"{site.mtls_origin}{path}").status_code == 404


def test_a_registered_certificate_proves_its_application_and_binds_its_tokens(
    site: Site, by_key: Application
) -> None:
    """RFC 8705 2.2, 3.1."""
    told = site.redeem(by_key, OWN).json()

    assert claims_of(told["access_token"])["cnf"] == {"x5t#S256": OWN.shown(verified=False).x5t}
    assert told["token_type"] == "Bearer"
    assert site.userinfo(told["access_token"], OWN).json()["name"] == "Tuya Bat"
    again = site.token(by_key, OWN, grant_type="refresh_token", refresh_token=told["refresh_token"])
    assert "cnf" in claims_of(again.json()["access_token"])


@pytest.mark.parametrize("certificate", [None, OF_A_CA, self_signed()])
def test_a_bound_token_is_worthless_without_its_certificate(
    site: Site, by_key: Application, certificate: Issued | None
) -> None:
    """RFC 8705 3: invalid_token, 401."""
    text = site.redeem(by_key, OWN).json()["access_token"]

    refused(site.userinfo(text, certificate), 401, "invalid_token")
    refused(site.userinfo(text, certificate, site.nginx.issuer), 401, "invalid_token")
    api = f"{site.mtls_origin}/api/v1/me"
    assert site.call("GET", api, certificate, {"Authorization": f"Bearer {text}"}).status_code == 401


def test_the_management_api_takes_a_bound_token_with_its_certificate(site: Site) -> None:
    """RFC 8705 3."""
    bound = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [OWN.jwk()]},
        "tls_client_certificate_bound_access_tokens": True,
        "audience": [f"{site.nginx.issuer}/api/v1"],
    }
    with site.client(**bound) as console:
        headers = {"Authorization": f"Bearer {site.redeem(console, OWN).json()['access_token']}"}

        answers = [
            site.call("GET", f"{site.mtls_origin}/api/v1/me", certificate, headers)
            for certificate in (OWN, self_signed(), None)
        ]

    assert [answer.status_code for answer in answers] == [200, 401, 401]


def test_another_self_signed_certificate_proves_nothing(site: Site, by_key: Application) -> None:
    """RFC 8705 2.2: the same subject, another key."""
    refused(site.redeem(by_key, self_signed()), 401, "invalid_client")


def test_a_public_clients_refresh_token_is_bound_to_its_certificate(site: Site) -> None:
    """RFC 8705 4."""
    metadata = {"token_endpoint_auth_method": "none", "tls_client_certificate_bound_access_tokens": True}
    with site.client(**metadata) as mobile:
        refused(site.redeem(mobile, None), 400, "invalid_request")
        told = site.redeem(mobile, OWN).json()
        form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}

        refused(site.token(mobile, self_signed(), **form), 400, "invalid_grant")
        refused(site.token(mobile, None, **form), 400, "invalid_request")
        assert site.token(mobile, OWN, **form).status_code == 200


def test_a_department_manages_its_people_with_its_certificate_only(site: Site) -> None:
    """RFC 7644 2 with RFC 8705 3: bound tokens, and nothing else, where the department asks for it."""
    address = f"{site.mtls_origin}/scim/v2/health/Users"
    personnel = site.hub.add_client(
        *("--grant-type", "client_credentials", "--scope", "scim"),
        *("--audience", f"{site.hub.issuer}/scim/v2/health", "--auth-method", "tls_client_auth"),
        *("--metadata", f"tls_client_auth_subject_dn={HOUSING_DN}"),
        *("--metadata", "tls_client_certificate_bound_access_tokens=true"),
    )
    form = {"client_id": personnel["client_id"], "grant_type": "client_credentials", "scope": "scim"}
    told = site.call("POST", f"{site.mtls_origin}/oauth2/token", OF_A_CA, **form).json()
    headers = {"Authorization": f"Bearer {told['access_token']}"}

    statuses = [
        site.call("GET", address, certificate, headers).status_code
        for certificate in (OF_A_CA, OF_ANOTHER_CA, OWN, None)
    ]

    assert statuses == [200, 401, 401, 401]


@pytest.mark.parametrize("path", ["/ssf/events", "/audit/receipt/00000000-0000-7000-8000-000000000000"])
def test_what_applications_fetch_later_is_at_that_host_too(site: Site, by_ca: Application, path: str) -> None:
    answer = site.call("POST", f"{site.mtls_origin}{path}", OF_A_CA, client_id=by_ca.client_id)

    assert "X-Request-Id" in answer.headers, "the proxy answered by itself"


def test_the_metadata_tells_where_certificates_are_asked_for(site: Site) -> None:
    """RFC 8705 3.3, 5."""
    told = site.call("GET", f"{site.nginx.issuer}/.well-known/openid-configuration").json()

    assert told["tls_client_certificate_bound_access_tokens"] is True
    aliases = told["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{site.mtls_origin}/oauth2/token"
    assert {"userinfo_endpoint", "revocation_endpoint", "introspection_endpoint"} <= set(aliases)
    assert not {"authorization_endpoint", "jwks_uri", "end_session_endpoint"} & set(aliases)
    methods = set(told["token_endpoint_auth_methods_supported"])
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= methods
