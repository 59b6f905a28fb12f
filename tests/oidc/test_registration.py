"""Client metadata: what can be registered, what cannot, and what never changes (RFC 7591 2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.oidc.client import Client, ClientAuthMethod, GrantType, SubjectType
from sso.oidc.digest import digest
from sso.oidc.jose import generate_private_key, public_jwk
from sso.oidc.offered import GRANT_TYPES, WITHOUT_FEATURE
from sso.oidc.registration import (
    FIELDS,
    InvalidClientMetadata,
    SectorDocument,
    changed_client,
    check_can_sign,
    client_metadata,
    new_client,
    rotated_secret,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUSING: dict[str, Any] = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}
JWKS = {"keys": [public_jwk(generate_private_key("ES256"), "ES256")]}


def refusal(**metadata: Any) -> InvalidClientMetadata:
    with pytest.raises(InvalidClientMetadata) as caught:
        new_client({**HOUSING, **metadata}, NOW)
    return caught.value


def test_the_least_metadata_makes_a_confidential_client_with_pairwise_subjects() -> None:
    client, secret = new_client(HOUSING, NOW)

    assert client.auth_method is ClientAuthMethod.CLIENT_SECRET_BASIC
    assert secret is not None
    assert client.secrets[0].digest == digest(secret)
    assert (client.subject_type, client.sector) == (SubjectType.PAIRWISE, "housing.example")
    assert client.scope == {"openid", "profile", "email", "department", "offline_access"}
    assert client.require_pkce
    assert not client.trusted


def test_a_public_client_has_no_secret_and_always_pkce() -> None:
    client, secret = new_client({**HOUSING, "token_endpoint_auth_method": "none"}, NOW)

    assert secret is None
    assert client.secrets == ()
    assert client.require_pkce


@pytest.mark.parametrize(
    "uri",
    [
        "https://housing.example/cb",
        "https://housing.example:8443/cb?from=hub",
        "http://127.0.0.1:9999/cb",
        "http://[::1]/cb",
        "http://localhost:3000/",
        "org.example.app:/cb",
    ],
)
def test_an_address_of_a_site_of_this_machine_or_of_an_app_can_be_registered(uri: str) -> None:
    client, _ = new_client({**HOUSING, "redirect_uris": [uri]}, NOW)

    assert client.redirect_uris == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://housing.example/cb",
        "https://",
        "https:///cb",
        "//housing.example/cb",
        "/cb",
        "https://housing.example/cb#there",
        "https://housing.example/cb#",
        "https://user@housing.example/cb",
        "https://user:word@housing.example/cb",
        "https://*.example/cb",
        "https://housing.example/*",
        "https://housing.example\\@evil.example/cb",
        "https://housing.example/ cb",
        "https://housing.example/\u0000",
        "https://housing.example/\r\nx",
        "https://住房.example/cb",
        "https://housing.example:port/cb",
        "https://[::1/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "HTTP://housing.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "https://housing.example/" + "a" * 2000,
    ],
)
def test_any_other_address_is_refused_with_its_own_code(uri: str) -> None:
    error = refusal(redirect_uris=[uri])

    assert error.code == "invalid_redirect_uri"
    assert "redirect_uris" in error.sentence
    assert error.sentence.isascii()
    assert error.sentence.isprintable()


@pytest.mark.parametrize("field", ["post_logout_redirect_uris"])
def test_addresses_after_sign_out_are_held_to_the_same_rules(field: str) -> None:
    assert refusal(**{field: ["http://housing.example/"]}).code == "invalid_client_metadata"


@pytest.mark.parametrize(
    "uri", ["http://housing.example/logout", "https://housing.example/l#x", "org.example.app:/l", 7]
)
def test_the_hub_calls_a_back_channel_address_over_https_only(uri: Any) -> None:
    assert "backchannel_logout_uri" in refusal(backchannel_logout_uri=uri).sentence


def test_an_unknown_field_is_refused_with_the_nearest_right_name() -> None:
    assert refusal(redirect_uri=["https://x.example"]).sentence == (
        "unknown field 'redirect_uri'; did you mean redirect_uris?"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_name", ""),
        ("client_name", "  "),
        ("client_name", "x" * 151),
        ("client_name", "user\u202egnp"),
        ("client_name", "a\u0000b"),
        ("client_name", "\ud800"),
        ("client_name", 7),
        ("client_name#zh-CN", "\u2067"),
        ("client_name#", "x"),
        ("redirect_uris", "https://housing.example/cb"),
        ("redirect_uris", [7]),
        ("redirect_uris", [f"https://housing.example/{n}" for n in range(51)]),
        ("redirect_uris", []),
        ("grant_types", ["password"]),
        ("grant_types", []),
        ("grant_types", ["refresh_token"]),
        ("response_types", ["token"]),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("token_endpoint_auth_signing_alg", "RS256"),
        ("scope", "openid profil"),
        ("scope", 'a"b'),
        ("scope", "openid\u0000"),
        ("scope", ["open id"]),
        ("scope", 7),
        ("subject_type", "shared"),
        ("sector", "a b"),
        ("sector", ""),
        ("audience", ["api"]),
        ("audience", ["https://api.example/#x"]),
        ("id_token_signed_response_alg", "none"),
        ("id_token_signed_response_alg", ["RS256"]),
        ("trusted", "yes"),
        ("default_max_age", True),
        ("default_max_age", -1),
        ("default_max_age", float("nan")),
        ("jwks", []),
        ("jwks", {"keys": []}),
        ("jwks", {"keys": [{"kty": "oct", "k": "AAAA"}]}),
        ("jwks", {**JWKS, "note": "\u0000"}),
        ("jwks", {**JWKS, "note": float("nan")}),
        ("contacts", ["a\u0000"]),
        ("client_uri", "javascript:alert(1)"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(field: str, value: Any) -> None:
    sentence = refusal(**{field: value}).sentence

    assert field.partition("#")[0].split("_")[0] in sentence
    assert sentence.isascii()


@pytest.mark.parametrize(
    "more", [{"grant_types": ["authorization_code", "client_credentials"]}, {"require_pkce": False}]
)
def test_a_public_client_cannot_be_trusted_with_what_needs_a_secret(more: dict[str, Any]) -> None:
    assert "public" in refusal(token_endpoint_auth_method="none", **more).sentence


def test_a_client_that_acts_for_itself_needs_no_address_and_gets_no_scope_about_people() -> None:
    client, _ = new_client({"client_name": "Batch", "grant_types": ["client_credentials"]}, NOW)

    assert client.grant_types == {GrantType.CLIENT_CREDENTIALS}
    assert client.scope == frozenset()
    assert client.sector == client.client_id


def test_clients_on_loopback_do_not_share_a_sector() -> None:
    one, _ = new_client({**HOUSING, "redirect_uris": ["http://127.0.0.1:1/cb"]}, NOW)
    other, _ = new_client({**HOUSING, "redirect_uris": ["http://127.0.0.1:2/cb"]}, NOW)

    assert one.sector != other.sector


def test_several_hosts_need_a_sector() -> None:
    hosts = ["https://a.example/cb", "https://b.example/cb"]

    client, _ = new_client({**HOUSING, "redirect_uris": hosts, "sector": "housing"}, NOW)

    assert "sector" in refusal(redirect_uris=hosts).sentence
    assert client.sector == "housing"


HOSTS = ["https://a.example/cb", "https://b.example/cb"]
SECTOR = {"redirect_uris": HOSTS, "sector_identifier_uri": "https://sector.example/list"}


def listed(*addresses: str, uri: str = "https://sector.example/list") -> SectorDocument:
    return SectorDocument(uri, addresses)


def test_several_hosts_share_the_host_of_their_sector_identifier_uri() -> None:
    """OpenID Connect Core 8.1."""
    client, _ = new_client({**HOUSING, **SECTOR}, NOW, listed(*HOSTS, "https://c.example/cb"))

    assert client.sector == "sector.example"


@pytest.mark.parametrize(
    "document", [None, listed(), listed(HOSTS[0]), listed(*HOSTS, uri="https://other.example/list")]
)
def test_an_address_that_the_sector_does_not_list_is_refused(document: SectorDocument | None) -> None:
    """OpenID Connect Registration 5."""
    with pytest.raises(InvalidClientMetadata, match="sector_identifier_uri"):
        new_client({**HOUSING, **SECTOR}, NOW, document)


def test_a_new_address_must_be_listed_too_and_any_other_change_needs_no_list() -> None:
    client, _ = new_client({**HOUSING, **SECTOR}, NOW, listed(*HOSTS))
    more = {"redirect_uris": [*HOSTS, "https://c.example/cb"]}

    assert changed_client(client, {"client_name": "Homes"}, NOW).sector == "sector.example"
    with pytest.raises(InvalidClientMetadata, match="list"):
        changed_client(client, more, NOW, listed(*HOSTS))
    assert changed_client(client, more, NOW, listed(*more["redirect_uris"])).redirect_uris[2:] == (
        "https://c.example/cb",
    )


def test_a_sector_identifier_uri_cannot_move_a_client_to_another_sector() -> None:
    client, _ = new_client(HOUSING, NOW)
    uri = "https://sector.example/list"

    with pytest.raises(InvalidClientMetadata, match="sector"):
        changed_client(client, {"sector_identifier_uri": uri}, NOW, listed(*client.redirect_uris))


def test_keys_come_as_a_set_or_by_address_never_both() -> None:
    uri = "https://housing.example/jwks"
    method = {"token_endpoint_auth_method": "private_key_jwt"}

    client, _ = new_client({**HOUSING, **method, "jwks_uri": uri}, NOW)

    assert client.jwks_uri == uri
    assert "not both" in refusal(**method, jwks_uri=uri, jwks=JWKS).sentence


def test_a_public_subject_has_no_sector() -> None:
    client, _ = new_client({**HOUSING, "subject_type": "public"}, NOW)

    assert client.sector == ""
    assert changed_client(client, {"client_name": "Homes"}, NOW).sector == ""
    assert "sector" in refusal(subject_type="public", sector="x").sentence


def test_metadata_of_a_client_makes_the_same_client_again() -> None:
    whole = {
        **HOUSING,
        "client_name#zh-CN": "住房",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": JWKS,
        "audience": ["https://api.example/v1", "urn:example:api"],
        "contacts": ["it@housing.example"],
        "default_max_age": 300,
        "trusted": True,
        "backchannel_logout_uri": "https://housing.example/logout",
    }

    client, _ = new_client(whole, NOW)

    assert set(client_metadata(client)) - {"client_name#zh-CN"} == set(FIELDS)
    assert changed_client(client, client_metadata(client), NOW) == client


def test_a_change_touches_only_what_it_names() -> None:
    client, _ = new_client({**HOUSING, "trusted": True, "default_max_age": 60}, NOW)
    later = NOW + timedelta(days=1)

    changed = changed_client(client, {"client_name": "Homes", "default_max_age": None}, later)

    assert (changed.client_name, changed.default_max_age, changed.trusted) == ("Homes", None, True)
    assert (changed.created_at, changed.updated_at) == (NOW, later)
    assert changed.secrets == client.secrets


def test_another_host_does_not_change_the_sector() -> None:
    client, _ = new_client(HOUSING, NOW)

    changed = changed_client(client, {"redirect_uris": ["https://new.example/cb"], "sector": None}, NOW)

    assert changed.sector == "housing.example"


@pytest.mark.parametrize(
    "change",
    [{"sector": "other.example"}, {"subject_type": "public"}, {"token_endpoint_auth_method": "none"}],
)
def test_what_would_make_people_someone_else_never_changes(change: dict[str, Any]) -> None:
    client, _ = new_client(HOUSING, NOW)

    with pytest.raises(InvalidClientMetadata):
        changed_client(client, change, NOW)


def test_grant_types_can_change() -> None:
    client, _ = new_client(HOUSING, NOW)

    changed = changed_client(client, {"grant_types": ["client_credentials"], "redirect_uris": []}, NOW)

    assert client_metadata(changed)["response_types"] == []


def test_a_rotated_secret_leaves_the_old_one_its_overlap() -> None:
    client, old = new_client(HOUSING, NOW)
    overlap = timedelta(days=7)

    rotated, secret = rotated_secret(client, NOW, overlap)
    at_once, _ = rotated_secret(client, NOW, timedelta(0))

    assert old is not None
    assert [(s.digest, s.expires_at) for s in rotated.secrets] == [
        (digest(secret), None),
        (digest(old), NOW + overlap),
    ]
    assert len(at_once.secrets) == 1


def test_a_client_with_a_key_has_no_secret_to_rotate() -> None:
    client, secret = new_client(
        {**HOUSING, "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}, NOW
    )

    assert secret is None
    with pytest.raises(InvalidClientMetadata):
        rotated_secret(client, NOW, timedelta(0))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=30), JSON, max_size=6))
def test_whatever_comes_is_a_client_or_a_sentence(metadata: dict[str, Any]) -> None:
    try:
        client, _ = new_client({**HOUSING, **metadata}, NOW)
    except InvalidClientMetadata as error:
        assert error.sentence.isascii()
    else:
        assert changed_client(client, client_metadata(client), NOW) == client


# Feature by feature: what belongs together, and what this hub does not have yet.


@pytest.mark.parametrize("field", sorted(WITHOUT_FEATURE))
def test_a_field_without_its_feature_cannot_be_registered(field: str) -> None:
    values = (True, False, ["https://a.example/x"], "https://housing.example/x", "ES256", "opaque", "ping")
    more = ("RSA-OAEP-256", "A128GCM", "fapi2", "192.0.2.1", "a@b.example")

    for value in (*values, *more):
        try:
            client, _ = new_client({**HOUSING, field: value}, NOW)
        except InvalidClientMetadata as error:
            assert field.split("_")[0] in error.sentence
        else:
            assert getattr(client, field) == Client.__dataclass_fields__[field].default


def test_only_grants_that_the_token_endpoint_has_can_be_registered() -> None:
    for grant_type in GrantType:
        if grant_type not in GRANT_TYPES:
            assert "grant_types" in refusal(grant_types=["authorization_code", grant_type.value]).sentence


def test_an_app_with_its_own_scheme_is_native_and_no_web_application_has_one() -> None:
    app = {"client_name": "App", "redirect_uris": ["org.example.app:/cb"]}

    native, _ = new_client(app, NOW)

    assert native.application_type == "native"
    assert refusal(**app, application_type="web").code == "invalid_redirect_uri"


@pytest.mark.parametrize("answer", ["id_token", "userinfo", "introspection", "authorization"])
def test_nobody_registers_for_an_algorithm_of_which_there_is_no_key(answer: str) -> None:
    """Registration 2: what is not in the provider's metadata cannot be had."""
    field = f"{answer}_signed_response_alg"

    check_can_sign({field: "ES256"}, None, ("RS256", "ES256"))
    with pytest.raises(InvalidClientMetadata, match=f"{field}: .* not with EdDSA"):
        check_can_sign({field: "EdDSA"}, None, ("RS256", "ES256"))


def test_without_a_wish_an_application_gets_rs256_if_there_is_a_key_of_it() -> None:
    """Registration 2: the default of id_token_signed_response_alg."""
    check_can_sign({}, None, ("RS256", "ES256"))
    check_can_sign({}, new_client(HOUSING, NOW)[0], ("ES256",))
    with pytest.raises(InvalidClientMetadata, match="id_token_signed_response_alg: .* not with RS256"):
        check_can_sign({}, None, ("ES256",))
