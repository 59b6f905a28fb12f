"""The two providers: each a real server on loopback with one client and one signed-in person."""

import base64
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sso.config.schema import Server
from tests.relying_parties.node import program
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, free_port
from tests.servers.postgresql import PostgreSQL

HERE = Path(__file__).resolve().parent
REDIRECT_URI = "http://127.0.0.1:9/callback"
RESOURCE = "https://api.example.org"
CLIENT_SECRET = "a-client-secret-of-the-benchmark-0123456789"
VERIFIER = "a-code-verifier-of-the-benchmark-that-is-long-enough"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
WORKERS, THREADS = 2, Server.model_fields["threads"].default
START_SECONDS = 30

_SERVER = f"[server]\nworkers = {WORKERS}"
_EXTRA = """
[throttle]
network_limit = 1000000
"""
_LIFETIMES = {
    "AccessToken": 300,
    "AuthorizationCode": 60,
    "ClientCredentials": 300,
    "Grant": 2_592_000,
    "IdToken": 600,
    "Interaction": 1_800,
    "RefreshToken": 2_592_000,
    "Session": 43_200,
}


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a provider answers."""

    authorize: str
    token: str
    userinfo: str
    introspect: str
    jwks: str
    push: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that answers: its client, and the cookies of a browser in which a person is signed in.

    `scope` is what the code flow asks for so that a refresh token comes with it; `resource` is what a token
    request must name to get a JWT as the access token, None where that is the only kind. `processes` are the
    ids of its first processes, the database's among them.
    """

    name: str
    port: int
    paths: Paths
    client_id: str
    client_secret: str
    cookies: str
    scope: str
    processes: tuple[int, ...]
    resource: str | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of our own, durable as in production, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sso-bench-postgresql-"))
    server = PostgreSQL(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def hub_server(database_url: str) -> Iterator[HubServer]:
    """The hub by its own commands, with the audit log on as always, on a database."""
    with tempfile.TemporaryDirectory(prefix="sso-bench-hub-") as folder:
        hub = HubServer(Path(folder), database_url=database_url, extra=_EXTRA)
        hub.initialise()
        text = hub.config_file.read_text(encoding="utf-8")
        hub.config_file.write_text(text.replace("[server]", _SERVER, 1), encoding="utf-8")
        hub.add_citizen()
        try:
            hub.start()
            yield hub
        finally:
            hub.stop()


def ours(hub: HubServer, database: PostgreSQL) -> Provider:
    """Register the client, sign the citizen in through the pages."""
    grants = ("authorization_code", "refresh_token", "client_credentials")
    client = hub.add_client(
        *("--redirect-uri", REDIRECT_URI, "--trusted", "--scope", "openid profile email offline_access api"),
        *("--audience", RESOURCE),
        *(part for grant in grants for part in ("--grant-type", grant)),
    )
    paths = Paths(
        authorize="/oauth2/authorize",
        token="/oauth2/token",
        userinfo="/oauth2/userinfo",
        introspect="/oauth2/introspect",
        jwks="/oauth2/jwks",
        push="/oauth2/par",
    )
    scope = "openid profile email offline_access"
    with Visitor() as visitor:
        visitor.open(authorization_address(hub.issuer, paths, client["client_id"], scope))
        visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)
        cookies = _cookie_header(visitor)
    assert hub.process is not None
    postmaster = (database.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
    return Provider(
        name="sso-hub",
        port=hub.port,
        paths=paths,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        cookies=cookies,
        scope=scope,
        processes=(hub.process.pid, int(postmaster)),
    )


@contextmanager
def theirs() -> Iterator[Provider]:
    """npm's oidc-provider: one process, its store in memory."""
    port = free_port()
    setting = {
        "issuer": f"http://127.0.0.1:{port}",
        "port": port,
        "client_id": "bench",
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT_URI,
        "resource": RESOURCE,
        "lifetimes": _LIFETIMES,
    }
    paths = Paths(
        authorize="/auth",
        token="/token",
        userinfo="/me",
        introspect="/token/introspection",
        jwks="/jwks",
        push="/request",
    )
    scope = "openid profile email"
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", str(program()), str(HERE / "oidc_provider.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(setting).encode())
            process.stdin.close()
            if not process.stdout.readline():
                complaints.seek(0)
                raise RuntimeError(f"oidc-provider did not start: {complaints.read().decode()[-2000:]}")
            with Visitor() as visitor:
                address = authorization_address(
                    f"http://127.0.0.1:{port}", paths, "bench", scope, resource=RESOURCE
                )
                visitor.open(address, until=REDIRECT_URI)
                cookies = _cookie_header(visitor)
            yield Provider(
                name="oidc-provider",
                port=port,
                paths=paths,
                client_id="bench",
                client_secret=CLIENT_SECRET,
                cookies=cookies,
                scope=scope,
                processes=(process.pid,),
                resource=RESOURCE,
            )
        finally:
            process.kill()
            process.wait()


def authorization_path(paths: Paths, client_id: str, scope: str, resource: str | None = None) -> str:
    """Return the path of an authorization request whose code anyone who knows VERIFIER can redeem."""
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": scope,
        "state": "a-state-of-the-benchmark",
        "nonce": "a-nonce-of-the-benchmark",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    if resource is not None:
        asked |= {"resource": resource, "scope": f"{scope} api"}
    return f"{paths.authorize}?{urlencode(asked)}"


def authorization_address(
    issuer: str, paths: Paths, client_id: str, scope: str, resource: str | None = None
) -> str:
    """Return the whole address of an authorization request."""
    return issuer + authorization_path(paths, client_id, scope, resource)


def _cookie_header(visitor: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies().items())
