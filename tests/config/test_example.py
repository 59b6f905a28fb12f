"""config.example.toml is complete, holds nothing that is unknown, and tells the true defaults."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sso.config import Config, ConfigurationError, load
from sso.config.anchors import TimeStampAuthority, Witness
from sso.config.archive import Archive
from sso.config.details import AuthorizationDetailType
from sso.config.directory import Directory, ScimDirectory
from sso.config.geography import Geography
from sso.config.keys import Pkcs11
from sso.config.sinks import Sink
from sso.config.trusted_issuer import TrustedIssuer
from sso.config.upstream import Upstream
from tests.config.written import write_secrets

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
BLOCKS = {
    "directory": Directory,
    "scim_directory": ScimDirectory,
    "authorization_details_type": AuthorizationDetailType,
    "trusted_issuer": TrustedIssuer,
    "upstream": Upstream,
}
SCIM_BLOCK = "[[directory]]\n# A department without LDAP"
OPTIONAL = (
    "keys.pkcs11.",
    "audit.witness.",
    "audit.timestamp.",
    "audit.archive.",
    "audit.geography.",
    "audit.sink.",
    *(f"{name}." for name in BLOCKS),
)
WITHOUT_DEFAULT = {"server.issuer", "secrets.key_encryption_key_file", "secrets.pepper_file"}


def uncommented(text: str) -> str:
    """A setting that is not set begins with `#` and no space; prose with `# `."""
    return re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE)


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def settings_of(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": field for name, field in model.model_fields.items()}


def schema() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section, annotation in _sections().items():
        model = BLOCKS.get(section, annotation)
        assert isinstance(model, type)
        found |= settings_of(model, f"{section}.")
    del (
        found["keys.pkcs11"],
        found["audit.witness"],
        found["audit.timestamp"],
        found["audit.sink"],
        found["audit.archive"],
        found["audit.geography"],
    )
    found |= settings_of(Sink, "audit.sink.")
    found |= settings_of(Archive, "audit.archive.")
    found |= settings_of(Geography, "audit.geography.")
    found |= settings_of(TimeStampAuthority, "audit.timestamp.")
    return found | settings_of(Pkcs11, "keys.pkcs11.") | settings_of(Witness, "audit.witness.")


def _sections() -> dict[str, Any]:
    """A directory is one of two kinds, told apart by its first key."""
    return {name: field.annotation for name, field in Config.model_fields.items()} | {"scim_directory": None}


def written_keys(text: str) -> list[str]:
    """Every `key =` with its section, in order, as often as it is written."""
    keys, section = [], ""
    for line in text.replace(SCIM_BLOCK, "[[scim_directory]]\n").splitlines():
        if header := re.match(r"\[\[?([a-z0-9_.]+)\]\]?$", line):
            section = header[1]
        elif key := re.match(r"([a-z_]+) = ", line):
            keys.append(f"{section}.{key[1]}")
    return keys


def test_it_holds_every_setting_once_and_none_that_is_unknown() -> None:
    assert sorted(written_keys(uncommented(example()))) == sorted(schema())


def test_what_is_written_without_a_comment_is_the_default() -> None:
    tree = tomllib.loads(example())
    told = {f"{section}.{key}": value for section, keys in tree.items() for key, value in keys.items()}
    defaults = {
        name: field.get_default() for name, field in schema().items() if not name.startswith(OPTIONAL)
    }

    assert {name: _plain(defaults[name]) for name in told if name not in WITHOUT_DEFAULT} == {
        name: value for name, value in told.items() if name not in WITHOUT_DEFAULT
    }


def test_what_is_commented_out_is_not_set_by_default() -> None:
    told = set(written_keys(example()))
    commented = [name for name in written_keys(uncommented(example())) if name not in told]

    assert [
        name
        for name in commented
        if not name.startswith(OPTIONAL) and schema()[name].get_default() is not None
    ] == []


def test_every_setting_is_explained_above_it() -> None:
    lines = example().splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"#?[a-z_]+ = ", line)]

    unexplained = [
        lines[number]
        for number in settings
        if not any(lines[above].startswith("# ") for above in range(max(0, number - 3), number))
    ]

    assert unexplained == []


def test_it_can_be_used_as_it_is(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    (tmp_path / "sso.toml").write_text(example(), encoding="utf-8")

    assert load(str(tmp_path / "sso.toml"), {}).settings.directory == ()


def test_its_directory_is_valid_and_tells_the_defaults(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    (tmp_path / "civil-affairs.pw").write_text("opensesame")
    for name in ("civil-affairs-ca.pem", "civil-affairs-client.pem", "civil-affairs-client.key"):
        (tmp_path / name).write_text("")
    text, _, block = example().partition("#[[directory]]")
    block = block.partition("#" + SCIM_BLOCK)[0]
    directory = uncommented("#[[directory]]" + block).replace("bind_password = ", "# bind_password = ")
    directory = directory.replace("\nrealms = []", '\nrealms = ["civil.example"]')
    (tmp_path / "sso.toml").write_text(text + directory, encoding="utf-8")

    configuration = load(str(tmp_path / "sso.toml"), {})

    assert configuration.directories[0].id == "civil-affairs"
    section = configuration.settings.directory[0].model_dump()
    optional = [
        name
        for name, field in Directory.model_fields.items()
        if not field.is_required() and field.get_default() is not None and name not in {"names", "realms"}
    ]
    assert {name: section[name] for name in optional} == {
        name: Directory.model_fields[name].get_default() for name in optional
    }


def test_its_trusted_issuer_is_valid(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    before, mark, block = example().partition("#[[trusted_issuer]]")
    issuer = uncommented(mark + block.partition("\n\n")[0])
    for other in ("jwks_file", "sector", "directory"):
        issuer = issuer.replace(f"\n{other} = ", f"\n# {other} = ")
    issuer = issuer.replace('known_by = "directory"', 'known_by = "citizen"')
    (tmp_path / "sso.toml").write_text(f"{before}{issuer}", encoding="utf-8")

    (loaded,) = load(str(tmp_path / "sso.toml"), {}).assertion_issuers

    assert (loaded.issuer, loaded.claim, loaded.clients) == ("https://sso.example.org", "sub", ())


def test_its_type_of_details_is_valid(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    before, mark, block = example().partition("#[[authorization_details_type]]")
    block, directory, _ = block.partition("# One block a department directory")
    assert directory
    (tmp_path / "sso.toml").write_text(before + uncommented(mark + block), encoding="utf-8")

    [told] = load(str(tmp_path / "sso.toml"), {}).settings.authorization_details_type

    assert (told.type, told.ask_every_time) == ("tax-return", True)
    assert told.fields["year"].required


@pytest.mark.parametrize(
    "block",
    [
        'type = "a"\nlabel = {}',
        'type = "a"\nlabel = { "zh-CN" = "甲" }',
        'type = "a b"\nlabel = { en = "A" }',
        'type = "a"\nlabel = { en = "A" }\nactions = { read = "Read" }',
        'type = "a"\nlabel = { en = "A" }\nfields = { x = { required = true } }',
        'type = "a"\nlabel = { en = "A" }\n[[authorization_details_type]]\ntype = "a"\nlabel = { en = "A" }',
    ],
)
def test_a_type_of_details_without_words_is_refused(tmp_path: Path, block: str) -> None:
    write_secrets(tmp_path)
    text = example() + f"\n[[authorization_details_type]]\n{block}\n"
    (tmp_path / "sso.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        load(str(tmp_path / "sso.toml"), {})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
