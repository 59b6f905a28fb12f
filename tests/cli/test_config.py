"""`sso config`: checked without running anything, shown without its secrets."""

import json
import tomllib

import pytest

from tests.cli.commands import Commands


def test_a_good_configuration_is_ok(cli: Commands) -> None:
    assert cli.ok("config", "check") == f"ok: {cli.folder / 'sso.toml'}\n"


def test_a_wrong_one_is_exit_78_with_every_finding(cli: Commands) -> None:
    with (cli.folder / "sso.toml").open("a") as file:
        file.write('\n[log]\nlevel = "loud"\nformat = "json"\n')

    result = cli.run("config", "check")

    assert (result.exit_code, result.stdout) == (78, "")
    assert "log.level" in result.stderr
    assert "unknown setting log.format" in result.stderr


def test_show_tells_every_setting_in_effect(cli: Commands) -> None:
    result = cli.run("config", "show", "--json", env={"SSO__SERVER__WORKERS": "3"})

    shown = json.loads(result.stdout)
    assert shown["server"]["workers"] == 3
    assert shown["server"]["issuer"] == "http://127.0.0.1:1"
    assert shown["tokens"]["code_lifetime_seconds"] == 60
    assert shown["directory"][0]["id"] == "civil-affairs"
    assert shown["password"]["blocklist_file"] is None


def test_what_is_shown_to_people_can_be_read_by_machines(cli: Commands) -> None:
    as_json = json.loads(cli.ok("config", "show", "--json"))

    as_toml = tomllib.loads(cli.ok("config", "show"))

    given = {
        section: value for section, value in as_json.items() if value != []
    }  # TOML has no empty [[table]]
    assert as_toml == {section: _set(value) for section, value in given.items()}


def _set(value: object) -> object:
    """TOML has no null: what is not set is left out."""
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if member is not None}
    return [_set(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://hub:geheim@db/hub", "postgresql://hub:***@db/hub"),
        ("postgresql://hub:ge/h@eim@db/hub", "postgresql://hub:***@db/hub"),
        (
            "postgresql://hub@db/hub?password=geheim&connect_timeout=2",
            "postgresql://hub@db/hub?password=***&connect_timeout=2",
        ),
        ("postgresql://hub@db/hub?sslpassword=geheim", "postgresql://hub@db/hub?sslpassword=***"),
        ("postgresql://hub@db/hub", "postgresql://hub@db/hub"),
        ("sqlite:///hub.db", "sqlite:///hub.db"),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(cli: Commands, url: str, shown: str, form: tuple[str, ...]) -> None:
    pepper = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"

    result = cli.run("config", "show", *form, env={"SSO__DATABASE__URL": url, "SSO__SECRETS__PEPPER": pepper})

    assert shown in result.stdout
    assert "***" in result.stdout
    assert not any(secret in result.output for secret in ("geheim", "eim@", pepper, "opensesame"))
