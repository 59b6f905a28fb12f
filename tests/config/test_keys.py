"""`[keys]`: which algorithms have a key, and the hardware module that keys may be in."""

from pathlib import Path

import pytest

from sso.config import ConfigurationError, load
from tests.config.written import loaded, write

TOKEN = '[keys.pkcs11]\nmodule = "{folder}/module.so"\ntoken = "sso-hub"\n'


def with_module(folder: Path, more: str) -> str:
    (folder / "module.so").write_bytes(b"")
    (folder / "sso.pin").write_text("4711\n")
    return TOKEN.format(folder=folder) + more


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(str(write(folder, text)), {})
    return str(caught.value)


def test_a_key_of_two_algorithms_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    assert loaded(tmp_path).settings.keys.algorithms == ("RS256", "ES256")


def test_an_algorithm_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, '[keys]\nalgorithms = ["ES256", "EdDSA", "ES256"]\n')

    assert configuration.settings.keys.algorithms == ("ES256", "EdDSA")


def test_the_algorithm_of_access_tokens_cannot_be_left_out(tmp_path: Path) -> None:
    assert "algorithms must hold ES256" in refusal(tmp_path, '[keys]\nalgorithms = ["RS256"]\n')


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "Ed25519", ""])
def test_an_algorithm_that_the_hub_does_not_sign_with_is_refused(tmp_path: Path, alg: str) -> None:
    assert "keys.algorithms" in refusal(tmp_path, f'[keys]\nalgorithms = ["ES256", "{alg}"]\n')


def test_without_a_token_keys_are_in_the_database(tmp_path: Path) -> None:
    assert loaded(tmp_path).token is None


@pytest.mark.parametrize("source", ['pin = "4711"\n', 'pin_file = "sso.pin"\n'])
def test_the_pin_comes_from_one_source_and_never_shows(tmp_path: Path, source: str) -> None:
    configuration = loaded(tmp_path, with_module(tmp_path, source))

    assert configuration.token is not None
    assert (configuration.token.label, configuration.token.pin) == ("sso-hub", "4711")
    assert configuration.token.module == tmp_path / "module.so"
    assert "4711" not in repr(configuration)


def test_the_pin_may_come_from_the_environment(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, with_module(tmp_path, ""), {"SSO__KEYS__PKCS11__PIN": "4711"})

    assert configuration.token is not None
    assert configuration.token.pin == "4711"


@pytest.mark.parametrize("source", ["", 'pin = "4711"\npin_file = "sso.pin"\n'])
def test_a_pin_has_exactly_one_source(tmp_path: Path, source: str) -> None:
    text = refusal(tmp_path, with_module(tmp_path, source))

    assert "set exactly one of pin and pin_file" in text
    assert "4711" not in text


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = with_module(tmp_path, 'pin = "4711"\n')
    (tmp_path / "module.so").unlink()

    assert "keys.pkcs11.module: " in refusal(tmp_path, text)


def test_a_pin_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = with_module(tmp_path, 'pin_file = "other.pin"\n')

    assert f"keys.pkcs11.pin_file: cannot read {tmp_path / 'other.pin'}" in refusal(tmp_path, text)
