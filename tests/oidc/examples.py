"""A small world for the protocol's tests: one client, one person, keys, stores in memory, a fixed NOW."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt

from sso.audit.record import JsonValue
from sso.directory.person import Account, AccountKind, Person
from sso.oidc import authorize
from sso.oidc.client import Client, ClientAuthMethod, ClientSecret
from sso.oidc.client_authentication import Presented, authenticate
from sso.oidc.confirmation import Confirmation
from sso.oidc.digest import digest
from sso.oidc.interaction import NextStep, Situation, next_step
from sso.oidc.jose import SIGNING_ALGORITHMS, new_signing_key
from sso.oidc.keys import KeyRing, SigningKey
from sso.oidc.pending import PendingAuthorization
from sso.oidc.push import push
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.arrival import arrive
from sso.oidc.response import TokenResponse
from sso.oidc.session import Session
from sso.oidc.settings import Provider, Settings
from sso.oidc.token import token
from sso.oidc.token_request import TokenRequest
from tests.fakes import FakeStores

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ISSUER = "https://id.example.gov"
REDIRECT_URI = "https://housing.example/cb"
SECRET = "s3cret-of-housing_s3cret-of-housing_"
VERIFIER = "verifier-verifier-verifier-verifier-verifier"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NONCE_KEY = bytes(range(32))
SETTINGS = Settings(issuer=ISSUER)


@cache
def signing_key(alg: str, number: int = 0) -> SigningKey:
    """One key an algorithm for the whole run: making an RSA key takes longer than a test."""
    return new_signing_key(alg, NOW - timedelta(days=10 + number), NOW - timedelta(days=10 + number))


def private(key: Any) -> Any:
    """The private key object of a signing key of ours, for a library that signs by itself."""
    return key.signer.private if isinstance(key, SigningKey) else key


@cache
def provider() -> Provider:
    return Provider(SETTINGS, KeyRing(tuple(map(signing_key, SIGNING_ALGORITHMS))), NONCE_KEY)


def client(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": "housing",
        "client_name": "Housing",
        "auth_method": ClientAuthMethod.CLIENT_SECRET_BASIC,
        "redirect_uris": (REDIRECT_URI,),
        "secrets": (ClientSecret(digest(SECRET)),),
        "scope": frozenset({"openid", "profile", "email", "department", "offline_access", "housing:read"}),
        "sector": "housing.example",
    }
    return Client(**values | changes)


def session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": "session-1",
        "account_id": "account-1",
        "person_id": "person-1",
        "auth_time": NOW - MINUTE,
        "acr": "urn:sso-hub:acr:password",
        "amr": ("pwd",),
        "persona_chosen": True,
        "created_at": NOW - MINUTE,
        "last_seen_at": NOW - MINUTE,
        "expires_at": NOW + 12 * HOUR,
    }
    return Session(**values | changes)


def account(**changes: Any) -> Account:
    values: dict[str, Any] = {
        "id": "account-1",
        "person_id": "person-1",
        "kind": AccountKind.CITIZEN,
        "login_name": "tuya",
        "directory_id": None,
        "immutable_id": None,
        "claims": {"name": "Tuya Bat", "email": "tuya@example.org", "email_verified": "true"},
        "disabled_at": None,
    }
    return Account(**values | changes)


def claims_of(compact: str | None) -> dict[str, Any]:
    """What a JWT of ours says, unverified: the JOSE tests verify."""
    assert compact is not None
    claims: dict[str, Any] = jwt.decode(compact, options={"verify_signature": False})
    return claims


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@dataclass
class World:
    """Everything of one test, and the calls that a client makes."""

    client: Client = field(default_factory=client)
    session: Session = field(default_factory=session)
    stores: FakeStores = field(default_factory=FakeStores)
    provider: Provider = field(default_factory=provider)
    now: datetime = NOW
    confirmation: Confirmation | None = None
    """The key that the client has proven to hold in its token requests."""
    resources: tuple[str, ...] = ()
    """The resources that the client names in its token requests."""

    def __post_init__(self) -> None:
        self.register(self.client)
        person = Person(id="person-1", name="Tuya Bat", disabled_at=None, roles=frozenset())
        self.stores.people.add_person(person)
        self.stores.people.add_account(account(), NOW)
        self.stores.sessions.add(self.session, digest("cookie-1"))

    def register(self, client: Client) -> Client:
        self.stores.clients.by_id[client.client_id] = client
        return client

    @property
    def sub(self) -> str:
        return self.stores.subjects.sub("account-1", self.client.sector, self.now)

    def params(self, **changes: str | list[str] | None) -> dict[str, list[str]]:
        """A good authorization request; None leaves a parameter out, a list repeats it."""
        values: dict[str, str | list[str] | None] = {
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid email offline_access",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        whole = values | changes
        return {k: v if isinstance(v, list) else [v] for k, v in whole.items() if v is not None}

    def ask(self, **changes: str | list[str] | None) -> AuthorizationRequest:
        return AuthorizationRequest.parse(self.params(**changes), self.stores.clients, self.provider)

    def arrive(self, read: bytes | None = None, **params: str) -> AuthorizationRequest:
        """What the authorization endpoint makes of these parameters, wherever the request comes from.

        `read` is what the client publishes at the address of its request_uri.
        """
        whole = {name: [value] for name, value in params.items()}
        arrival = arrive(whole, self.stores, self.provider, self.now, read)
        return AuthorizationRequest.parse(arrival.params, self.stores.clients, self.provider)

    def push(self, client: Client | None = None, **changes: str | list[str] | None) -> str:
        """Push a good request, changed; return its request_uri."""
        return str(self.push_form(client, self.params(**changes))["request_uri"])

    def push_form(self, client: Client | None, form: Mapping[str, list[str]]) -> dict[str, JsonValue]:
        single = {name: values[0] for name, values in form.items()}
        asked = TokenRequest(
            client or self.stores.clients.by_id[self.client.client_id],
            single,
            resources=tuple(form.get("resource", ())),
            confirmation=self.confirmation,
        )
        return push(asked, self.stores, self.provider, self.now)

    def pending(self, **changes: Any) -> PendingAuthorization:
        values: dict[str, Any] = {
            "id": "pending-1",
            "browser": digest("browser-1"),
            "client_id": self.client.client_id,
            "params": {},
            "asked_at": self.now,
            "expires_at": self.now + HOUR,
        }
        return PendingAuthorization(**values | changes)

    def next_step(
        self,
        asked: AuthorizationRequest,
        session: Session | None = None,
        pending: PendingAuthorization | None = None,
        reachable_acr: tuple[str, ...] = (),
    ) -> NextStep:
        """What comes next for the person of `session`, as the authorization endpoint asks."""
        situation = Situation(
            session=session,
            sub=None
            if session is None
            else self.stores.subjects.sub(session.account_id, asked.client.sector, self.now),
            consent=None
            if session is None
            else self.stores.consents.get(session.account_id, asked.client.client_id, self.now),
            pending=pending or self.pending(),
            now=self.now,
            reachable_acr=reachable_acr,
        )
        return next_step(asked, situation)

    def code(self, session: Session | None = None, **changes: str | list[str] | None) -> str:
        asked = self.ask(**changes)
        answer = authorize.grant(asked, session or self.session, self.stores, self.provider, self.now)
        return dict(answer.params)["code"]

    def form(self, **params: str) -> TokenResponse:
        """A token request of our client, which has proven who it is."""
        return self.form_of(self.stores.clients.by_id[self.client.client_id], **params)

    def form_of(self, client: Client, **params: str) -> TokenResponse:
        asked = TokenRequest(client, params, self.resources, confirmation=self.confirmation)
        return token(asked, self.stores, self.provider, self.now)

    def redeem(self, code: str, **changes: str) -> TokenResponse:
        values = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER} | changes
        return self.form(grant_type="authorization_code", code=code, **values)

    def refresh(self, refresh_token: str | None, **changes: str) -> TokenResponse:
        assert refresh_token is not None
        return self.form(grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def tokens(self, **changes: str | list[str] | None) -> TokenResponse:
        return self.redeem(self.code(**changes))

    def authenticate(self, authorization: str | None = None, form: Mapping[str, str] | None = None) -> Client:
        return authenticate(
            Presented("token", authorization, form or {}), self.stores, self.provider, self.now
        )

    def wait(self, time: timedelta) -> None:
        self.now += time

    def disable(self) -> None:
        people = self.stores.people
        people.accounts["account-1"] = replace(people.accounts["account-1"], disabled_at=self.now)
