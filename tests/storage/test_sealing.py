"""Sealing: what is sealed opens with the same key in the same place, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer

KEY = bytes(range(32))


@given(plain=st.binary(max_size=200), context=st.binary(max_size=20))
def test_what_was_sealed_opens(plain: bytes, context: bytes) -> None:
    sealed = Sealer(KEY).seal(plain, context)

    assert Sealer(KEY).open(sealed, context) == plain


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert Sealer(KEY).seal(b"value", b"") != Sealer(KEY).seal(b"value", b"")


def test_another_key_does_not_open() -> None:
    sealed = Sealer(KEY).seal(b"value", b"kid")

    with pytest.raises(SealBroken):
        Sealer(KEY[::-1]).open(sealed, b"kid")


def test_another_place_does_not_open() -> None:
    sealed = Sealer(KEY).seal(b"value", b"kid")

    with pytest.raises(SealBroken):
        Sealer(KEY).open(sealed, b"other")


@given(position=st.integers(min_value=0, max_value=32), bit=st.integers(min_value=0, max_value=7))
def test_a_changed_bit_does_not_open(position: int, bit: int) -> None:
    sealed = bytearray(Sealer(KEY).seal(b"value", b"kid"))
    sealed[position] ^= 1 << bit

    with pytest.raises(SealBroken):
        Sealer(KEY).open(bytes(sealed), b"kid")


@pytest.mark.parametrize("sealed", [b"", b"short", b"n" * 12, b"n" * 27])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer(KEY).open(sealed, b"kid")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="must be 32 bytes"):
        Sealer(b"k" * length)


def test_a_key_is_never_shown() -> None:
    sealer = Sealer(b"K" * 32)

    assert "KKK" not in f"{sealer!r}{sealer}"
    assert not hasattr(sealer, "__dict__")
