"""The calls that are measured: the same of both providers, one function a call.

A call is prepared before each of its rounds (codes, tokens), which is not measured; the round then hands each
connection its next request.
"""

import base64
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from bench.load import Answer, Measured, Next, Unexpected, once, request, run
from bench.providers import REDIRECT_URI, VERIFIER, Provider, authorization_path

CONNECTIONS = 16
PROOFS_A_SECOND = 3_000
"""More than either side takes: making them is not measured."""
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_JWK = {
    name: value
    for name, value in jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True).items()
    if name in {"kty", "crv", "x", "y"}
}
_REFRESH_TOKEN = re.compile(rb'"refresh_token": ?"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Round:
    """A prepared round: whom to ask, what follows on an answer, the status that each answer must have."""

    provider: Provider
    following: Next
    status: int = 200

    def measure(self, seconds: float) -> Measured:
        """Ask for this long, or until there is nothing more to ask."""
        return run(
            self.provider.port,
            self.following,
            connections=CONNECTIONS,
            seconds=seconds,
            status=self.status,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call to one provider; `prepare` takes the seconds that the round shall last."""

    provider: Provider
    of: Callable[[Provider, float], Round]

    def prepare(self, seconds: float) -> Round:
        """Get ready what a round needs; this is not measured."""
        return self.of(self.provider, seconds)


def calls(provider: Provider) -> dict[str, Call]:
    """Return every call, by the name of its row."""
    known = {
        "client_credentials": client_credentials,
        "authorization, session exists": authorization,
        "code redemption": code_redemption,
        "refresh": refresh,
        "userinfo": userinfo,
        "introspection": introspection,
        "pushed request (PAR)": pushed,
        "client_credentials with DPoP": client_credentials_with_dpop,
        "JWKS": jwks,
    }
    return {name: Call(provider, of) for name, of in known.items()}


def client_credentials(provider: Provider, _seconds: float) -> Round:
    """POST of the token endpoint: an ES256 access token for the client itself."""
    asked = token_request(provider, {"grant_type": "client_credentials", "scope": "api"})
    return _same(provider, asked)


def authorization(provider: Provider, _seconds: float) -> Round:
    """GET of the authorization endpoint in a browser with a session: the answer carries a code."""
    return _same(provider, authorization_request(provider), 303)


def code_redemption(provider: Provider, seconds: float) -> Round:
    """POST of the token endpoint: ES256 access token, RS256 ID token, refresh token.

    The codes are made beforehand, for as long as the round lasts: they are the slower part on both sides.
    """
    asked = authorization_request(provider)
    waiting: deque[bytes] = deque()

    def collect(_number: int, answer: Answer | None) -> bytes:
        if answer is not None:
            waiting.append(redemption(provider, _code(answer)))
        return asked

    Round(provider, collect, 303).measure(seconds)
    return Round(provider, lambda _number, _answer: waiting.popleft() if waiting else None)


def refresh(provider: Provider, _seconds: float) -> Round:
    """POST of the token endpoint: each connection rotates a refresh token of its own."""
    first = [tokens(provider)["refresh_token"] for _ in range(CONNECTIONS)]

    def following(number: int, answer: Answer | None) -> bytes:
        found = None if answer is None else _REFRESH_TOKEN.search(answer.body)
        if answer is not None and found is None:
            raise Unexpected("a refresh brought no refresh token")
        token = first[number] if found is None else found[1].decode()
        return token_request(provider, {"grant_type": "refresh_token", "refresh_token": token})

    return Round(provider, following)


def userinfo(provider: Provider, _seconds: float) -> Round:
    """GET of the userinfo endpoint. oidc-provider accepts only opaque access tokens there; ours are JWTs."""
    token = tokens(provider, for_resource=False)["access_token"]
    return _same(
        provider, request("GET", provider.paths.userinfo, provider.host, Authorization=f"Bearer {token}")
    )


def introspection(provider: Provider, _seconds: float) -> Round:
    """POST of the introspection endpoint. oidc-provider takes only opaque access tokens; ours are JWTs."""
    token = tokens(provider, for_resource=False)["access_token"]
    asked = _with_client(provider, provider.paths.introspect, {"token": token})
    if not json.loads(once(provider.port, asked).body)["active"]:
        raise Unexpected("introspection says of a live token that it is not active")
    return _same(provider, asked)


def pushed(provider: Provider, _seconds: float) -> Round:
    """POST of a pushed authorization request (RFC 9126): the parameters of the row "authorization"."""
    path = authorization_path(provider.paths, provider.client_id, provider.scope, provider.resource)
    form = dict(parse_qsl(urlsplit(path).query))
    return _same(provider, _with_client(provider, provider.paths.push, form), 201)


def client_credentials_with_dpop(provider: Provider, seconds: float) -> Round:
    """POST of the token endpoint with a proof of its own each time (RFC 9449); made beforehand."""
    form = {"grant_type": "client_credentials", "scope": "api"}
    address = f"http://{provider.host}{provider.paths.token}"
    waiting = deque(
        token_request(provider, form, DPoP=_proof(address)) for _ in range(int(PROOFS_A_SECOND * seconds))
    )
    return Round(provider, lambda _number, _answer: waiting.popleft() if waiting else None)


def _proof(address: str) -> str:
    claims = {"jti": secrets.token_urlsafe(12), "htm": "POST", "htu": address, "iat": int(time.time())}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": PUBLIC_JWK})


def jwks(provider: Provider, _seconds: float) -> Round:
    """GET of the JWK set."""
    return _same(provider, request("GET", provider.paths.jwks, provider.host))


def tokens(provider: Provider, *, for_resource: bool = True) -> dict[str, str]:
    """Get a code and redeem it; `for_resource` as in `token_request`."""
    code = _code(once(provider.port, authorization_request(provider), 303))
    told: dict[str, str] = json.loads(
        once(provider.port, redemption(provider, code, for_resource=for_resource)).body
    )
    return told


def authorization_request(provider: Provider) -> bytes:
    """Return an authorization request of the signed-in person's browser."""
    path = authorization_path(provider.paths, provider.client_id, provider.scope, provider.resource)
    return request("GET", path, provider.host, Cookie=provider.cookies)


def redemption(provider: Provider, code: str, *, for_resource: bool = True) -> bytes:
    """Return the redemption of a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return token_request(provider, form, for_resource=for_resource)


def token_request(
    provider: Provider, form: dict[str, str], *, for_resource: bool = True, **headers: str
) -> bytes:
    """Return a request to the token endpoint; naming a resource is how oidc-provider is asked for a JWT."""
    if provider.resource is not None and for_resource:
        form = form | {"resource": provider.resource}
    return _with_client(provider, provider.paths.token, form, **headers)


def _with_client(provider: Provider, path: str, form: dict[str, str], **headers: str) -> bytes:
    """Return a POST that proves the client by client_secret_basic."""
    credentials = base64.b64encode(f"{provider.client_id}:{provider.client_secret}".encode()).decode()
    headers |= {"Authorization": f"Basic {credentials}"}
    return request("POST", path, provider.host, form=form, **headers)


def _same(provider: Provider, asked: bytes, status: int = 200) -> Round:
    """Return a round of one request, again and again."""
    return Round(provider, lambda _number, _answer: asked, status)


def _code(answer: Answer) -> str:
    found = parse_qs(urlsplit(answer.header("location")).query).get("code")
    if found is None:
        raise Unexpected(f"the authorization endpoint sent to {answer.header('location')!r}, without a code")
    return found[0]
