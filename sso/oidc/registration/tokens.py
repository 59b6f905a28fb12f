"""What tokens a client gets: about whom, for whom, bound to what (RFC 8705, RFC 8707, RFC 9449)."""

import re

from sso.oidc.client import SubjectType
from sso.oidc.fapi2 import PROFILES
from sso.oidc.registered_address import check_resource
from sso.oidc.registration.field import Field, addresses, flag, one_of, text, texts, web_address, word
from sso.oidc.registration.field import seconds as seconds_of

_SECTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,254}")
_CLIENT_ID = re.compile(r"[!-~]{1,255}")
_ACR = re.compile(r"[!-~]{1,200}")

FIELDS = (
    Field("subject_type", word(tuple(SubjectType))),
    Field("sector", text(_SECTOR)),
    Field("sector_identifier_uri", web_address),
    Field("audience", addresses(check_resource)),
    Field("resource", addresses(check_resource)),
    Field("access_token_format", one_of(("jwt", "opaque"))),
    Field("dpop_bound_access_tokens", flag),
    Field("dpop_nonce_required", flag),
    Field("tls_client_certificate_bound_access_tokens", flag),
    Field("rotate_refresh_tokens", flag),
    Field("claims_in_id_token", flag),
    Field("default_max_age", seconds_of),
    Field("default_acr_values", texts(_ACR)),
    Field("trusted", flag),
    Field("may_act", text(_CLIENT_ID)),
    Field("may_impersonate", flag),
    Field("profile", one_of(PROFILES)),
)
