"""What the provider's metadata says about authorization requests (RFC 8414 2, Discovery 3)."""

from sso.audit.record import JsonValue
from sso.oidc.jose import ASSERTION_ALGORITHMS
from sso.oidc.request.prompting import PROMPTS
from sso.oidc.settings import Settings


def described(settings: Settings) -> dict[str, JsonValue]:
    """Return the members of the document."""
    return {
        "prompt_values_supported": sorted(PROMPTS),
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "require_pushed_authorization_requests": settings.require_pushed,
    }
