"""How a client's authorization requests must come (RFC 7636, RFC 9101, RFC 9126, RFC 9396)."""

import re

from sso.oidc.jose import ASSERTION_ALGORITHMS
from sso.oidc.registered_address import check_web_address
from sso.oidc.registration.field import Field, addresses, flag, one_of, texts

_TYPE = re.compile(r"[!-~]{1,200}")

FIELDS = (
    Field("require_pkce", flag),
    Field("request_object_signing_alg", one_of(ASSERTION_ALGORITHMS)),
    Field("require_signed_request_object", flag),
    Field("request_uris", addresses(check_web_address)),
    Field("require_pushed_authorization_requests", flag),
    Field("authorization_details_types", texts(_TYPE)),
)
