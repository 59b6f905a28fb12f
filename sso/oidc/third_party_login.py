"""Send a person to a service that then asks us to sign them in (OpenID Connect Core 4).

`login_hint` is left out: it would tell the service who comes before the person has agreed to that.
"""

from urllib.parse import urlencode, urlsplit

from sso.oidc.client import Client


def login_address(client: Client, issuer: str) -> str | None:
    """Return the address that begins a sign-in at a client; None where it registered none."""
    uri = client.initiate_login_uri
    if uri is None:
        return None
    target = {} if client.client_uri is None else {"target_link_uri": client.client_uri}
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({'iss': issuer} | target)}"
