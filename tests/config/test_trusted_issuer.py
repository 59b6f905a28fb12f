"""`[[trusted_issuer]]`: what is accepted, and what is said of the rest."""

import json
from pathlib import Path

import pytest

from sso.config import ConfigurationError
from sso.oidc.assertion_issuer import AssertionIssuer, KnownBy
from tests.config.written import loaded
from tests.oidc.examples import signing_key

KEYS = {"keys": [signing_key("ES256").public_jwk]}
CITIZEN = 'known_by = "citizen"\njwks_file = "keys.json"'
GOOD = '[[trusted_issuer]]\nissuer = "https://sso.example.org"\n'


def issuers(folder: Path, text: str) -> tuple[AssertionIssuer, ...]:
    (folder / "keys.json").write_text(json.dumps(KEYS), encoding="utf-8")
    return loaded(folder, text).assertion_issuers


def test_keys_come_from_a_file_or_an_address(tmp_path: Path) -> None:
    text = (
        f'{GOOD}known_by = "citizen"\njwks_file = "keys.json"\n'
        '[[trusted_issuer]]\nissuer = "https://two.example"\nknown_by = "sub"\nsector = "tax.example"\n'
        'jwks_uri = "https://two.example/jwks"\nclients = ["a"]\nclaim = "nr"\n'
    )

    one, two = issuers(tmp_path, text)

    assert (one.jwks, one.jwks_uri, one.known_by, one.claim) == (KEYS, None, KnownBy.CITIZEN, "sub")
    assert (two.jwks, two.jwks_uri) == (None, "https://two.example/jwks")
    assert (two.realm, two.claim, two.clients) == ("tax.example", "nr", ("a",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('known_by = "citizen"', "exactly one of jwks_file and jwks_uri"),
        ('known_by = "citizen"\njwks_file = "keys.json"\njwks_uri = "https://a.example/"', "exactly one"),
        ('known_by = "citizen"\njwks_uri = "http://a.example/"', "jwks_uri"),
        ('known_by = "sub"\njwks_file = "keys.json"', "sector goes with"),
        ('known_by = "citizen"\nsector = "x"\njwks_file = "keys.json"', "sector goes with"),
        ('known_by = "directory"\njwks_file = "keys.json"', "directory goes with"),
        ('known_by = "directory"\ndirectory = "nowhere"\njwks_file = "keys.json"', "there is no directory"),
        ('known_by = "face"\njwks_file = "keys.json"', "known_by"),
        ('known_by = "citizen"\njwks_file = "missing.json"', "cannot read"),
        ('known_by = "citizen"\njwks_file = "hub.toml"', "is not a JWK set"),
        (f"{CITIZEN}\n{GOOD}{CITIZEN}", "twice"),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "hub.toml").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=sentence):
        issuers(tmp_path, GOOD + text)


def test_the_hub_vouches_for_nobody_to_itself(tmp_path: Path) -> None:
    text = GOOD.replace("https://sso.example.org", "https://id.example.gov") + CITIZEN

    with pytest.raises(ConfigurationError, match="vouch"):
        issuers(tmp_path, text)
