"""What the provider's metadata says about authorization requests (RFC 8414 2, Discovery 3)."""

from collections.abc import Iterable

from sso.audit.record import JsonValue
from sso.oidc.errors import ResponseMode
from sso.oidc.jose import ASSERTION_ALGORITHMS, CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS
from sso.oidc.offered import RESPONSE_TYPES
from sso.oidc.request.prompting import prompts
from sso.oidc.request.response_type import ANY_SIGNED
from sso.oidc.settings import Settings


def described(settings: Settings, signature_algorithms: Iterable[str]) -> dict[str, JsonValue]:
    """Return the members of the document; we sign responses with `signature_algorithms`."""
    return {
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": [*(mode.value for mode in ResponseMode), ANY_SIGNED],
        "authorization_signing_alg_values_supported": list(signature_algorithms),
        "authorization_encryption_alg_values_supported": list(ENCRYPTION_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(CONTENT_ENCRYPTIONS),
        "prompt_values_supported": sorted(prompts(settings)),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": settings.request_uri,
        "require_request_uri_registration": settings.request_uri,
        "require_pushed_authorization_requests": settings.require_pushed,
        "authorization_details_types_supported": [each.type for each in settings.detail_types],
    }
