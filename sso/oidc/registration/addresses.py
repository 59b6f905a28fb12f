"""Addresses and words that pages show: where a browser may be sent, whom to ask (RFC 7591 2)."""

import re

from sso.oidc.registered_address import check_redirect_address
from sso.oidc.registration.field import Field, addresses, one_of, text, texts, web_address
from sso.oidc.registration.refusal import MetadataErrorCode

_CONTACT = re.compile(r"[!-~ ]{1,254}")
_SOFTWARE = re.compile(r"[!-~ ]{1,255}")

FIELDS = (
    Field("redirect_uris", addresses(check_redirect_address, MetadataErrorCode.INVALID_REDIRECT_URI)),
    Field("post_logout_redirect_uris", addresses(check_redirect_address)),
    Field("application_type", one_of(("web", "native"))),
    Field("client_uri", web_address),
    Field("logo_uri", web_address),
    Field("policy_uri", web_address),
    Field("tos_uri", web_address),
    Field("initiate_login_uri", web_address),
    Field("contacts", texts(_CONTACT)),
    Field("software_id", text(_SOFTWARE)),
    Field("software_version", text(_SOFTWARE)),
)
