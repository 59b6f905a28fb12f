"""May this call do that? An access token of the hub, checked offline, and the key that it is bound to.

    claims = access.require("permits:read")              # or Refused, which says what would be enough
    claims = access.require("permits:write", fresh=True)

Copy this file: it needs Flask and PyJWT with cryptography, and nothing of the hub's.
"""

import base64
import hashlib
import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
from flask import request

CLOCK_SKEW_SECONDS = 10
PROOF_SECONDS = 60
KEYS_SECONDS = 300
KEYS_AGAIN_SECONDS = 60
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


class HubUnreachable(Exception):
    """The hub's keys cannot be read."""


class Refused(Exception):
    """The call may not do it: `code` and `members` go into the challenge, `reason` into our log."""

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        status: int = 401,
        schemes: tuple[str, ...] = ("Bearer",),
        **members: str,
    ) -> None:
        super().__init__(code)
        self.code, self.reason, self.status = code, reason, status
        self.schemes, self.members = schemes, members


@dataclass(frozen=True)
class Settings:
    """The hub's issuer, our own name as resource (the `aud` of tokens for us), and what we demand.

    `proxy` is the address of the proxy in front of us that asks clients for TLS certificates, if any.
    """

    issuer: str
    resource: str
    proxy: str | None = None
    fresh_seconds: int = 300
    acr_values: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ("ES256", "RS256", "PS256", "EdDSA")


@dataclass
class Access:
    """Everything that a check needs; one for the whole program, safe for threads."""

    settings: Settings
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _proofs_seen: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def require(self, scope: str, *, fresh: bool = False) -> dict[str, Any]:
        """Return the claims of this call's token, or raise Refused."""
        scheme, text = _credentials()
        claims = self._claims(text, scheme)
        self._check_holder(claims.get("cnf"), scheme, text)
        if scope not in str(claims.get("scope", "")).split():
            raise Refused("insufficient_scope", f"no {scope}", status=403, schemes=(scheme,), scope=scope)
        if fresh:
            self._check_sign_in(claims, scheme)
        return claims

    def _claims(self, text: str, scheme: str) -> dict[str, Any]:
        """RFC 9068 4: of this issuer, for us, an access token and nothing else, signed, in its time."""
        try:
            header = jwt.get_unverified_header(text)
            if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
                raise jwt.InvalidTokenError("typ is not at+jwt")
            key = self._key(str(header.get("kid")))
            if header.get("alg") != key.algorithm_name or key.algorithm_name not in self.settings.algorithms:
                raise jwt.InvalidTokenError("alg is not the key's")
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[key.algorithm_name],
                issuer=self.settings.issuer,
                audience=self.settings.resource,
                leeway=CLOCK_SKEW_SECONDS,
                options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Refused("invalid_token", str(error), schemes=(scheme,)) from error
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """The hub's keys, read again every five minutes, and for an unknown kid at most once a minute."""
        with self._lock:
            now = time.monotonic()
            old = now - self._read_at > KEYS_SECONDS or kid not in self._keys
            if old and now - self._tried_at > KEYS_AGAIN_SECONDS:
                self._tried_at = now
                try:
                    self._keys, self._read_at = _keys_of(self.settings.issuer), now
                except HubUnreachable:
                    if kid not in self._keys:  # what was known stays good while the hub is away
                        raise
            if not self._keys:
                raise HubUnreachable("not read yet")
            if kid not in self._keys:
                raise jwt.InvalidTokenError("unknown kid")
            return self._keys[kid]

    def _check_holder(self, cnf: Mapping[str, str] | None, scheme: str, text: str) -> None:
        """A token that is bound to a key is worth nothing without it, however it is shown (RFC 9449 7.2)."""
        bound_to = cnf or {}
        if set(bound_to) - {"jkt", "x5t#S256"}:
            raise Refused("invalid_token", "bound in a way that we do not know", schemes=(scheme,))
        if ("jkt" in bound_to) is not (scheme == "DPoP"):
            wanted = "DPoP" if "jkt" in bound_to else "Bearer"
            raise Refused("invalid_token", f"shown as {scheme}", schemes=(wanted,))
        if "jkt" in bound_to and self._proven_key(text) != bound_to["jkt"]:
            raise Refused("invalid_token", "proof by another key", schemes=("DPoP",))
        if "x5t#S256" in bound_to and self._certificate() != bound_to["x5t#S256"]:
            raise Refused("invalid_token", "another certificate, or none", schemes=(scheme,))

    def _proven_key(self, text: str) -> str:
        """Return the thumbprint of the key that signed a proof for this very call (RFC 9449 4.3)."""
        try:
            proofs = [part for value in request.headers.getlist("DPoP") for part in value.split(",")]
            if len(proofs) != 1:
                raise jwt.InvalidTokenError("not exactly one proof")
            jwk, claims = self._proof(proofs[0].strip())
            _check_proof(claims, text, self.settings.resource)
            thumbprint = _thumbprint(jwk)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise Refused("invalid_dpop_proof", str(error), schemes=("DPoP",)) from error
        self._accept_once(f"{thumbprint} {claims['jti']}")
        return thumbprint

    def _proof(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        header = jwt.get_unverified_header(text)
        jwk, alg = header.get("jwk"), header.get("alg")
        if header.get("typ") != "dpop+jwt" or alg not in self.settings.algorithms:
            raise jwt.InvalidTokenError("typ or alg")
        if not isinstance(jwk, dict) or PRIVATE_MEMBERS & jwk.keys():
            raise jwt.InvalidTokenError("jwk is missing, or not a public key")
        options: Any = {"require": ["jti", "htm", "htu", "iat", "ath"], "verify_iat": False}
        claims = jwt.decode(text, jwt.PyJWK(jwk, algorithm=alg), algorithms=[alg], options=options)
        return jwk, claims

    def _accept_once(self, proof: str) -> None:
        with self._lock:
            now = time.time()
            for old in [old for old, until in self._proofs_seen.items() if until <= now]:
                del self._proofs_seen[old]
            if proof in self._proofs_seen:
                raise Refused("invalid_dpop_proof", "jti was seen before", schemes=("DPoP",))
            self._proofs_seen[proof] = now + PROOF_SECONDS + 2 * CLOCK_SKEW_SECONDS + 1

    def _certificate(self) -> str | None:
        """Return the SHA-256 of the connection's TLS certificate; only our own proxy is believed about it."""
        shown = request.headers.get("Clientcertificate", "")
        if self.settings.proxy is None or request.remote_addr != self.settings.proxy:
            return None
        try:
            pem = unquote(shown.removeprefix("cert=").partition(";")[0])
            der = ssl.PEM_cert_to_DER_cert(pem)
        except ValueError:
            return None
        return _base64url(hashlib.sha256(der).digest())

    def _check_sign_in(self, claims: Mapping[str, Any], scheme: str) -> None:
        """RFC 9470: tell the client which sign-in would be enough; it asks the hub for just that."""
        wanted, auth_time = self.settings, claims.get("auth_time")
        too_old = not isinstance(auth_time, int) or time.time() - auth_time > wanted.fresh_seconds
        too_weak = bool(wanted.acr_values) and claims.get("acr") not in wanted.acr_values
        if too_old or too_weak:
            raise Refused(
                "insufficient_user_authentication",
                "signed in too long ago" if too_old else "acr",
                schemes=(scheme,),
                max_age=str(wanted.fresh_seconds),
                acr_values=" ".join(wanted.acr_values),
            )


def _credentials() -> tuple[str, str]:
    name, _, text = request.headers.get("Authorization", "").partition(" ")
    for scheme in ("Bearer", "DPoP"):
        if scheme.lower() == name.lower() and text.strip():
            return scheme, text.strip()
    raise Refused("", "no token", schemes=("Bearer", "DPoP"))


def _check_proof(claims: Mapping[str, Any], text: str, resource: str) -> None:
    called = urlsplit(resource)
    named = urlsplit(str(claims["htu"]))
    if claims["htm"] != request.method:
        raise jwt.InvalidTokenError("htm is another method")
    if (named.scheme, named.netloc, named.path) != (called.scheme, called.netloc, request.path):
        raise jwt.InvalidTokenError("htu is another address")
    if not -CLOCK_SKEW_SECONDS <= time.time() - claims["iat"] <= PROOF_SECONDS + CLOCK_SKEW_SECONDS:
        raise jwt.InvalidTokenError("iat is too old or in the future")
    if claims["ath"] != _base64url(hashlib.sha256(text.encode()).digest()):
        raise jwt.InvalidTokenError("ath is of another token")
    if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= 255:
        raise jwt.InvalidTokenError("jti")


def _keys_of(issuer: str) -> dict[str, jwt.PyJWK]:
    try:
        described = _get(f"{issuer}/.well-known/oauth-authorization-server")
        if described.get("issuer") != issuer:
            raise HubUnreachable("another issuer answers there")
        keys = jwt.PyJWKSet.from_dict(_get(described["jwks_uri"])).keys
    except (OSError, ValueError, KeyError, jwt.PyJWTError) as error:
        raise HubUnreachable(str(error)) from error
    return {str(key.key_id): key for key in keys}


def _get(address: str) -> dict[str, Any]:
    """Read a JSON document, not by way of a proxy when the address is on this machine."""
    here = urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))
    with opener.open(address, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638."""
    members = {name: jwk[name] for name in THUMBPRINT_MEMBERS[str(jwk["kty"])]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
