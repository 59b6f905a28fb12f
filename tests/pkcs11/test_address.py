"""The address of a key in a token (RFC 7512)."""

import pytest

from sso.pkcs11.address import KeyAddress


@pytest.mark.parametrize("label", ["sso-hub", "a b;c=d%", "签名", "é" * 16])
@pytest.mark.parametrize("key_id", [b"\x00", b"ab;=%", bytes(range(64))])
def test_an_address_is_read_back_as_it_was_written(label: str, key_id: bytes) -> None:
    address = KeyAddress(label, key_id)

    assert KeyAddress.parse(address.uri()) == address


def test_an_address_is_a_pkcs11_uri() -> None:
    """RFC 7512 2.3."""
    assert KeyAddress("sso", b"\x01\xff").uri() == b"pkcs11:token=sso;id=%01%FF;type=private"


@pytest.mark.parametrize(
    "uri",
    [
        b"",
        b"pkcs11:",
        b"pkcs11:token=sso",
        b"pkcs11:token=;id=%01;type=private",
        b"pkcs11:token=sso;id=01;type=private",
        b"pkcs11:token=sso;id=;type=private",
        b"pkcs11:token=sso;id=%01;type=public",
        b"pkcs11:token=sso;id=%01;type=private?pin-value=1",
        b"pkcs11:token=%FF;id=%01;type=private",
        b"pkcs11:token=sso;id=" + b"%01" * 65 + b";type=private",
    ],
)
def test_what_the_hub_did_not_write_is_no_address(uri: bytes) -> None:
    with pytest.raises(ValueError):
        KeyAddress.parse(uri)
