"""User codes: what a device shows and a person types (RFC 8628 6.1)."""

import pytest

from sso.oidc.user_code import ALPHABET, new_user_code, read_user_code, shown


def test_the_alphabet_has_no_vowel_and_no_letter_that_looks_like_a_digit() -> None:
    """RFC 8628 6.1: no word is spelled by chance, and O, I are not there to be taken for 0, 1."""
    assert not set(ALPHABET) & set("AEIOUY0123456789")
    assert len(ALPHABET) == len(set(ALPHABET)) == 20


def test_a_new_code_reads_back_and_no_two_are_alike() -> None:
    codes = [new_user_code() for _ in range(1000)]

    assert [read_user_code(shown(code)) for code in codes] == codes
    assert len(set(codes)) == 1000


@pytest.mark.parametrize(
    "typed",
    [
        "BCDF-GHJK",
        "bcdfghjk",
        "  bcdf ghjk ",
        "B-C-D-F-G-H-J-K",
        "ＢＣＤＦ－ＧＨＪＫ",
        "ｂｃｄｆ　ｇｈｊｋ",
        "BCDF\u2013GHJK",
        "BCDF\u2014GHJK",
        "BCDF\u00a0GHJK",
        "BCDF\u30fcGHJK",
        "bcdf.ghjk",
        "bcdf_ghjk",
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert read_user_code(typed) == "BCDFGHJK"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BCDF-GHJ",
        "BCDF-GHJKL",
        "BCDA-GHJK",
        "BCDF-GHJ0",
        "БCDF-GHJK",
        "\0BCDFGHJK",
        "\u202eBCDFGHJK",
        "BCDF-GHJK" + " " * 100,
        "\udcff" * 8,
    ],
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert read_user_code(typed) is None
