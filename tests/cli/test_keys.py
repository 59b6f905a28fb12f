"""`sso keys`: which keys sign, and their rotation by hand."""

from datetime import datetime, timedelta

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


def test_with_now_the_new_keys_sign_at_once_and_a_warning_is_given(cli: Commands) -> None:
    before = {row["kid"] for row in cli.rows("keys", "list")}

    result = cli.run("keys", "rotate", "--now")

    assert result.exit_code == 0
    assert "may refuse tokens" in result.stderr
    assert by_state(cli) == {"active": ["ES256", "RS256"], "retired": ["ES256", "RS256"]}
    assert {row["kid"] for row in cli.rows("keys", "list") if row["state"] == "retired"} == before


def test_keys_in_wrong_hands_can_go_at_once(cli: Commands) -> None:
    before = {row["kid"] for row in cli.rows("keys", "list")}

    cli.run("keys", "rotate", "--now", env={"SSO__KEYS__KEEP_AFTER_SECONDS": "0"})

    assert by_state(cli) == {"active": ["ES256", "RS256"]}
    assert not before & {row["kid"] for row in cli.rows("keys", "list")}


def test_a_rotation_is_on_record(cli: Commands) -> None:
    cli.ok("keys", "rotate")

    assert sorted(event["detail"]["alg"] for event in cli.events("key.retired")) == ["ES256", "RS256"]
    assert all(event["actor"].startswith("command:") for event in cli.events("key.retired"))
    assert len(cli.events("key.created")) == 4


def test_the_private_half_never_shows(cli: Commands) -> None:
    shown = cli.ok("keys", "list") + cli.ok("keys", "list", "--json")

    assert "private" not in shown.lower()
    assert '"d"' not in shown
