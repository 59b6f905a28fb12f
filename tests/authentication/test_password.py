"""Passwords: hashing under a pepper, and which new ones are accepted (NIST SP 800-63B-4 3.1.1.2)."""

import hashlib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.authentication.evidence import ACR_NONE, ACR_PASSWORD, Factor, assurance_of
from sso.authentication.password import MAX_PASSWORD_BYTES, PasswordHash
from sso.authentication.password_rules import PasswordRefused, PasswordRules
from sso.authentication.throttling import network_of
from tests.authentication.examples import CHEAP, PASSWORD, passwords

RULES = PasswordRules(context=("sso-hub",))
NAMES = ("tuya", "Tuya Bat")


def test_a_password_is_known_again_and_no_other() -> None:
    known = passwords().make(PASSWORD)

    assert passwords().verify(PASSWORD, known)
    assert not passwords().verify(PASSWORD + " ", known)
    assert not passwords().verify(PASSWORD, None)
    assert not passwords().verify(PASSWORD, "no hash")
    assert not PasswordHash(b"other pepper", CHEAP).verify(PASSWORD, known)


def test_however_a_keyboard_composes_it_a_password_is_the_same() -> None:
    """NIST SP 800-63B-4 3.1.1.2: normalise before hashing."""
    typed = "Пётр й 서울 naïve café"
    known = passwords().make(unicodedata.normalize("NFD", typed))

    assert passwords().verify(unicodedata.normalize("NFC", typed), known)


def test_the_longest_accepted_password_can_be_used_in_any_composition() -> None:
    text = "".join(chr(0xAC00 + number * 7919 % 11172) for number in range(1024))
    RULES.check(text)

    assert passwords().verify(unicodedata.normalize("NFD", text), passwords().make(text))


def test_an_endless_password_is_not_even_hashed() -> None:
    assert not passwords().verify("x" * (MAX_PASSWORD_BYTES + 1), passwords().make("x"))


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused_in_words(text: str) -> None:
    try:
        RULES.check(text, names=NAMES)
    except PasswordRefused as refusal:
        assert str(refusal)
    else:
        assert len(unicodedata.normalize("NFC", text)) >= RULES.minimum_length


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "seven horses battery",
        "четырнадцать лошадей",
        "一二三四五六七八九十甲乙丙丁戊己",
        "!@#$%^&*()_+-=[]{}",
        "😀😎🐎🏔🌄🐑🐂🎠🚂🌲🌳🍎🍊🍋🍌",
        "tuya rides nine horses",
    ],
)
def test_a_long_password_of_any_characters_is_accepted(password: str) -> None:
    """No composition rules; every printable character and space."""
    RULES.check(password, names=NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "fourteen chars",
        "x" * 1025,
        "password" * 2,
        "PasswordPassword",
        "123456789012345",
        "abcdefghijklmnopq",
        "zyxwvutsrqponmlk",
        "aaaaaaaaaaaaaaaaa",
        "a a a a a a a a a a",
        "abcabcabcabcabcabc",
        "steppe steppe steppe ",
        "tuyatuyatuyatuya",
        "Tuya-Bat-Tuya-Bat-Tuya",
        "sso-hub-sso-hub-sso",
        "nul \0 in the middle of it",
        "half a pair \ud800 in it all",
    ],
)
def test_a_short_common_or_repeated_one_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        RULES.check(password, names=NAMES)


def test_length_counts_characters_after_composition() -> None:
    with pytest.raises(PasswordRefused):
        RULES.check("éàüöñçêîôûäëïÿ"[:14])
    RULES.check("éàüöñçêîôûäëïÿž")
    with pytest.raises(PasswordRefused):
        RULES.check(unicodedata.normalize("NFD", "éàüöñçêîôûäëïÿ"))


@pytest.mark.parametrize("end", ["\n", "\r\n", ":7\n"])
def test_a_breached_password_is_found_wherever_it_stands_in_the_list(tmp_path: Path, end: str) -> None:
    listed = [f"a leaked password number {number}" for number in range(200)]
    digests = sorted(hashlib.sha1(text.encode()).hexdigest().upper() for text in listed)
    file = tmp_path / "breached.txt"
    file.write_bytes("".join(digest + end for digest in digests).encode())
    rules = PasswordRules(blocklist_file=file)

    for text in listed:
        with pytest.raises(PasswordRefused):
            rules.check(text)
    rules.check("a password that never leaked")


def test_an_empty_list_lists_nothing(tmp_path: Path) -> None:
    file = tmp_path / "breached.txt"
    file.touch()

    PasswordRules(blocklist_file=file).check(PASSWORD)


def test_acr_says_what_was_proven_and_never_more() -> None:
    """RFC 8176 2."""
    assert assurance_of(frozenset({Factor.PASSWORD})).acr == ACR_PASSWORD
    assert assurance_of(frozenset()).acr == ACR_NONE
    assert assurance_of(frozenset()).amr == ()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_a_network_is_what_one_subscriber_commands(address: str | None, network: str) -> None:
    assert network_of(address) == network
