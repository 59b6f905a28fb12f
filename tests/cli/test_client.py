"""`sso client`: applications are registered, shown, removed and given new secrets, on record."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.config import load
from sso.hub import build
from sso.oidc.client import Client
from sso.oidc.digest import digest
from sso.oidc.jose import new_signing_key
from sso.worker.upkeep import take_in_spooled_events
from tests.cli.commands import Commands
from tests.storage.unwritable import unwritable

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
ADD = ("client", "add", "--name", "Housing", "--redirect-uri", "https://housing.example/cb")


def public_key() -> dict[str, str]:
    return {name: str(value) for name, value in new_signing_key("ES256", NOW, NOW).public_jwk.items()}


def registered(cli: Commands, client_id: str) -> Client:
    built = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with built.database.read() as stores:
            client = stores.clients.get(client_id)
    finally:
        built.close()
    assert client is not None
    return client


def test_the_secret_that_is_printed_is_the_one_that_counts(cli: Commands) -> None:
    added = cli.add_client()

    assert set(added) == {"client_id", "client_secret"}
    [secret] = registered(cli, added["client_id"]).secrets
    assert secret.digest == digest(added["client_secret"])


def test_a_person_reads_a_short_block_and_where_to_go_on(cli: Commands) -> None:
    result = cli.run(*ADD)

    client_id, secret, discovery = result.stdout.splitlines()
    assert client_id.startswith("client_id: ")
    assert secret.startswith("client_secret: ")
    assert discovery == "discovery: http://127.0.0.1:1/.well-known/openid-configuration"
    assert "docs/how-to/connect-an-application.md" in result.stderr


def test_every_option_reaches_the_registration(cli: Commands) -> None:
    options = {
        **{"--name-zh": "住房", "--post-logout-redirect-uri": "https://housing.example/bye"},
        **{"--backchannel-logout-uri": "https://housing.example/logout", "--scope": "openid email"},
        **{"--auth-method": "client_secret_post", "--audience": "https://api.housing.example"},
        **{"--sector": "housing.example", "--subject-type": "pairwise", "--id-token-alg": "ES256"},
        **{"--client-uri": "https://housing.example", "--logo-uri": "https://housing.example/logo.png"},
        **{"--policy-uri": "https://housing.example/privacy", "--tos-uri": "https://housing.example/terms"},
        **{"--initiate-login-uri": "https://housing.example/start", "--client-id": "housing"},
    }
    flags = ("--trusted", "--no-pkce", "--claims-in-id-token", "--no-rotate-refresh-tokens")
    more = ("--redirect-uri", "https://housing.example/cb2", "--grant-type", "authorization_code")
    cli.ok(*ADD, *(part for pair in options.items() for part in pair), *flags, *more)

    [shown] = cli.rows("client", "show", "housing")

    assert shown["client_name#zh-CN"] == "住房"
    assert shown["redirect_uris"] == ["https://housing.example/cb", "https://housing.example/cb2"]
    assert shown["post_logout_redirect_uris"] == ["https://housing.example/bye"]
    assert shown["backchannel_logout_uri"] == "https://housing.example/logout"
    assert shown["scope"] == "email openid"
    assert shown["token_endpoint_auth_method"] == "client_secret_post"
    assert shown["audience"] == ["https://api.housing.example"]
    assert (shown["sector"], shown["subject_type"]) == ("housing.example", "pairwise")
    assert shown["id_token_signed_response_alg"] == "ES256"
    assert shown["logo_uri"] == "https://housing.example/logo.png"
    assert shown["initiate_login_uri"] == "https://housing.example/start"
    assert shown["grant_types"] == ["authorization_code"]
    assert [shown[n] for n in ("trusted", "require_pkce", "claims_in_id_token", "rotate_refresh_tokens")] == [
        *(True, False, True, False)
    ]


def test_a_public_client_has_no_secret(cli: Commands) -> None:
    added = cli.add_client("--public")

    assert set(added) == {"client_id"}
    assert registered(cli, added["client_id"]).public


def test_public_and_another_method_contradict_each_other(cli: Commands) -> None:
    sentence = cli.refused(*ADD, "--public", "--auth-method", "client_secret_post", code=2)

    assert "--public means --auth-method none" in sentence


def test_a_machine_needs_no_redirect_uri(cli: Commands) -> None:
    arguments = ("client", "add", "--name", "Nightly job", "--grant-type", "client_credentials", "--json")

    added = json.loads(cli.ok(*arguments, "--client-id", "nightly"))

    assert added["client_id"] == "nightly"
    assert registered(cli, "nightly").redirect_uris == ()
    assert registered(cli, "nightly").sector == "nightly"


def test_an_application_with_keys_of_its_own_proves_itself_by_them(cli: Commands, tmp_path: Path) -> None:
    key = public_key()
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [key]}))

    added = cli.add_client("--jwks-file", str(file))

    assert set(added) == {"client_id"}
    assert registered(cli, added["client_id"]).auth_method.value == "private_key_jwt"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"not json", b"\xff\xfe", b'{"keys": []}', b"[" * 60_000, b" " * 70_000, b"7" * 5000],
)
def test_a_file_without_usable_keys_is_refused(cli: Commands, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(content)

    assert cli.refused(*ADD, "--jwks-file", str(file)).startswith("sso: ")
    assert cli.rows("client", "list") == []


def test_a_private_key_is_refused_and_not_repeated(cli: Commands, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**public_key(), "d": "c2VjcmV0LXNlY3JldA"}]}))

    assert "c2VjcmV0" not in cli.refused(*ADD, "--jwks-file", str(file))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--name", "A"), "redirect_uris must have at least one address"),
        (("--name", "A", "--redirect-uri", "http://a.example/cb"), "http only on a loopback address"),
        (("--name", "A", "--redirect-uri", "https://a.example/cb#x"), "redirect_uris"),
        (("--name", "A", "--redirect-uri", "javascript:alert(1)"), "redirect_uris"),
        (
            ("--name", "A", "--redirect-uri", "https://a.example/cb", "--scope", "opnid"),
            "did you mean openid",
        ),
        (
            ("--name", "A", "--redirect-uri", "https://a.example/1", "--redirect-uri", "https://b.example/2"),
            "give the sector",
        ),
        (("--name", "A", "--redirect-uri", "https://a.example/cb", "--public", "--no-pkce"), "PKCE"),
    ],
)
def test_what_the_domain_refuses_is_told_in_its_words(
    cli: Commands, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in cli.refused("client", "add", *arguments)

    assert cli.rows("client", "list") == []
    assert cli.events("client.created") == []


def test_an_id_that_is_taken_or_odd_is_refused(cli: Commands) -> None:
    cli.add_client("--client-id", "housing")

    assert cli.refused(*ADD, "--client-id", "housing") == "sso: the client_id housing is taken"
    assert "--client-id" in cli.refused(*ADD, "--client-id", "a b", code=2)
    assert "--client-id" in cli.refused(*ADD, "--client-id", "-x", code=2)
    assert len(cli.events("client.created")) == 1


def test_the_list_shows_every_application(cli: Commands) -> None:
    ids = sorted(cli.add_client()["client_id"] for _ in range(3))

    assert [row["client_id"] for row in cli.rows("client", "list")] == ids
    assert len(cli.ok("client", "list").splitlines()) == 4


def test_a_registration_is_recorded_without_its_secret(cli: Commands) -> None:
    added = cli.add_client()

    [event] = cli.events("client.created")

    assert event["client_id"] == added["client_id"]
    assert event["detail"]["source"] == "command"
    assert event["detail"]["settings"]["redirect_uris"] == ["https://housing.example/cb"]
    assert added["client_secret"] not in json.dumps(event)


def test_no_digest_of_a_secret_is_ever_shown(cli: Commands) -> None:
    added = cli.add_client()
    fingerprint = digest(added["client_secret"])

    shown = cli.ok("client", "show", added["client_id"]) + json.dumps(cli.rows("client", "list"))

    assert "secrets: 1" in shown
    assert fingerprint.hex() not in shown
    assert added["client_secret"] not in shown


def test_a_new_secret_works_beside_the_old_one_for_a_while(cli: Commands) -> None:
    added = cli.add_client()

    rotated = cli.rows("client", "rotate-secret", added["client_id"], "--overlap-hours", "2")[0]

    new, old = registered(cli, added["client_id"]).secrets
    assert (new.digest, new.expires_at) == (digest(rotated["client_secret"]), None)
    assert old.digest == digest(added["client_secret"])
    assert old.expires_at is not None
    assert cli.events("client.secret.rotated")[0]["client_id"] == added["client_id"]


def test_without_overlap_the_old_secret_ends_at_once(cli: Commands) -> None:
    added = cli.add_client()

    result = cli.run("client", "rotate-secret", added["client_id"], "--overlap-hours", "0")

    [secret] = registered(cli, added["client_id"]).secrets
    assert f"client_secret: {result.stdout.splitlines()[1].removeprefix('client_secret: ')}" in result.stdout
    assert secret.digest != digest(added["client_secret"])
    assert "works no more" in result.stderr


def test_a_client_without_a_secret_cannot_have_a_new_one(cli: Commands) -> None:
    added = cli.add_client("--public")

    assert "has no secret" in cli.refused("client", "rotate-secret", added["client_id"])


def test_a_removed_application_is_gone_and_its_end_on_record(cli: Commands) -> None:
    added = cli.add_client()

    cli.ok("client", "remove", added["client_id"])

    assert cli.rows("client", "list") == []
    assert [event["client_id"] for event in cli.events("client.deleted")] == [added["client_id"]]


def test_an_application_is_removed_while_the_log_is_away_and_that_is_recorded_late(cli: Commands) -> None:
    added = cli.add_client()
    built = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with unwritable(built.database):
            cli.ok("client", "remove", added["client_id"])
        take_in_spooled_events(built)
    finally:
        built.close()

    assert cli.rows("client", "list") == []
    [event] = cli.events("client.deleted")
    assert (event["client_id"], event["detail"]["late"]) == (added["client_id"], True)


@pytest.mark.parametrize("command", ["show", "remove", "rotate-secret"])
def test_an_unknown_application_is_an_error(cli: Commands, command: str) -> None:
    assert cli.refused("client", command, "nobody") == "sso: no application has the client_id nobody"


def test_any_field_can_be_given_as_text_as_json_or_in_a_file(cli: Commands, tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps({"contacts": ["a@housing.example"], "default_max_age": 60}))
    more = ("--metadata", "jwks_uri=https://housing.example/jwks", "--metadata", "default_max_age=600")

    cli.ok(*ADD, "--client-id", "housing", "--metadata-file", str(file), *more)

    [shown] = cli.rows("client", "show", "housing")
    assert shown["jwks_uri"] == "https://housing.example/jwks"
    assert (shown["contacts"], shown["default_max_age"]) == (["a@housing.example"], 600)


@pytest.mark.parametrize("field", ["jwks_ury=https://a.example", "jwks_uri=ftp://a.example", "trusted=si"])
def test_a_field_that_is_wrong_is_refused_by_its_name(cli: Commands, field: str) -> None:
    assert field.split("_")[0].split("=")[0] in cli.refused(*ADD, "--metadata", field)


def test_a_change_touches_what_it_names_and_is_on_record(cli: Commands) -> None:
    cli.ok(*ADD, "--client-id", "housing", "--trusted")

    said = cli.ok("client", "change", "housing", "--metadata", "contacts=it@housing.example")

    [shown] = cli.rows("client", "show", "housing")
    assert said.strip() == "contacts: changed"
    assert (shown["contacts"], shown["trusted"]) == (["it@housing.example"], True)
    [event] = cli.rows("audit", "search", "--event", "client.updated")
    assert event["detail"]["after"] == {"contacts": ["it@housing.example"]}


def test_a_change_that_cannot_be_leaves_everything_as_it_was(cli: Commands) -> None:
    cli.ok(*ADD, "--client-id", "housing")

    sentence = cli.refused("client", "change", "housing", "--metadata", "sector=other")

    assert "sector never changes" in sentence
    assert cli.refused("client", "change", "nobody", "--metadata", "trusted=true") == (
        "sso: no application has the client_id nobody"
    )
    assert "say what changes" in cli.refused("client", "change", "housing", code=2)


def test_a_method_that_needs_another_secret_says_so_and_gets_one(cli: Commands) -> None:
    cli.ok(*ADD, "--client-id", "housing")
    change = ("client", "change", "housing", "--metadata", "token_endpoint_auth_method=client_secret_jwt")

    changed = cli.run(*change)
    [rotated] = cli.rows("client", "rotate-secret", "housing")

    assert "sso client rotate-secret housing" in changed.stderr
    newest = registered(cli, "housing").secrets[0]
    assert newest.hmac_key == rotated["client_secret"].encode()
    assert (
        "no secret" not in cli.run("client", "change", "housing", "--metadata", "contacts=a@b.example").stderr
    )


def test_an_algorithm_that_the_hub_has_no_key_of_is_refused(cli: Commands) -> None:
    add = ("client", "add", "--name", "Housing", "--redirect-uri", "https://housing.example/cb")

    refused = cli.refused(*add, "--id-token-alg", "EdDSA")

    assert "id_token_signed_response_alg: this hub signs with RS256, ES256, not with EdDSA" in refused
    cli.ok(*add, "--id-token-alg", "ES256")
