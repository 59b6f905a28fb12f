"""`[audit.geography]`: a file of the right format, and networks that are left out."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from sso.config import ConfigurationError
from sso.config.parts import difference, parts_of
from sso.geography.settings import GeographySettings
from tests.config.written import loaded
from tests.geography.written import write_places

SECTION = '[audit.geography]\ndatabase = "city.mmdb"\n'


def test_the_file_is_beside_the_configuration(tmp_path: Path) -> None:
    write_places(tmp_path / "city.mmdb")

    found = loaded(tmp_path, f'{SECTION}leave_out = ["198.51.100.0/24", "2001:db8::/32"]\n').geography

    left_out = (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32"))
    assert found == GeographySettings(tmp_path / "city.mmdb", left_out)
    assert loaded(tmp_path).geography is None


def test_the_environment_can_say_it(tmp_path: Path) -> None:
    write_places(tmp_path / "city.mmdb")
    laid_over = {
        "SSO__AUDIT__GEOGRAPHY__DATABASE": "city.mmdb",
        "SSO__AUDIT__GEOGRAPHY__LEAVE_OUT": '["198.51.100.0/24"]',
    }

    found = loaded(tmp_path, "", laid_over).geography

    assert found == GeographySettings(tmp_path / "city.mmdb", (ip_network("198.51.100.0/24"),))


@pytest.mark.parametrize(
    ("text", "content", "said"),
    [
        (SECTION, None, "city.mmdb: No such file"),
        (SECTION, b"", "city.mmdb is no MaxMind DB file"),
        (SECTION, b"<html>" * 100_000, "city.mmdb is no MaxMind DB file"),
        ("[audit.geography]\n", None, "audit.geography.database"),
        (f'{SECTION}leave_out = ["192.0.2.1/24"]\n', b"", "audit.geography.leave_out"),
        (f'{SECTION}leave_out = ["office"]\n', b"", "audit.geography.leave_out"),
        (f"{SECTION}kilometres = 3\n", b"", "unknown setting audit.geography.kilometres"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, text: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "city.mmdb").write_bytes(content)

    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, text)

    assert said in str(refused.value)
    assert "sso.toml:" in str(refused.value)


def test_without_its_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_places(tmp_path / "city.mmdb")
    monkeypatch.setattr("sso.geography.settings.LIBRARY", "no_library_of_this_name")

    with pytest.raises(ConfigurationError, match=r"pip install 'sso-hub\[geography\]'"):
        loaded(tmp_path, SECTION)


def test_a_start_with_less_of_it_is_a_weaker_one(tmp_path: Path) -> None:
    write_places(tmp_path / "city.mmdb")
    none, some = parts_of(loaded(tmp_path)), parts_of(loaded(tmp_path, SECTION))
    less = parts_of(loaded(tmp_path, f'{SECTION}leave_out = ["0.0.0.0/0"]\n'))

    began, ended, changed = difference(none, some), difference(some, none), difference(some, less)

    assert began is not None and (began.added, began.weakened) == (("geography:places",), ())
    assert ended is not None and ended.weakened == ("geography:places",)
    assert changed is not None and changed.weakened == ("geography:places",)
