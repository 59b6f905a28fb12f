"""`[[upstream]]`: what is accepted, and what is said of the rest."""

from pathlib import Path

import pytest

from sso.authentication.evidence import ACR_NONE
from sso.authentication.upstream.settings import ClientProof, SignOut, UpstreamSettings
from sso.config import ConfigurationError
from tests.config.written import DIRECTORY, loaded

GOOD = """\
[[upstream]]
id = "national"
issuer = "https://id.national.example"
label = { en = "National platform", "zh-CN" = "国家平台" }
client_id = "provincial-hub"
"""
LOW, PASSWORD = '{ theirs = "low", ours = "urn:sso-hub:acr:none" }', "urn:sso-hub:acr:password"
HIGH = '{ theirs = "high", ours = "urn:sso-hub:acr:two-factors" }'
MIDDLE = f'{{ theirs = "middle", ours = "{PASSWORD}" }}'


SCIM = """
[[directory]]
kind = "scim"
id = "health"
name = "Health Commission"
realms = ["health.example"]
"""


def upstreams(folder: Path, text: str, **environment: str) -> tuple[UpstreamSettings, ...]:
    return loaded(folder, text, environment).upstreams


def test_the_least_that_is_needed_is_careful(tmp_path: Path) -> None:
    (national,) = upstreams(tmp_path, GOOD)

    assert (national.proof, national.identifier) == (ClientProof.PRIVATE_KEY_JWT, "sub")
    assert (national.just_in_time, national.directory, national.sign_out) == (False, None, SignOut.OFFER)
    assert national.acr.ours("high") == ACR_NONE
    assert (national.label("zh-CN"), national.label("mn")) == ("国家平台", "National platform")
    assert national.callback_path == "/sign-in/upstream/national/callback"


def test_a_table_from_weak_to_strong_is_accepted(tmp_path: Path) -> None:
    (national,) = upstreams(tmp_path, f"{GOOD}acr = [{LOW}, {MIDDLE}, {HIGH}]")

    assert [national.acr.ours(level) for level in ("low", "middle", "unheard of", None)] == [
        ACR_NONE,
        PASSWORD,
        ACR_NONE,
        ACR_NONE,
    ]
    assert national.acr.asking_for([PASSWORD]) == ("middle",)


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "national.secret").write_text("from a file\n")
    basic = f'{GOOD}client_authentication = "client_secret_basic"\n'

    (one,) = upstreams(tmp_path, f'{basic}client_secret_file = "national.secret"')
    (two,) = upstreams(tmp_path, f'{basic}client_secret_variable = "NATIONAL"', NATIONAL="from outside")

    assert (one.secret, two.secret) == ("from a file", "from outside")
    assert "from a file" not in repr(one)


def test_staff_belong_to_a_directory(tmp_path: Path) -> None:
    (national,) = upstreams(tmp_path, f'{GOOD}directory = "civil-affairs"\n{DIRECTORY}')

    assert national.directory is not None
    assert national.directory.id == "civil-affairs"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"acr = [{HIGH}, {LOW}]", "may not be worth less"),
        (f"acr = [{LOW}, {HIGH}, {MIDDLE}]", "may not be worth less"),
        (f"acr = [{LOW}, {LOW}]", "twice"),
        ('acr = [{ theirs = "low", ours = "loa9" }]', "is no level here"),
        ('client_secret_file = "x"', "neither with private_key_jwt"),
        ('client_authentication = "client_secret_post"', "exactly one of client_secret_file"),
        (
            'client_authentication = "client_secret_post"\nclient_secret_variable = "MISSING"',
            "variable MISSING is not set",
        ),
        ('client_authentication = "client_secret_post"\nclient_secret_file = "missing"', "cannot read"),
        ('client_authentication = "none"', "client_authentication"),
        ('scopes = ["profile"]', "openid"),
        ('directory = "nowhere"', "there is no directory"),
        (f'directory = "health"\n{SCIM}', "is a SCIM department"),
        ('ca_file = "missing.pem"', "does not exist"),
        ('mapping = { sub = "x" }', "only the hub itself"),
        ('mapping = { email_verified = "email_verified" }', "only the hub itself"),
        ('mapping = { name = { first = ["a"], join = ["b"] } }', "mapping.name"),
        ("id_token_algorithms = []", "algorithms"),
        ('id_token_algorithms = ["HS256"]', "id_token_algorithms"),
        ('id_token_algorithms = ["none"]', "id_token_algorithms"),
        ('allow_networks = ["everywhere"]', "allow_networks"),
        (GOOD, "twice"),
        (GOOD.replace('"national"', '"other"'), "twice"),
        ("secret = 1", "unknown setting"),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        upstreams(tmp_path, GOOD + text)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"national"', '"National Platform"', "lower-case"),
        ("https://id.national.example", "http://id.national.example", "https"),
        ("https://id.national.example", "https://id.national.example?a=b", "no query"),
        ("https://id.national.example", "https://id.example.gov", "not its own upstream"),
        ("{ en = ", "{ fr = ", "en"),
        ('"provincial-hub"', '""', "client_id"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        upstreams(tmp_path, GOOD.replace(old, new))
