"""How to connect an application, filled in with its own values: what a developer copies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DISCOVERY_PATH = "/.well-known/openid-configuration"

_AUTHLIB = """\
# pip install authlib flask requests; save as app.py; flask --app app run
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, session

app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
hub = OAuth(app).register(
    "hub",
    client_id={client_id},
    {secret_line}server_metadata_url={discovery},
    client_kwargs={{"scope": {scope}, "code_challenge_method": "S256"}},
)


@app.get("/sign-in")
def sign_in():
    return hub.authorize_redirect({redirect_uri})


@app.get({callback_path})
def callback():
    token = hub.authorize_access_token()
    session["person"] = dict(token["userinfo"])  # sub: this person, for your application only
    return "Signed in: " + session["person"].get("name", session["person"]["sub"])
"""

_OPENID_CLIENT = """\
// npm install openid-client
import * as client from 'openid-client'

const config = await client.discovery(
  new URL({issuer}),
  {client_id},
  {secret}
)

// 1. before you send the browser away, keep these two in the session
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const address = client.buildAuthorizationUrl(config, {{
  redirect_uri: {redirect_uri},
  scope: {scope},
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
}})

// 2. when the browser is back at the redirect_uri
const tokens = await client.authorizationCodeGrant(config, currentUrl, {{
  pkceCodeVerifier: verifier,
  expectedState: state,
}})
const person = tokens.claims()
"""

_APACHE = """\
# apt-get install libapache2-mod-auth-openidc
OIDCProviderMetadataURL {discovery}
OIDCClientID {client_id}
{secret_line}OIDCRedirectURI {redirect_uri}
OIDCScope "{scope}"
OIDCPKCEMethod S256
OIDCCryptoPassphrase exec:/usr/local/bin/oidc-passphrase

<Location "/">
    AuthType openid-connect
    Require valid-user
</Location>
"""

_CURL = """\
# what the hub offers, and its public keys
curl -s {discovery}
curl -s {issuer}/oauth2/jwks
"""

_CURL_CLIENT_CREDENTIALS = """\

# a token for the application itself; CLIENT_SECRET comes from the environment
curl -s -u '{client_id}:'"$CLIENT_SECRET" -d grant_type=client_credentials {issuer}/oauth2/token
"""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to connect: `id` is stable, `title` names the software."""

    id: str
    title: str
    text: str


def snippets(client: Mapping[str, Any], issuer: str) -> list[Snippet]:
    """Return the ways to connect an application."""
    curl = Snippet("snippet-curl", "curl", _curl(client, issuer))
    if not client.get("redirect_uris"):
        return [curl]
    return [
        Snippet("snippet-authlib", "Authlib (Python, Flask)", _authlib(client, issuer)),
        Snippet("snippet-openid-client", "openid-client (Node.js)", _openid_client(client, issuer)),
        Snippet("snippet-apache", "mod_auth_openidc (Apache)", _apache(client, issuer)),
        curl,
    ]


def _has_secret(client: Mapping[str, Any]) -> bool:
    return str(client.get("token_endpoint_auth_method", "")).startswith("client_secret")


def _authlib(client: Mapping[str, Any], issuer: str) -> str:
    uri = client["redirect_uris"][0]
    secret = 'client_secret=os.environ["CLIENT_SECRET"],\n    ' if _has_secret(client) else ""
    return _AUTHLIB.format(
        client_id=json.dumps(client["client_id"]),
        secret_line=secret,
        discovery=json.dumps(issuer + DISCOVERY_PATH),
        scope=json.dumps(client["scope"]),
        redirect_uri=json.dumps(uri),
        callback_path=json.dumps(urlsplit(uri).path or "/"),
    )


def _openid_client(client: Mapping[str, Any], issuer: str) -> str:
    insecure = issuer.startswith("http:")
    secret = "process.env.CLIENT_SECRET" if _has_secret(client) else "undefined"
    if client.get("token_endpoint_auth_method") == "client_secret_basic":
        secret += ",\n  client.ClientSecretBasic(process.env.CLIENT_SECRET)"
    elif insecure:
        secret += ",\n  undefined"
    if insecure:
        secret += ",\n  { execute: [client.allowInsecureRequests] } // http, on this machine only"
    return _OPENID_CLIENT.format(
        issuer=_quoted(issuer),
        client_id=_quoted(client["client_id"]),
        secret=secret,
        redirect_uri=_quoted(client["redirect_uris"][0]),
        scope=_quoted(client["scope"]),
    )


def _apache(client: Mapping[str, Any], issuer: str) -> str:
    secret = "OIDCClientSecret ${CLIENT_SECRET}\n" if _has_secret(client) else ""
    return _APACHE.format(
        discovery=issuer + DISCOVERY_PATH,
        client_id=client["client_id"],
        secret_line=secret,
        redirect_uri=client["redirect_uris"][0],
        scope=client["scope"],
    )


def _curl(client: Mapping[str, Any], issuer: str) -> str:
    text = _CURL.format(discovery=issuer + DISCOVERY_PATH, issuer=issuer)
    if "client_credentials" in client.get("grant_types", ()) and _has_secret(client):
        text += _CURL_CLIENT_CREDENTIALS.format(client_id=client["client_id"], issuer=issuer)
    return text


def _quoted(text: str) -> str:
    """A JavaScript text in single quotes; client metadata is ASCII without control characters."""
    return "'" + json.dumps(text)[1:-1].replace("'", "\\'") + "'"
