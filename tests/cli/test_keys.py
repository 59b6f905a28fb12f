"""`sso keys`: which keys sign, and their rotation by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.commands import Commands


def by_state(cli: Commands) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in cli.rows("keys", "list"):
        found.setdefault(row["state"], []).append(row["alg"])
    return {state: sorted(algorithms) for state, algorithms in found.items()}


def test_a_new_hub_signs_with_two_algorithms(cli: Commands) -> None:
    assert by_state(cli) == {"active": ["ES256", "RS256"]}
    assert all(row["published_until"] is None for row in cli.rows("keys", "list"))


def test_a_rotation_publishes_first_and_signs_later(cli: Commands) -> None:
    before = {row["kid"] for row in cli.rows("keys", "list")}

    cli.ok("keys", "rotate")

    rows = cli.rows("keys", "list")
    assert by_state(cli) == {"active": ["ES256", "RS256"], "next": ["ES256", "RS256"]}
    for row in rows:
        old = row["kid"] in before
        assert row["state"] == ("active" if old else "next")
        assert (row["retired_at"] is not None) is old
        if not old:
            waits = datetime.fromisoformat(row["active_from"]) - datetime.fromisoformat(row["created_at"])
            assert waits == timedelta(seconds=86_400)


def test_while_a_rotation_is_under_way_nothing_changes(cli: Commands) -> None:
    cli.ok("keys", "rotate")
    before = cli.rows("keys", "list")

    assert "a rotation is under way" in cli.refused("keys", "rotate")
    assert cli.rows("keys", "list") == before


def seconds_until(row: dict[str, Any], name: str) -> float:
    return (datetime.fromisoformat(row[name]) - datetime.now(UTC)).total_seconds()


def test_with_now_the_new_keys_sign_as_soon_as_every_process_knows_them(cli: Commands) -> None:
    before = {row["kid"] for row in cli.rows("keys", "list")}

    result = cli.run("keys", "rotate", "--now")

    assert result.exit_code == 0
    assert "may refuse tokens" in result.stderr
    for row in cli.rows("keys", "list"):
        assert seconds_until(row, "retired_at" if row["kid"] in before else "active_from") < 11
    assert by_state(cli) == {"active": ["ES256", "RS256"], "next": ["ES256", "RS256"]}


def test_with_now_a_rotation_under_way_is_brought_forward(cli: Commands) -> None:
    cli.ok("keys", "rotate")
    before = {row["kid"]: row["state"] for row in cli.rows("keys", "list")}

    shown = cli.ok("keys", "rotate", "--now")

    after = cli.rows("keys", "list")
    assert {row["kid"]: row["state"] for row in after} == before
    for row in after:
        assert seconds_until(row, "active_from" if row["state"] == "next" else "retired_at") < 11
        assert (row["kid"] in shown) is (row["state"] == "next")


def test_an_algorithm_that_is_configured_later_gets_a_key_that_waits(cli: Commands) -> None:
    shown = cli.run("keys", "rotate", env={"SSO__KEYS__ALGORITHMS": '["RS256", "ES256", "EdDSA"]'}).stdout

    assert by_state(cli)["next"] == ["ES256", "EdDSA", "RS256"]
    assert len(shown.splitlines()) == 3


def test_a_revoked_key_is_shown_as_such_and_replaced_at_once(cli: Commands) -> None:
    bad = next(row["kid"] for row in cli.rows("keys", "list") if row["alg"] == "ES256")

    result = cli.run("keys", "revoke", bad)

    assert result.exit_code == 0
    assert "takes its place" in result.stdout
    assert "until they fetch our key set again" in result.stderr
    assert by_state(cli) == {"active": ["ES256", "RS256"], "revoked": ["ES256"]}
    (event,) = cli.events("key.revoked")
    assert (event["detail"]["kid"], event["severity"]) == (bad, 5)
    assert event["actor"].startswith("command:")


def test_a_key_is_revoked_once(cli: Commands) -> None:
    bad = cli.rows("keys", "list")[0]["kid"]
    cli.ok("keys", "revoke", bad)

    for kid in (bad, "unknown"):
        assert "no key has this kid, or it is revoked already" in cli.refused("keys", "revoke", kid)
    assert len(cli.events("key.revoked")) == 1


def test_a_rotation_is_on_record(cli: Commands) -> None:
    cli.ok("keys", "rotate")

    assert sorted(event["detail"]["alg"] for event in cli.events("key.retired")) == ["ES256", "RS256"]
    assert all(event["actor"].startswith("command:") for event in cli.events("key.retired"))
    assert len(cli.events("key.created")) == 4


def test_the_private_half_never_shows(cli: Commands) -> None:
    shown = cli.ok("keys", "list") + cli.ok("keys", "list", "--json")

    assert "private" not in shown.lower()
    assert '"d"' not in shown
