"""A whole authorization request: every step in its order, the first that fails answers."""

from dataclasses import dataclass

from sso.oidc.claims import ClaimsRequest
from sso.oidc.client import Client
from sso.oidc.details import Detail, must_ask
from sso.oidc.errors import ReturnAddress
from sso.oidc.request.hints import hinted_subs
from sso.oidc.request.parameters import Params, single_values
from sso.oidc.request.prompting import max_age_of, prompt_of
from sso.oidc.request.proof_key import code_challenge_of, dpop_jkt_of
from sso.oidc.request.response_type import check_id_token, response_type_of
from sso.oidc.request.scope import (
    acr_values_of,
    claims_of,
    details_asked,
    essential_acr,
    resources_of,
    scope_of,
)
from sso.oidc.request.trusted_address import client_of, return_address
from sso.oidc.settings import Provider
from sso.oidc.stores import Clients


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request of a registered client, in values that cannot be wrong.

    `response_type` are its words: "code", "token", "id_token", or "none" alone.
    `hinted_subs` are those whom id_token_hint and a claims demand for `sub` both name, in this client's
    sector; None when nobody is named.
    `asks_every_time` says that no earlier consent covers the authorization_details (RFC 9396).
    `dpop_jkt` is the thumbprint of the key that the code is bound to.
    `essential_acr` are values of which one must be met; `acr_values` are only wishes.
    """

    client: Client
    to: ReturnAddress
    response_type: frozenset[str]
    scope: frozenset[str]
    resource: tuple[str, ...]
    authorization_details: tuple[Detail, ...]
    asks_every_time: bool
    code_challenge: str | None
    dpop_jkt: str | None
    prompt: frozenset[str]
    max_age: int | None
    nonce: str | None
    claims: ClaimsRequest
    hinted_subs: frozenset[str] | None
    login_hint: str | None
    ui_locales: str | None
    acr_values: tuple[str, ...]
    essential_acr: tuple[str, ...]

    @classmethod
    def parse(cls, params: Params, clients: Clients, provider: Provider) -> "AuthorizationRequest":
        """Return a valid request.

        Raises:
            UntrustedRequest: the client or its redirect_uri is unknown; no redirect may follow.
            AuthorizationError: anything else, with the address at which the client is told.
        """
        client = client_of(params, clients)
        to = return_address(params, client)
        value = single_values(params, to)
        response_type = response_type_of(value, client, to)
        scope = scope_of(value, response_type, client, to)
        check_id_token(response_type, scope, value, to)
        claims = claims_of(value, client, to)
        details = details_asked(value, client, provider, to)
        return cls(
            client=client,
            to=to,
            response_type=response_type,
            scope=scope,
            resource=resources_of(params, client, to),
            authorization_details=details,
            asks_every_time=must_ask(details, provider.settings.detail_types),
            code_challenge=code_challenge_of(value, client, to) if "code" in response_type else None,
            dpop_jkt=dpop_jkt_of(value, to),
            prompt=prompt_of(value, provider.settings, to),
            max_age=max_age_of(value, client, to),
            nonce=value.get("nonce"),
            claims=claims,
            hinted_subs=hinted_subs(value.get("id_token_hint"), claims, provider, to),
            login_hint=value.get("login_hint"),
            ui_locales=value.get("ui_locales"),
            acr_values=acr_values_of(value, claims, client),
            essential_acr=essential_acr(claims),
        )
