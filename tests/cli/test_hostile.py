"""Hostile arguments and input, given as a shell would give them: never a traceback, never a change."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import SSO, Commands, environment, new_sso, sso

pytestmark = pytest.mark.slow

NOT_UTF_8 = b"\xff\xfe\x80"
BIDI = "admin\u202etxt".encode()
ESCAPE = b"\x1b]0;owned\x07"
LONG = b"x" * 100_000


@pytest.mark.parametrize("text", [NOT_UTF_8, BIDI, ESCAPE, LONG], ids=["not utf-8", "bidi", "escape", "long"])
@pytest.mark.parametrize(
    "command",
    [
        ("person", "add", "--no-password", "--name", "Tuya", "--login-name"),
        ("person", "add", "--no-password", "--login-name", "tuya", "--name"),
        ("person", "show"),
        ("person", "disable", "tuya", "--reason"),
        ("client", "add", "--redirect-uri", "https://a.example/cb", "--name"),
        ("client", "add", "--name", "A", "--redirect-uri"),
        ("client", "add", "--name", "A", "--redirect-uri", "https://a.example/cb", "--client-id"),
        ("client", "show"),
        ("directory", "test"),
        ("audit", "search", "--event"),
        ("audit", "search", "--reason"),
        ("audit", "search", "--account"),
        ("audit", "search", "--since"),
    ],
    ids=" ".join,
)
def test_a_hostile_argument_is_a_usage_error(cli: Commands, command: tuple[str, ...], text: bytes) -> None:
    said = cli.refused(*command, os.fsdecode(text), code=2)

    assert "\x1b" not in said
    assert "\u202e" not in said
    assert cli.rows("person", "list") == []
    assert cli.rows("client", "list") == []


@pytest.mark.parametrize("text", [NOT_UTF_8, BIDI, ESCAPE, LONG], ids=["not utf-8", "bidi", "escape", "long"])
def test_a_process_meets_hostile_arguments_likewise(cli: Commands, text: bytes) -> None:
    done = sso(cli.folder, "person", "add", "--no-password", "--login-name", "tuya", "--name", text)

    assert (done.returncode, done.stdout) == (2, "")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"x" * 1_000_000, b"\n" * 1_000_000, NOT_UTF_8 * 10, b"\0" * 20, b"", "\u202e".encode() * 2_000],
    ids=["1 MB", "1 MB of lines", "not utf-8", "NUL", "nothing", "bidi"],
)
def test_hostile_standard_input_is_refused(cli: Commands, content: bytes) -> None:
    done = sso(
        cli.folder,
        *("person", "add", "--login-name", "tuya", "--name", "Tuya", "--password-stdin"),
        stdin=content,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sso: ")
    assert len(done.stderr) < 200
    assert cli.rows("person", "list") == []


def test_a_closed_standard_input_is_no_crash(cli: Commands) -> None:
    command = " ".join([*SSO, "person", "add", "--login-name", "t", "--name", "T", "--password-stdin", "<&-"])
    done = subprocess.run(
        ["sh", "-c", command], cwd=cli.folder, env=environment(), capture_output=True, text=True, timeout=60
    )

    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE person; --", "%", "_", "*", "${HOME}", "$(id)", "../../etc/passwd"]
)
def test_text_that_means_something_elsewhere_is_only_text(cli: Commands, name: str) -> None:
    cli.add_person(name, name)

    assert cli.rows("person", "show", name)[0]["name"] == name
    assert cli.refused("person", "show", f"{name}x") == f"sso: no account named {name}x"


def test_a_configuration_path_that_is_not_utf_8_is_named_and_no_crash(tmp_path: Path) -> None:
    done = new_sso(tmp_path, "--config", NOT_UTF_8, "person", "list")

    assert done.returncode == 78
    assert "no such file" in done.stderr


def test_an_environment_that_is_not_utf_8_is_refused(cli: Commands) -> None:
    done = sso(cli.folder, "config", "check", env={"SSO__SERVER__ISSUER": "https://\udcff.example"})

    assert done.returncode == 78


def test_output_that_cannot_be_shown_in_the_terminals_encoding_is_no_crash(cli: Commands) -> None:
    plain = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    cli.add_person("ганболд", "Ганболд")

    for arguments in (
        ("person", "list"),
        ("person", "list", "--json"),
        ("person", "show", "ганболд".encode()),
    ):
        new_sso(cli.folder, *arguments, env=plain)
