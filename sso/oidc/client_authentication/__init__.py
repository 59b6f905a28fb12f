"""Prove which client is calling (RFC 6749 2.3, OpenID Connect Core 9, RFC 7523 3).

client_secret_basic and client_secret_post are interchangeable for a client that has a secret: they
prove the same thing, and standard libraries differ in their default. Every other method is exactly
the registered one.
"""

from sso.oidc.client_authentication.assertion import MAX_ASSERTION_LIFETIME
from sso.oidc.client_authentication.certificate import is_registered
from sso.oidc.client_authentication.credentials import ASSERTION_TYPE, claimed_client_id
from sso.oidc.client_authentication.presented import Presented
from sso.oidc.client_authentication.proof import CERTIFICATE_METHODS, authenticate

__all__ = [
    "ASSERTION_TYPE",
    "CERTIFICATE_METHODS",
    "MAX_ASSERTION_LIFETIME",
    "Presented",
    "authenticate",
    "claimed_client_id",
    "is_registered",
]
