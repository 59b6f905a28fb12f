"""What scripts may rely on: `sso` as a process, its output, its exit codes, its secrets."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sso.cli.main import root
from tests.cli.commands import PASSWORD, SSO, environment, new_sso, sso

pytestmark = pytest.mark.slow

INIT = ("init", "--issuer", "http://127.0.0.1:8000", "--database-url", "sqlite:///hub.db")
PERSON = ("person", "add", "--login-name", "tuya", "--name", "Tuya Bat", "--email", "tuya@example.org")


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix != ".db-shm"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    assert sso(folder, *INIT).returncode == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """What `sso init` makes, for one test alone."""
    return shutil.copytree(made, tmp_path / "hub")


def test_init_writes_the_configuration_the_secrets_and_the_schema(tmp_path: Path) -> None:
    done = sso(tmp_path, *INIT)

    assert done.returncode == 0, done.stderr
    assert {"hub.db", "sso.kek", "sso.pepper", "sso.toml"} <= set(content(tmp_path))
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("hub.db", "sso.kek", "sso.pepper")}
    assert modes == {"hub.db": 0o600, "sso.kek": 0o600, "sso.pepper": 0o600}


def test_reading_every_command_warns_of_nothing(tmp_path: Path) -> None:
    """The list of them reads their modules; most commands of these tests fork what had read them."""
    done = new_sso(tmp_path, "--help")

    assert (done.returncode, done.stderr) == (0, "")


def test_init_again_changes_nothing(folder: Path) -> None:
    before = content(folder)

    again = sso(folder, *INIT)
    other = sso(folder, "init", "--issuer", "https://other.example.gov")

    assert (again.returncode, other.returncode) == (0, 0)
    assert content(folder) == before


def test_a_person_is_added_with_a_password_from_standard_input(folder: Path) -> None:
    done = sso(folder, *PERSON, "--password-stdin", stdin=f"{PASSWORD}\n")

    assert done.returncode == 0, done.stderr
    account_id = done.stdout.removesuffix("\n")
    found = [json.loads(line) for line in sso(folder, "person", "list", "--json").stdout.splitlines()]
    assert [(row["account_id"], row["login_name"]) for row in found] == [(account_id, "tuya")]
    searched = sso(folder, "audit", "search", "--event", "account.created", "--json")
    event = json.loads(searched.stdout)
    assert event["event"] == "account.created"
    assert event["account_id"] == account_id
    assert event["outcome"] == "success"
    assert event["id"]
    assert event["occurred_at"].endswith("Z")
    assert event["actor"].startswith("command:")


def test_client_add_prints_an_id_and_a_secret(folder: Path) -> None:
    done = sso(
        folder,
        *("client", "add", "--name", "Housing", "--redirect-uri", "http://127.0.0.1:9999/cb", "--json"),
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    added = json.loads(done.stdout)
    assert set(added) == {"client_id", "client_secret"}
    assert len(added["client_secret"]) >= 43


def test_the_exit_code_tells_what_kind_of_failure_it_is(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    unreachable = {"SSO__DATABASE__URL": "postgresql://hub@127.0.0.1:1/hub?connect_timeout=2"}
    unmigrated = {"SSO__DATABASE__URL": "sqlite:///other.db"}

    codes = {
        "success": sso(folder, "config", "check").returncode,
        "failure": sso(folder, "person", "show", "nobody").returncode,
        "usage": sso(folder, "person", "add", "--nmae", "x").returncode,
        "no configuration": sso(empty, "person", "list").returncode,
        "wrong configuration": sso(folder, "person", "list", env={"SSO__LOG__LEVEL": "loud"}).returncode,
        "database unreachable": sso(folder, "person", "list", env=unreachable).returncode,
        "database not made": sso(folder, "person", "list", env=unmigrated).returncode,
    }

    assert codes == {
        "success": 0,
        "failure": 1,
        "usage": 2,
        "no configuration": 78,
        "wrong configuration": 78,
        "database unreachable": 75,
        "database not made": 75,
    }


def test_another_sealing_key_is_a_wrong_configuration(folder: Path) -> None:
    other = {"SSO__SECRETS__KEY_ENCRYPTION_KEY": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"}

    assert sso(folder, "keys", "list", env=other).returncode == 78


def test_a_sentence_goes_to_standard_error_and_nothing_to_standard_output(folder: Path) -> None:
    done = sso(folder, "person", "show", "nobody")

    assert (done.stdout, done.stderr) == ("", "sso: no account named nobody\n")


def test_a_password_never_shows_in_the_process_list_or_in_the_output(folder: Path) -> None:
    with subprocess.Popen(
        [*SSO, *PERSON, "--password-stdin"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(PASSWORD.encode())
        process.stdin.close()
        process.stdin = None
        seen = b""
        while process.poll() is None:
            seen += Path(f"/proc/{process.pid}/cmdline").read_bytes()
            time.sleep(0.02)
        out, err = process.communicate()

    assert process.returncode == 0
    assert b"tuya" in seen
    assert PASSWORD.split()[0].encode() not in seen + out + err


def test_no_secret_is_in_the_files_that_a_command_leaves_behind(folder: Path) -> None:
    sso(folder, *PERSON, "--password-stdin", stdin=PASSWORD)
    added = json.loads(
        sso(folder, "client", "add", "--name", "A", "--redirect-uri", "https://a.example/cb", "--json").stdout
    )

    everything = b"".join(content(folder).values())

    assert PASSWORD.encode() not in everything
    assert added["client_secret"].encode() not in everything
    assert b"Tuya Bat" in everything


def commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, (*path, name))


EVERY_COMMAND = list(commands(root, ()))


def test_no_command_takes_a_secret_as_an_argument() -> None:
    telling = [
        (*path, parameter.name)
        for path, command in EVERY_COMMAND
        for parameter in command.params
        if any(word in str(parameter.name) for word in ("password", "secret", "token", "pepper"))
        and not str(parameter.name).endswith(("_id", "_file"))  # a name for it, or where it is kept
        and not getattr(parameter, "is_flag", False)
        and parameter.name not in {"token_endpoint_auth_method", "id_token_signed_response_alg"}
    ]

    assert telling == []


def test_every_command_explains_itself_and_its_options() -> None:
    unexplained = [path for path, command in EVERY_COMMAND if not (command.help or "").strip()]

    assert unexplained == []


@pytest.mark.parametrize("noun", ["client", "person", "directory", "keys", "audit"])
def test_every_read_command_offers_json(noun: str) -> None:
    reading = {"list", "show", "search", "test"}

    offering = {
        path[-1]: any("--json" in parameter.opts for parameter in command.params)
        for path, command in EVERY_COMMAND
        if path[:1] == (noun,) and path[-1] in reading
    }

    assert offering
    assert all(offering.values())


def test_interrupting_a_question_leaves_nothing_behind(folder: Path) -> None:
    assert sso(folder, *PERSON).returncode == 2  # no terminal to ask on

    assert sso(folder, "person", "list", "--json").stdout == ""


def test_a_reader_that_stops_reading_is_no_crash(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [*SSO, "audit", "search", "--json"],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
        )

    assert b"Traceback" not in done.stderr
