"""One authorization request, from parameters that anyone may have written to values that cannot be wrong.

    request/parameters.py        which parameters are read, once each, and how long they may be
    request/trusted_address.py   the client and its redirect_uri: without both, no redirect ever follows
    request/response_type.py     what is asked for, and how the answer travels
    request/scope.py             scopes
    request/proof_key.py         PKCE
    request/prompting.py         what the person is to be asked
    request/hints.py             who the person is thought to be
    request/whole.py             all of it together: `AuthorizationRequest.parse`

RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1.
"""

from sso.oidc.request.parameters import PARAMETERS, Params
from sso.oidc.request.prompting import PROMPTS
from sso.oidc.request.whole import AuthorizationRequest

__all__ = ["PARAMETERS", "PROMPTS", "AuthorizationRequest", "Params"]
