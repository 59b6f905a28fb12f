"""`sso-console init`: the settings, a private key for the console alone, how to register it at the hub."""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from admin.settings import API_PATH, CLIENT_ID, DEFAULT_FILE, SCOPE

KEY_FILE = "console.key.pem"
JWKS_FILE = "console.jwks.json"

_TEMPLATE = """\
# Made by `sso-console init`: the officers' console.
issuer = "{issuer}"
base_url = "{base_url}"
client_id = "{client_id}"
private_key_file = "{key_file}"
# listen = "127.0.0.1:8100"     # where it listens; behind a proxy, the proxy's end
# ca_file = "/etc/ssl/own.pem"  # authorities that the hub's certificate comes from
# hub_name = "Sign-on hub"      # what officers read in the header
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done, and the command to be run at the hub."""

    told: Sequence[str]
    command: Sequence[str]


def prepare(issuer: str, base_url: str, folder: Path) -> Prepared:
    """Write what is missing; what is there stays as it is.

    Raises:
        OSError: a file cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, key_file, jwks_file = folder / DEFAULT_FILE, folder / KEY_FILE, folder / JWKS_FILE
    told = []
    if not key_file.exists():
        _write_key(key_file)
        told.append(f"wrote {key_file}: the console's private key, for its own eyes")
    jwks_file.write_text(
        json.dumps({"keys": [_public_jwk(_read_key(key_file))]}, indent=2) + "\n", encoding="ascii"
    )
    if file.exists():
        told.append(f"{file} exists: kept as it is")
    else:
        text = _TEMPLATE.format(issuer=issuer, base_url=base_url, client_id=CLIENT_ID, key_file=KEY_FILE)
        file.write_text(text, encoding="utf-8")
        told.append(f"wrote {file}")
    return Prepared(told, registration(issuer, base_url, jwks_file))


def registration(issuer: str, base_url: str, jwks_file: Path) -> list[str]:
    """Return the hub's command that registers the console."""
    options = {
        "--name": "Officers' console",
        "--name-zh": "管理控制台",
        "--client-id": CLIENT_ID,
        "--auth-method": "private_key_jwt",
        "--jwks-file": str(jwks_file.absolute()),
        "--scope": SCOPE,
        "--redirect-uri": f"{base_url}/callback",
        "--post-logout-redirect-uri": f"{base_url}/signed-out",
        "--backchannel-logout-uri": f"{base_url}/backchannel-logout",
        "--client-uri": f"{base_url}/",
    }
    command = ["sso", "client", "add"]
    for name, value in options.items():
        command += [name, value]
    for audience in (f"{issuer}{API_PATH}", issuer):  # the second for UserInfo
        command += ["--audience", audience]
    return [*command, "--trusted"]


def _write_key(file: Path) -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)


def _read_key(file: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        raise OSError(f"{file} is not a private key") from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise OSError(f"{file} is not a P-256 key")
    return key


def _public_jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (
        base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (numbers.x, numbers.y)
    )
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256"}
