"""Signing keys in a real token of SoftHSM2: made there, used there, never given away, missed when away."""

import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pkcs11
import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from pkcs11 import Attribute, ObjectClass

from sso.oidc.jose import new_signer, new_signing_key, sign, verify_own
from sso.oidc.keys import KeyRing, Signer, SignerUnavailable, SigningKey
from sso.pkcs11.address import KeyAddress
from sso.pkcs11.keys import TokenKeys
from sso.pkcs11.settings import TokenSettings
from sso.pkcs11.thread import RETRY_SECONDS
from tests.servers.softhsm import PIN, SoftHsm

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
LABEL = "sso-hub-tests"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
OpenToken = Callable[..., TokenKeys]


@pytest.fixture(scope="module")
def settings(softhsm: SoftHsm) -> TokenSettings:
    softhsm.new_token(LABEL)
    return TokenSettings(module=softhsm.module, label=LABEL, pin=PIN)


@pytest.fixture(scope="module")
def shared(settings: TokenSettings) -> Iterator[TokenKeys]:
    keys = TokenKeys(settings)
    yield keys
    keys.close()


@pytest.fixture(scope="module")
def by_alg(shared: TokenKeys) -> dict[str, SigningKey]:
    """A key an algorithm, made in the token."""
    return {alg: new_signing_key(alg, NOW, NOW, shared.make(alg)) for alg in ALGORITHMS}


@pytest.fixture
def tokens(settings: TokenSettings) -> Iterator[OpenToken]:
    """A factory of what a process of its own would have."""
    opened: list[TokenKeys] = []

    def open_token(**changes: Any) -> TokenKeys:
        opened.append(TokenKeys(replace(settings, **changes)))
        return opened[-1]

    yield open_token
    for keys in opened:
        keys.close()


def eventually(signer: Signer) -> bytes:
    """Sign as soon as the token is tried again."""
    ends = time.monotonic() + RETRY_SECONDS + 5
    while True:
        try:
            return signer.sign(b"x")
        except SignerUnavailable:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_the_token_signed_verifies_with_the_published_key(
    by_alg: dict[str, SigningKey], alg: str
) -> None:
    """RFC 7518 3, RFC 8037 3.1: by PyJWT, by joserfc and by the hub."""
    key = by_alg[alg]

    text = sign({"sub": "s"}, key, "JWT")

    jwks = json.loads(json.dumps(KeyRing((key,)).jwks(NOW)))
    by_pyjwt = jwt.decode(text, jwt.PyJWKSet.from_dict(jwks).keys[0], algorithms=[alg])
    registry = jws.JWSRegistry(algorithms=[alg])
    with warnings.catch_warnings(action="ignore"):  # joserfc warns of EdDSA's old name
        by_joserfc = jws.deserialize_compact(text, KeySet.import_key_set(jwks), registry=registry)
    assert by_pyjwt == json.loads(by_joserfc.payload) == verify_own(text, KeyRing((key,)), ("JWT",))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_private_half_never_leaves_the_token(
    by_alg: dict[str, SigningKey], settings: TokenSettings, alg: str
) -> None:
    preserved = by_alg[alg].signer.preserved
    session = pkcs11.lib(str(settings.module)).get_token(token_label=LABEL).open(rw=False)
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: KeyAddress.parse(preserved).key_id}

    (found,) = session.get_objects(wanted)

    assert (found[Attribute.EXTRACTABLE], found[Attribute.SENSITIVE], found[Attribute.PRIVATE]) == (
        False,
        True,
        True,
    )
    with pytest.raises(pkcs11.AttributeSensitive):
        found[Attribute.PRIVATE_EXPONENT if alg in ("RS256", "PS256") else Attribute.VALUE]
    session.close()
    assert preserved.startswith(b"pkcs11:token=sso-hub-tests;id=%")


def test_a_key_is_found_again_by_its_address(by_alg: dict[str, SigningKey], tokens: OpenToken) -> None:
    key = by_alg["ES256"]

    again = tokens().open("ES256", key.signer.preserved, key.public_jwk)

    assert again.public_key == key.signer.public_key
    text = sign({"sub": "s"}, replace(key, signer=again), "JWT")
    assert verify_own(text, KeyRing((key,)), ("JWT",)) == {"sub": "s"}


def test_a_key_in_the_database_goes_on_signing(tokens: OpenToken) -> None:
    """The way into the module: its successor is made there."""
    known = new_signing_key("ES256", NOW, NOW, new_signer("ES256"))

    again = tokens().open("ES256", known.signer.preserved, known.public_jwk)

    text = sign({"sub": "s"}, replace(known, signer=again), "JWT")
    assert verify_own(text, KeyRing((known,)), ("JWT",)) == {"sub": "s"}


def test_a_key_of_another_token_verifies_and_does_not_sign(
    by_alg: dict[str, SigningKey], tokens: OpenToken
) -> None:
    key = by_alg["ES256"]
    text = sign({"sub": "s"}, key, "JWT")

    elsewhere = replace(key, signer=tokens(label="other").open("ES256", key.signer.preserved, key.public_jwk))

    assert verify_own(text, KeyRing((elsewhere,)), ("JWT",)) == {"sub": "s"}
    with pytest.raises(SignerUnavailable, match="in the PKCS #11 token sso-hub-tests"):
        elsewhere.signer.sign(b"x")


def test_a_destroyed_key_is_gone_and_destroyed_once(tokens: OpenToken) -> None:
    keys = tokens()
    signer = keys.make("ES256")
    signer.sign(b"x")

    keys.destroy(signer.preserved)
    keys.destroy(signer.preserved)

    with pytest.raises(SignerUnavailable, match="the token has no such key"):
        signer.sign(b"x")
    with pytest.raises(SignerUnavailable, match="the token has no such key"):
        tokens().open("ES256", signer.preserved, {**_jwk(signer)}).sign(b"x")


def _jwk(signer: Signer) -> dict[str, Any]:
    return dict(new_signing_key("ES256", NOW, NOW, signer).public_jwk)


def test_a_token_that_is_away_is_said_to_be_and_is_found_again_by_itself(
    softhsm: SoftHsm, tokens: OpenToken, caplog: pytest.LogCaptureFixture
) -> None:
    keys = tokens()
    signer = keys.make("ES256")

    with softhsm.taken_away():
        for _ in range(3):
            with pytest.raises(SignerUnavailable, match="the token (failed|was away a moment ago)"):
                signer.sign(b"x")
        with pytest.raises(SignerUnavailable):
            keys.make("ES256")

    assert len(eventually(signer)) == 64
    said = [record.message for record in caplog.records if record.name == "sso.pkcs11"]
    assert said == ["hardware token away: nothing is signed", "hardware token back"]


def test_a_token_that_was_away_from_the_start_is_found(softhsm: SoftHsm, tokens: OpenToken) -> None:
    address = tokens().make("ES256")
    late = tokens()

    with softhsm.taken_away():
        signer = late.open("ES256", address.preserved, _jwk(address))
        with pytest.raises(SignerUnavailable):
            signer.sign(b"x")

    assert len(eventually(signer)) == 64


def test_a_refused_pin_is_not_tried_again(tokens: OpenToken, softhsm: SoftHsm) -> None:
    """A token locks itself after a few wrong ones."""
    softhsm.new_token("sso-hub-pin")
    wrong = tokens(label="sso-hub-pin", pin="wrong")

    for _ in range(3):
        with pytest.raises(SignerUnavailable, match="refuses the PIN .* not tried again"):
            wrong.make("ES256")

    assert tokens(label="sso-hub-pin").make("ES256").sign(b"x")


@pytest.mark.parametrize(
    "changes", [{"label": "nobody"}, {"module": "/nowhere.so"}, {"module": "/etc/hostname"}]
)
def test_a_token_or_module_that_is_not_there_is_unavailable(
    tokens: OpenToken, changes: dict[str, str]
) -> None:
    with pytest.raises(SignerUnavailable, match="the token failed"):
        tokens(**changes).make("ES256")


def test_nobody_waits_longer_than_the_deadline(tokens: OpenToken) -> None:
    """A call into a module cannot be interrupted: it is left alone, others are refused at once."""
    keys = tokens(deadline_seconds=0.2)
    signer = keys.make("ES256")
    started = time.monotonic()

    with pytest.raises(SignerUnavailable, match="does not answer"):
        keys._thread.run(lambda _: time.sleep(1.0))
    with pytest.raises(SignerUnavailable, match="does not answer"):
        signer.sign(b"x")

    assert time.monotonic() - started < 0.7
    assert len(eventually(signer)) == 64


def test_many_sign_at_once(by_alg: dict[str, SigningKey]) -> None:
    key = by_alg["ES256"]

    def one(number: int) -> Any:
        return verify_own(sign({"n": number}, key, "JWT"), KeyRing((key,)), ("JWT",))["n"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(200))) == list(range(200))


def test_a_process_that_was_forked_has_a_session_of_its_own(tokens: OpenToken) -> None:
    signer = tokens().make("ES256")

    child = os.fork()
    if child == 0:  # pragma: no cover - the other process
        os._exit(0 if _signs(signer) else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert signer.sign(b"x")


def _signs(signer: Signer) -> bool:
    try:
        return len(eventually(signer)) == 64
    except SignerUnavailable:
        return False
