"""`sso directory add`: three vendors' real servers described, tested and written to the configuration."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sso.directory.settings import Vendor
from tests.cli.commands import Commands
from tests.servers.client_certificate import write_client_certificate
from tests.servers.directories import VENDORS, DirectoryServer
from tests.servers.directory_people import PASSWORD

pytestmark = pytest.mark.directories


@pytest.fixture
def empty(cli: Commands) -> Commands:
    """A hub without directories."""
    file = cli.folder / "sso.toml"
    file.write_text(f"# kept\n{file.read_text().partition('[[directory]]')[0]}")
    file.chmod(0o640)
    return cli


def _options(server: DirectoryServer, **changes: str | None) -> list[str]:
    told: dict[str, str | None] = {
        "--url": server.urls[0],
        "--ca-file": str(server.ca_file),
        "--bind-dn": server.bind_dn,
        "--base-dn": server.base_dn,
        "--realm": "civil.example",
        "--name": "Civil Affairs Bureau",
        "--sample": "alice",
        **changes,
    }
    parts = [part for option, value in told.items() if value is not None for part in (option, value)]
    return ["directory", "add", "--no-ask", "--bind-password-stdin", *parts]


def _written(cli: Commands) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((cli.folder / "sso.toml").read_text()).get("directory", [])
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_script_describes_a_directory_of_any_vendor_and_it_works(
    empty: Commands, shared_directory: Any, vendor: Vendor
) -> None:
    server = shared_directory(vendor)

    empty.ok(*_options(server), stdin=server.bind_password + "\n")

    [table] = _written(empty)
    assert (table["vendor"], table["id"], table["realms"]) == (vendor.value, "civil", ["civil.example"])
    assert table["login_attribute"] == server.login_attribute
    assert "FAIL" not in empty.ok("directory", "test", "civil", "--sample", "alice@civil.example")


def test_the_password_is_in_a_file_for_its_owner_alone_and_nowhere_else(
    empty: Commands, shared_directory: Any
) -> None:
    server = shared_directory(Vendor.OPENLDAP)

    result = empty.run(*_options(server), stdin=server.bind_password)

    file = empty.folder / "civil.pw"
    assert file.read_text().strip() == server.bind_password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert server.bind_password not in (empty.folder / "sso.toml").read_text() + result.output


def test_what_stood_in_the_file_and_its_mode_stay(empty: Commands, shared_directory: Any) -> None:
    server, file = shared_directory(Vendor.OPENLDAP), empty.folder / "sso.toml"
    before = file.read_text()

    empty.ok(*_options(server), stdin=server.bind_password)

    assert file.read_text().startswith(before.rstrip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert not list(empty.folder.glob(".sso.toml*"))


def test_groups_roles_and_a_second_server_are_written(empty: Commands, shared_directory: Any) -> None:
    server = shared_directory(Vendor.DS389)
    groups = ("--group", "outer=clerks", "--role", f"cn=inner,{server.group_base_dn}=approver")

    empty.ok(
        *_options(server, **{"--group-base-dn": server.group_base_dn, "--name-zh": "民政局"}),
        *("--url", server.urls[0], *groups),
        stdin=server.bind_password,
    )

    [table] = _written(empty)
    assert table["groups"]["released"] == {"outer": "clerks"}
    assert table["groups"]["roles"] == {f"cn=inner,{server.group_base_dn}": "approver"}
    assert (table["names"], len(table["urls"])) == ({"zh-CN": "民政局"}, 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"--url": "ldaps://127.0.0.1:1"}, "FAIL  tcp: ldaps://127.0.0.1:1 refuses connections"),
        ({"--ca-file": None}, "into ca_file"),
        ({"--bind-dn": "cn=nobody,dc=civil,dc=example"}, "FAIL  service_bind"),
        ({"--base-dn": "ou=nowhere,dc=civil,dc=example"}, "FAIL  base"),
        ({"--vendor": "389-ds"}, "FAIL  vendor: The server is OpenLDAP; set vendor = 'openldap'."),
        ({"--login-attribute": "employeeNumber"}, "FAIL  login_names: No entry shows employeeNumber"),
        ({"--sample": "nobody"}, "FAIL  person: No entry has the name nobody"),
        ({"--group": "no-such-group=clerks"}, "FAIL  groups: There is no group no-such-group"),
        ({"--url": "ldap://127.0.0.1:1", "--plaintext-on-loopback": None}, "FAIL  tcp"),
        ({"--realm": "not a domain"}, "a realm is a domain name"),
        ({"--id": "Not An Id"}, "lower-case letters"),
        ({"--login-attribute": "userPassword"}, "holds a secret"),
        ({"--group": "clerks"}, "write GROUP=VALUE"),
        ({"--name": None}, "--name is needed"),
        ({"--url": "http://127.0.0.1"}, "must be ldaps://"),
    ],
)
def test_what_does_not_work_is_not_written(
    empty: Commands, shared_directory: Any, changes: dict[str, str | None], says: str
) -> None:
    server, before = shared_directory(Vendor.OPENLDAP), (empty.folder / "sso.toml").read_text()

    result = empty.run(*_options(server, **changes), stdin=server.bind_password)

    assert result.exit_code != 0
    assert says in result.stderr
    assert (empty.folder / "sso.toml").read_text() == before
    assert not (empty.folder / "civil.pw").exists()


def test_a_realm_that_leads_elsewhere_already_is_refused(empty: Commands, shared_directory: Any) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    empty.ok(*_options(server), stdin=server.bind_password)

    result = empty.run(*_options(server, **{"--id": "other"}), stdin=server.bind_password)

    assert "is claimed by 'civil' and by 'other'" in result.stderr
    assert len(_written(empty)) == 1


def test_a_password_file_of_somebody_else_is_never_overwritten(
    empty: Commands, shared_directory: Any
) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    (empty.folder / "civil.pw").write_text("another secret")

    result = empty.run(*_options(server), stdin=server.bind_password)

    assert "civil.pw: File exists" in result.stderr
    assert (empty.folder / "civil.pw").read_text() == "another secret"
    assert _written(empty) == []


def test_secrets_of_the_environment_are_used_and_stay_there(empty: Commands, shared_directory: Any) -> None:
    server, file = shared_directory(Vendor.OPENLDAP), empty.folder / "sso.toml"
    key, pepper = ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "_" * 43)
    text = file.read_text()
    file.write_text(re.sub(r"(?m)^(key_encryption_key|pepper)(_file)? *=.*\n", "", text))
    variables = {"SSO__SECRETS__KEY_ENCRYPTION_KEY": key, "SSO__SECRETS__PEPPER": pepper}

    without = empty.run(*_options(server), stdin=server.bind_password)
    result = empty.run(*_options(server), stdin=server.bind_password, env=variables)

    assert without.exit_code != 0
    assert result.exit_code == 0, result.output
    assert [table["id"] for table in _written(empty)] == ["civil"]
    assert key not in file.read_text() + result.output
    assert pepper not in file.read_text() + result.output


def test_a_dry_run_prints_the_table_and_writes_nothing(empty: Commands, shared_directory: Any) -> None:
    server = shared_directory(Vendor.SAMBA)

    printed = empty.ok(*_options(server), "--dry-run", stdin=server.bind_password)

    assert tomllib.loads(printed)["directory"][0]["vendor"] == "samba"
    assert _written(empty) == []


def test_a_person_is_asked_step_by_step_with_the_servers_own_answers_as_defaults(
    empty: Commands, shared_directory: Any
) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    answers = [
        "http://wrong",
        server.urls[0],
        str(server.ca_file),
        "",  # vendor: recognised
        server.bind_dn,
        server.bind_password,
        server.base_dn,
        "",  # login attribute: uid
        "",  # realm: from the DN
        "",  # id
        "Civil Affairs Bureau",
        "alice",
        "y",
    ]

    result = empty.run("directory", "add", "--ask", stdin="\n".join(answers) + "\n")

    assert result.exit_code == 0, result.output
    assert "must be ldaps://" in result.stderr
    [table] = _written(empty)
    assert (table["vendor"], table["realms"], table["id"]) == ("openldap", ["civil.example"], "civil")


def test_a_person_who_does_not_agree_has_changed_nothing(empty: Commands, shared_directory: Any) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    options = [part for part in _options(server) if part not in {"--no-ask", "--bind-password-stdin"}]
    answers = ["", server.bind_password, "", "", "n"]

    result = empty.run(*options, "--ask", stdin="\n".join(answers) + "\n")

    assert "nothing was written" in result.stderr
    assert _written(empty) == []


def test_a_directory_without_a_service_account_is_described_too(
    empty: Commands, shared_directory: Any
) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    direct = ("--bind-method", "direct", "--bind-template", server.person_dn("{name}"))
    options = [part for part in _options(server, **{"--bind-dn": None}) if part != "--bind-password-stdin"]

    empty.ok(*options, *direct)

    [table] = _written(empty)
    assert table["bind_method"] == "direct"
    tested = empty.run(
        *("directory", "test", "civil", "--sample", "alice", "--password-stdin"), stdin=PASSWORD
    )
    assert "ok    sign_in: alice signs in." in tested.stdout


def test_a_certificate_that_the_server_does_not_ask_for_is_refused(
    empty: Commands, shared_directory: Any, tmp_path: Path
) -> None:
    server = shared_directory(Vendor.OPENLDAP)
    certificate, key = write_client_certificate(tmp_path, "hub")
    options = [part for part in _options(server, **{"--bind-dn": None}) if part != "--bind-password-stdin"]
    external = ("--bind-method", "external", "--certificate-file", str(certificate))

    result = empty.run(*options, *external, "--certificate-key-file", str(key))

    assert "FAIL  service_bind: The account of certificate_file cannot sign in" in result.stderr
    assert _written(empty) == []
