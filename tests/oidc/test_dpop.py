"""DPoP proofs (RFC 9449 4.3, 8, 11)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso.oidc.dpop import Expected, ProofRefused, new_nonce, thumbprint_of_proof
from sso.oidc.jose import MemorySigner, new_signer, thumbprint
from tests.oidc.examples import ISSUER, NONCE_KEY, NOW, SECOND, World, private, signing_key
from tests.oidc.proofs import TOKEN_URL, hash_of, proof, proof_key, public_members, written

EXPECTED = Expected(method="POST", urls=(TOKEN_URL,))
AT_RESOURCE = replace(EXPECTED, access_token="the-token")
NOW_SECONDS = int(NOW.timestamp())
CLAIMS = {"jti": "1", "htm": "POST", "htu": TOKEN_URL, "iat": NOW_SECONDS}
HEADER = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_members(proof_key())}
OTHER, RSA = signing_key("ES256", 6), signing_key("RS256")
ATH = hash_of("the-token")
PEM = "-----BEGIN PUBLIC KEY-----"


def check(world: World, *proofs: str, expected: Expected = EXPECTED) -> str:
    return thumbprint_of_proof(proofs, expected, world.stores, world.provider, world.now)


def refusal(world: World, *proofs: str, expected: Expected = EXPECTED) -> tuple[str, str]:
    with pytest.raises(ProofRefused) as caught:
        check(world, *proofs, expected=expected)
    return caught.value.code.value, str(caught.value)


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_a_proof_names_the_key_that_its_sender_holds(world: World, alg: str) -> None:
    """RFC 9449 4.2, 6.1."""
    key = proof_key(alg)

    assert check(world, proof(key=key)) == thumbprint(key.public_jwk)


@pytest.mark.parametrize(
    "htu",
    [
        TOKEN_URL,
        f"{TOKEN_URL}?x=1",
        f"{TOKEN_URL}#f",
        "HTTPS://ID.EXAMPLE.GOV/oauth2/token",
        "https://id.example.gov:443/oauth2/token",
        "https://id.example.gov/oauth2/./x/../token",
        "https://id.example.gov/%6Fauth2/token",
    ],
)
def test_addresses_compare_normalised_and_without_query_and_fragment(world: World, htu: str) -> None:
    """RFC 9449 4.3, item 9 and the normalisation after it."""
    assert check(world, proof(htu=htu))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"htm": "GET"}, "htm is another method"),
        ({"htm": "post"}, "htm is another method"),
        ({"htm": None}, "htm is another method"),
        ({"htu": None}, "htu is another address"),
        ({"htu": 7}, "htu is another address"),
        ({"htu": ISSUER}, "htu is another address"),
        ({"htu": f"{TOKEN_URL}/"}, "htu is another address"),
        ({"htu": f"{ISSUER}/OAUTH2/token"}, "htu is another address"),
        ({"htu": "http://id.example.gov/oauth2/token"}, "htu is another address"),
        ({"htu": "https://id.example.gov:8443/oauth2/token"}, "htu is another address"),
        ({"htu": "https://id.example.gov:99999/oauth2/token"}, "htu is another address"),
        ({"htu": "https://id.example.gov:0/oauth2/token"}, "htu is another address"),
        ({"htu": "https://user@id.example.gov/oauth2/token"}, "htu is another address"),
        ({"htu": "https://id.example.gov.evil.example/oauth2/token"}, "htu is another address"),
        ({"htu": "https://evil.example/oauth2/token"}, "htu is another address"),
        ({"htu": "//id.example.gov/oauth2/token"}, "htu is another address"),
        ({"htu": "/oauth2/token"}, "htu is another address"),
        ({"htu": "https://[::1/oauth2/token"}, "htu is another address"),
        ({"htu": f" {TOKEN_URL}"}, "htu is another address"),
        ({"htu": f"{TOKEN_URL}\u00e9"}, "htu is another address"),
        ({"iat": None}, "iat is missing"),
        ({"iat": "now"}, "iat is not a time"),
        ({"iat": True}, "iat is not a time"),
        ({"iat": NOW_SECONDS - 71}, "iat is too old or in the future"),
        ({"iat": NOW_SECONDS + 11}, "iat is too old or in the future"),
        ({"iat": float("nan")}, "the payload is not JSON"),
        ({"iat": float("inf")}, "the payload is not JSON"),
        ({"iat": 10**400}, "iat is too old or in the future"),
        ({"exp": NOW_SECONDS - 11}, "exp is past"),
        ({"exp": "soon"}, "exp is not a time"),
        ({"nbf": NOW_SECONDS + 11}, "nbf is in the future"),
        ({"jti": None}, "jti is missing or too long"),
        ({"jti": ""}, "jti is missing or too long"),
        ({"jti": 7}, "jti is missing or too long"),
        ({"jti": "x" * 256}, "jti is missing or too long"),
    ],
)
def test_a_proof_with_a_wrong_claim_is_refused(world: World, changes: dict[str, Any], reason: str) -> None:
    """RFC 9449 4.3, items 8 to 12."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    text = written(HEADER, claims, proof_key())

    assert refusal(world, text) == ("invalid_dpop_proof", reason)


def private_members() -> dict[str, Any]:
    members = jwt.algorithms.ECAlgorithm.to_jwk(private(proof_key()), as_dict=True)
    return {**public_members(proof_key()), "d": members["d"]}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param({"typ": "JWT"}, "unexpected typ", id="typ of another JWT"),
        pytest.param({"typ": "at+jwt"}, "unexpected typ", id="typ of an access token"),
        pytest.param({"typ": None}, "unexpected typ", id="no typ"),
        pytest.param({"jwk": None}, "jwk is missing in the header", id="no jwk"),
        pytest.param({"jwk": PEM}, "jwk is missing in the header", id="jwk is a text"),
        pytest.param({"jwk": {}}, "not a public key of this algorithm", id="empty jwk"),
        pytest.param({"jwk": private_members()}, "not a public key of this algorithm", id="private key"),
        pytest.param(
            {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, "not a public key of this algorithm", id="symmetric key"
        ),
        pytest.param(
            {"jwk": public_members(OTHER)},
            "the signature does not verify",
            id="key of another",
        ),
        pytest.param(
            {"jwk": public_members(RSA)},
            "not a public key of this algorithm",
            id="other kty",
        ),
        pytest.param({"alg": "HS256"}, "alg not allowed", id="HS256"),
        pytest.param({"alg": "none"}, "alg not allowed", id="none"),
        pytest.param({"alg": "None"}, "alg not allowed", id="None"),
        pytest.param({"alg": "ES512"}, "alg not allowed", id="an algorithm outside the list"),
        pytest.param({"alg": "ES384"}, "not a public key of this algorithm", id="alg of another curve"),
        pytest.param({"crit": ["exp"], "exp": 1}, "not a JWT", id="crit"),
        pytest.param({"b64": False}, "not a JWT", id="b64"),
    ],
)
def test_a_proof_with_a_wrong_header_is_refused(world: World, header: dict[str, Any], reason: str) -> None:
    """RFC 9449 4.3, items 3 to 7; RFC 8725 3.1, 3.2, 3.10."""
    whole = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_members(proof_key()), **header}
    whole = {name: value for name, value in whole.items() if value is not None}

    assert refusal(world, written(whole, CLAIMS, proof_key())) == ("invalid_dpop_proof", reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "e30.e30.e30",
        written({**HEADER, "alg": "none"}, CLAIMS),
        written(HEADER, CLAIMS),
        written(HEADER, [CLAIMS], proof_key()),
        proof(pad="x" * 20_000),
        proof()[:-8] + "AAAAAAAA",
        f"{proof()}.x",
        f"{proof()}, {proof()}",
    ],
)
def test_what_is_no_signed_jwt_is_refused(world: World, text: str) -> None:
    """RFC 9449 4.3, item 2."""
    assert refusal(world, text)[0] == "invalid_dpop_proof"


def test_the_public_key_is_no_hmac_secret(world: World) -> None:
    """RFC 8725 2.1, 3.1."""
    key = signing_key("RS256", 1)
    header = {"typ": "dpop+jwt", "jwk": public_members(key)}
    text = jwt.encode(CLAIMS, str(key.public_jwk["n"]).encode(), algorithm="HS256", headers=header)

    assert refusal(world, text) == ("invalid_dpop_proof", "alg not allowed")


@pytest.mark.parametrize("count", [0, 2, 3])
def test_there_is_exactly_one_proof(world: World, count: int) -> None:
    """RFC 9449 4.3, item 1."""
    assert refusal(world, *(proof() for _ in range(count))) == ("invalid_dpop_proof", "not exactly one proof")


def test_a_proof_is_good_once(world: World) -> None:
    """RFC 9449 11.1."""
    text = proof()
    check(world, text)

    assert refusal(world, text) == ("invalid_dpop_proof", "jti was used before")


def test_a_proof_is_remembered_as_long_as_it_could_be_replayed(world: World) -> None:
    text = proof(iat=NOW_SECONDS + 10)
    check(world, text)
    world.wait(79 * SECOND)

    assert refusal(world, text) == ("invalid_dpop_proof", "jti was used before")
    assert list(world.stores.one_time_values.expires_at.values()) == [NOW + 81 * SECOND]


def test_a_refused_proof_is_not_spent(world: World) -> None:
    """Otherwise anyone could burn another's jti."""
    with pytest.raises(ProofRefused):
        check(world, proof(jti="1", htm="GET"))

    assert check(world, proof(jti="1"))


def test_two_keys_may_use_the_same_jti(world: World) -> None:
    check(world, proof(jti="1"))

    assert check(world, proof(jti="1", key=signing_key("ES256", 6)))


@pytest.mark.parametrize("offset", [-69, -60, -1, 0, 9])
def test_clocks_may_differ_a_little(world: World, offset: int) -> None:
    """RFC 9449 11.1."""
    assert check(world, proof(iat=NOW_SECONDS + offset))


def test_at_a_resource_the_proof_is_for_its_token(world: World) -> None:
    """RFC 9449 4.3, item 12; 7.1."""
    assert check(world, proof(ath=hash_of("the-token")), expected=AT_RESOURCE)


@pytest.mark.parametrize("ath", [None, "", hash_of("other"), ATH + "=", 7, [ATH]])
def test_at_a_resource_a_proof_without_the_tokens_hash_is_refused(world: World, ath: Any) -> None:
    """RFC 9449 4.3, item 12."""
    refused = refusal(world, proof(ath=ath), expected=AT_RESOURCE)

    assert refused == ("invalid_dpop_proof", "ath is of another token")


def test_a_nonce_of_ours_is_accepted_until_the_window_after_its_own_ends(world: World) -> None:
    """RFC 9449 8."""
    nonce = new_nonce(NONCE_KEY, world.now)
    required = replace(EXPECTED, nonce_required=True)

    assert check(world, proof(nonce=nonce), expected=required)
    world.wait(timedelta(minutes=3))
    assert check(world, proof(nonce=nonce, at=world.now), expected=required)
    world.wait(timedelta(minutes=3))
    assert refusal(world, proof(nonce=nonce, at=world.now), expected=required)[0] == "use_dpop_nonce"


def test_another_nodes_clock_may_be_ahead(world: World) -> None:
    assert check(world, proof(nonce=new_nonce(NONCE_KEY, NOW + timedelta(minutes=3))))


@pytest.mark.parametrize(
    "nonce",
    ["", "x", "\u00e9", 7, [], new_nonce(bytes(32), NOW), new_nonce(NONCE_KEY, NOW - timedelta(days=1))],
)
def test_a_nonce_that_is_not_ours_is_refused_even_where_none_is_demanded(world: World, nonce: Any) -> None:
    """RFC 9449 8: use_dpop_nonce asks for a new one."""
    assert refusal(world, proof(nonce=nonce))[0] == "use_dpop_nonce"


def test_a_demanded_nonce_that_is_missing_is_asked_for(world: World) -> None:
    """RFC 9449 8."""
    expected = replace(EXPECTED, nonce_required=True)

    assert refusal(world, proof(), expected=expected) == ("use_dpop_nonce", "nonce is missing")


def test_nonces_change_with_time_and_key(world: World) -> None:
    later = new_nonce(NONCE_KEY, NOW + timedelta(minutes=3))

    assert len({new_nonce(NONCE_KEY, NOW), later, new_nonce(bytes(32), NOW)}) == 3


def test_a_weak_rsa_key_proves_nothing(world: World) -> None:
    """RFC 7518 3.3."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    members = jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True)
    header = {"typ": "dpop+jwt", "alg": "RS256", "jwk": {name: members[name] for name in ("kty", "n", "e")}}
    key = replace(signing_key("RS256"), signer=MemorySigner("RS256", weak))

    assert refusal(world, written(header, CLAIMS, key))[0] == "invalid_dpop_proof"


def test_members_of_the_key_beyond_the_public_ones_do_not_matter(world: World) -> None:
    """RFC 7517 4: kid, use and others may stand beside the key."""
    assert check(world, proof(header={"jwk": dict(proof_key().public_jwk)}))


def test_a_key_made_just_now_is_as_good_as_any(world: World) -> None:
    """No registration of keys is needed: who holds one may bind tokens to it (RFC 9449 1)."""
    key = replace(proof_key(), signer=new_signer("ES256"))
    members = jwt.algorithms.ECAlgorithm.to_jwk(key.signer.public_key, as_dict=True)
    header = {"jwk": {name: members[name] for name in ("kty", "crv", "x", "y")}}

    assert check(world, proof(key=key, header=header)) == thumbprint(members)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@given(st.sampled_from(["header", "jwk", "claims"]), st.text(max_size=8), st.integers(0, 9), VALUES)
@settings(max_examples=400, deadline=None)
def test_whatever_a_proof_holds_it_is_good_or_refused(where: str, name: str, which: int, value: Any) -> None:
    """Nothing that a stranger writes into a proof is a server error."""
    parts: dict[str, dict[str, Any]] = {
        "header": dict(HEADER),
        "jwk": dict(public_members(proof_key())),
        "claims": dict(CLAIMS),
    }
    known = [*parts[where], name]
    parts[where][known[which % len(known)]] = value
    if where == "jwk":
        parts["header"]["jwk"] = parts["jwk"]

    try:
        thumbprint = check(World(), written(parts["header"], parts["claims"], proof_key()))
    except ProofRefused:
        return
    assert thumbprint == proof_key().kid
