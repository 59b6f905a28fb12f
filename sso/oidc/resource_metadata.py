"""The hub's own protected resources as clients need to know them (RFC 9728): userinfo, the API, SCIM."""

from sso.audit.record import JsonValue
from sso.oidc.claims import OFFICER_SCOPES, PROTOCOL_SCOPES, SCIM_SCOPE, SCOPE_CLAIMS
from sso.oidc.dpop import DPOP_ALGORITHMS
from sso.oidc.metadata import USERINFO_PATH
from sso.oidc.security_event import READ_SCOPE
from sso.oidc.settings import API_AUDIENCE_PATH, EVENTS_PATH, SCIM_PATH, Settings

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def resource_paths(settings: Settings) -> tuple[str, ...]:
    """Return the path of every resource of ours."""
    scim = (f"{SCIM_PATH}/{directory_id}" for directory_id in settings.scim_directories)
    return (USERINFO_PATH, API_AUDIENCE_PATH, EVENTS_PATH, *scim)


def metadata_address(path: str, settings: Settings) -> str | None:
    """Return where the resource that a path belongs to is described, None for a path of no resource (3.1)."""
    for resource in resource_paths(settings):
        if path == resource or path.startswith(f"{resource}/"):
            return settings.endpoint(f"{WELL_KNOWN}{resource}")
    return None


def resource_metadata(resource_path: str, settings: Settings) -> dict[str, JsonValue]:
    """Return the document of one of `resource_paths` (RFC 9728 2)."""
    document: dict[str, JsonValue] = {
        "resource": settings.endpoint(resource_path),
        "authorization_servers": [settings.issuer],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": settings.mtls_origin is not None,
    }
    if resource_path == USERINFO_PATH:
        scopes: list[JsonValue] = [*PROTOCOL_SCOPES, *SCOPE_CLAIMS]
        return {**document, "scopes_supported": scopes, "bearer_methods_supported": ["header", "body"]}
    if resource_path == EVENTS_PATH:
        return {**document, "scopes_supported": [READ_SCOPE], "bearer_methods_supported": ["header"]}
    if resource_path != API_AUDIENCE_PATH:
        return {**document, "scopes_supported": [SCIM_SCOPE], "bearer_methods_supported": ["header"]}
    return {
        **document,
        "scopes_supported": list(OFFICER_SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_documentation": settings.endpoint(f"{API_AUDIENCE_PATH}/openapi.json"),
    }
