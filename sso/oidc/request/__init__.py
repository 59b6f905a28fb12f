"""One authorization request, from parameters that anyone may have written to values that cannot be wrong.

    request/arrival.py           how it came: in the open, signed, or by the reference of one pushed ahead
    request/signed.py            what a request object says, if it can be believed (RFC 9101)
    request/parameters.py        which parameters are read, once each, and how long they may be
    request/trusted_address.py   the client and its redirect_uri: without both, no redirect ever follows
    request/response_type.py     what is asked for, and how the answer travels
    request/scope.py             what is to be allowed: scopes, claims, at which resources, what in detail
    request/proof_key.py         PKCE and the key that a code is bound to
    request/prompting.py         what the person is to be asked
    request/hints.py             who the person is thought to be
    request/described.py         what the provider's metadata says of all this
    request/whole.py             all of it together: `AuthorizationRequest.parse`

`arrive` comes first, once; `AuthorizationRequest.parse` after it, and again on every page of the journey.
RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1.
"""

from sso.oidc.request.parameters import PARAMETERS, Params
from sso.oidc.request.prompting import PROMPTS
from sso.oidc.request.whole import AuthorizationRequest

__all__ = ["PARAMETERS", "PROMPTS", "AuthorizationRequest", "Params"]
