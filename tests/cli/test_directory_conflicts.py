"""`sso directory conflicts` and `resolve`: what a directory says twice, and what an officer decides."""

from tests.cli.clerks import signed_in_clerk
from tests.cli.commands import Commands

WHY = ("--reason", "as the personnel office told")


def test_a_reused_name_is_shown_with_both_sides_and_resolved(cli: Commands) -> None:
    earlier, later = signed_in_clerk(cli, "Bolor", 1), signed_in_clerk(cli, "bolor", 2)

    [row] = cli.rows("directory", "conflicts", "civil-affairs")
    shown = cli.ok("directory", "conflicts", "civil-affairs")
    told = cli.ok("directory", "resolve", row["conflict_id"], "different", *WHY)

    assert [side["account_id"] for side in row["sides"]] == [earlier.id, later.id]
    assert "open; resolve as different or same" in shown
    assert "name Bolor Erdene" in shown
    assert told == "resolved: different\n"
    assert cli.ok("directory", "conflicts", "civil-affairs") == "no conflicts\n"
    [resolved] = cli.rows("directory", "conflicts", "civil-affairs", "--all")
    assert (resolved["resolution"], resolved["reason"]) == ("different", WHY[1])
    [event] = cli.events("directory.conflict.resolved")
    assert event["detail"]["reason"] == WHY[1]


def test_a_decision_that_does_not_fit_is_refused(cli: Commands) -> None:
    signed_in_clerk(cli, "Bolor", 1)
    signed_in_clerk(cli, "bolor", 2)
    [row] = cli.rows("directory", "conflicts", "civil-affairs")
    conflict_id = row["conflict_id"]

    assert cli.refused("directory", "resolve", conflict_id, "mended", *WHY) == (
        "sso: it cannot be resolved like this; use different or same"
    )
    assert "no conflict has the id" in cli.refused("directory", "resolve", "x", "same", *WHY)
    assert "no directory has the id tax" in cli.refused("directory", "conflicts", "tax")
    cli.ok("directory", "resolve", conflict_id, "same", *WHY)
    assert "resolved already" in cli.refused("directory", "resolve", conflict_id, "same", *WHY)
