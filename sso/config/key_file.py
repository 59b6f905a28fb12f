"""Public keys of somebody else, in a file of their own (RFC 7517 5)."""

import json
from collections.abc import Mapping
from pathlib import Path

from sso.audit.record import JsonValue
from sso.config.source import ConfigurationError
from sso.oidc.jose import KeySetInvalid, check_public_jwks


def public_keys(file: Path, place: str) -> Mapping[str, JsonValue]:
    """Return the JWK set of a file that a setting at `place` names.

    Raises:
        ConfigurationError: it cannot be read, or holds something else, or a private key.
    """
    try:
        jwks: Mapping[str, JsonValue] = json.loads(file.read_text(encoding="utf-8"))
        check_public_jwks(jwks)
    except OSError as error:
        raise ConfigurationError(f"{place}: cannot read {file}: {error.strerror}") from error
    except KeySetInvalid as error:
        raise ConfigurationError(f"{place}: {file}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{place}: {file} is not a JWK set (RFC 7517 5)") from error
    return jwks
