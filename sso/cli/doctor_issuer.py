"""Ask the issuer for its own discovery document, as every application will."""

import json
import ssl

import httpx

from sso.cli.doctor_finding import Finding, failure, ok, warning
from sso.config import Configuration

TIMEOUT_SECONDS = 3.0
MAX_ANSWER_BYTES = 65_536
_PATH = "/.well-known/openid-configuration"


def issuer(configuration: Configuration) -> Finding:
    """The hub answers under its public address, with a certificate that is trusted, as itself."""
    expected = configuration.settings.server.issuer
    try:
        trust = _trust(configuration)
    except OSError:
        return failure("issuer", "outbound.ca_file cannot be read as PEM certificates; mend it")
    try:
        status, body = _fetch(f"{expected}{_PATH}", trust)
    except (httpx.HTTPError, OSError) as error:
        if _is_about_trust(error):
            return failure(
                "issuer", f"the certificate of {expected} is not trusted here; see outbound.ca_file"
            )
        return warning(
            "issuer", f"{expected} does not answer; start the hub, or mend the proxy in front of it"
        )
    told = _issuer_of(body) if status == 200 else None
    if told is None:
        return failure(
            "issuer", f"{expected}{_PATH} answers {status}, and not with our document; mend the proxy"
        )
    if told != expected:
        return failure("issuer", f"{expected} is another hub's address: it says that it is {told[:200]}")
    return ok("issuer", f"{expected} answers as itself")


def _trust(configuration: Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca_file = configuration.settings.outbound.ca_file
    if ca_file is not None:
        context.load_verify_locations(configuration.file.resolve().parent / ca_file)
    return context


def _fetch(address: str, trust: ssl.SSLContext) -> tuple[int, bytes]:
    """Return status and the beginning of the body; follows no redirect and no proxy variable."""
    with (
        httpx.Client(verify=trust, timeout=TIMEOUT_SECONDS, trust_env=False) as http,
        http.stream("GET", address, headers={"Accept": "application/json"}) as answer,
    ):
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                break
        return answer.status_code, body[:MAX_ANSWER_BYTES]


def _is_about_trust(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _issuer_of(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    told = document.get("issuer") if isinstance(document, dict) else None
    return told if isinstance(told, str) else None
