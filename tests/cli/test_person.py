"""`sso person`: people are added, found and changed, and every change is on record."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sso.cli.accounts import PAGE
from sso.config import load
from sso.hub import build
from tests.cli.clerks import signed_in_clerk, town
from tests.cli.commands import PASSWORD, SSO, Commands, environment
from tests.servers.interruptible import interruptible

TERMINAL_SECONDS = 60.0
ADD = ("person", "add", "--login-name", "tuya", "--name", "Tuya Bat")

WHY = ("--reason", "one human, as both files show")


def verifies(cli: Commands, account_id: str, password: str) -> bool:
    built = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with built.database.read() as stores:
            credential = stores.credentials.get(account_id)
        return credential is not None and built.passwords.verify(password, credential.hash)
    finally:
        built.close()


def test_a_password_from_standard_input_is_the_one_that_signs_in(cli: Commands) -> None:
    account_id = cli.ok(*ADD, "--password-stdin", stdin=f"{PASSWORD}\r\n").strip()

    assert verifies(cli, account_id, PASSWORD)
    assert not verifies(cli, account_id, PASSWORD + "\r")


def test_everything_that_is_told_of_a_person_is_kept(cli: Commands) -> None:
    told = {
        **{"--email": "tuya@example.org", "--given-name": "Tuya", "--family-name": "Bat"},
        **{"--phone": "+976 11 123456", "--birthdate": "1990-12-31", "--locale": "mn"},
    }
    cli.add_person("tuya", "Tuya Bat", *(part for pair in told.items() for part in pair))

    [person] = cli.rows("person", "show", "tuya")

    assert person["accounts"][0]["claims"] == {
        "name": "Tuya Bat",
        "preferred_username": "tuya",
        "email": "tuya@example.org",
        "given_name": "Tuya",
        "family_name": "Bat",
        "phone_number": "+976 11 123456",
        "birthdate": "1990-12-31",
        "locale": "mn",
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--email", "tuya"),
        ("--phone", "11 123456"),
        ("--birthdate", "31.12.1990"),
        ("--locale", "mongolian?"),
    ],
)
def test_a_claim_of_the_wrong_shape_is_refused_with_an_example(
    cli: Commands, option: str, value: str
) -> None:
    assert f"{option}: use " in cli.refused(*ADD, "--no-password", option, value, code=2)


def test_login_names_that_look_alike_are_one_name(cli: Commands) -> None:
    cli.add_person("Tüya")

    assert (
        cli.refused("person", "add", "--login-name", " TU\u0308YA ", "--name", "x", "--no-password")
        == "sso: the login name tüya is taken"
    )
    assert cli.rows("person", "show", "TÜYA")[0]["accounts"][0]["login_name"] == "tüya"


def test_a_name_of_a_department_is_never_a_citizens(cli: Commands) -> None:
    sentence = cli.refused(
        "person", "add", "--login-name", "bolor@CIVIL.example", "--name", "Bolor", "--no-password"
    )

    assert "belongs to Civil Affairs Bureau" in sentence


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 15 characters"),
        ("short", "at least 15 characters"),
        ("tuya batuya batuya ba", "only repeats"),
        ("passwordpassword", "list of common or stolen passwords"),
        ("a" * 4096, "at most 1024 characters"),
        ("a" * 4097, "more than 4096 bytes"),
        (f"{PASSWORD}\n{PASSWORD}\n", "more than one line"),
        (b"\xff\xfe seven green horses at dawn", "not UTF-8"),
        ("seven green \0 horses at dawn", "character"),
    ],
)
def test_a_password_that_will_not_do_is_refused_and_nothing_is_kept(
    cli: Commands, password: str | bytes, reason: str
) -> None:
    assert reason in cli.refused(*ADD, "--password-stdin", stdin=password)

    assert cli.rows("person", "list") == []


def test_a_password_may_not_be_made_of_the_mail_address(cli: Commands) -> None:
    mail = "tuya.batbayar@example.org"

    sentence = cli.refused(*ADD, "--email", mail, "--password-stdin", stdin=mail)

    assert "only repeats" in sentence


def test_a_password_is_read_or_left_out_but_not_both(cli: Commands) -> None:
    assert "exclude each other" in cli.refused(*ADD, "--password-stdin", "--no-password", code=2)


def test_without_a_terminal_the_password_must_come_from_standard_input(cli: Commands) -> None:
    assert "use --password-stdin" in cli.refused(*ADD, code=2)


@pytest.mark.skipif(sys.platform != "linux", reason="setsid")
@pytest.mark.parametrize(("second", "added"), [(PASSWORD, True), ("another one entirely", False)])
def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    cli: Commands, second: str, added: bool
) -> None:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *SSO, *ADD],
        cwd=cli.folder,
        env=environment(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        preexec_fn=interruptible,
    )
    os.close(follower)

    shown = _until(leader, b"Password: ")
    os.write(leader, f"{PASSWORD}\n".encode())
    shown += _until(leader, b"confirmation: ")
    os.write(leader, f"{second}\n".encode())
    if not added:
        shown += _until(leader, b"do not match")
        os.write(leader, b"\x03")
    shown += _until(leader, None)
    process.wait(30)
    os.close(leader)

    assert (process.returncode == 0) is added
    assert PASSWORD.encode() not in shown
    assert len(cli.rows("person", "list")) == int(added)


def _until(terminal: int, awaited: bytes | None) -> bytes:
    """Read what a terminal shows until some words, or until its program has ended."""
    shown, ends = b"", time.monotonic() + TERMINAL_SECONDS
    while awaited is None or awaited not in shown:
        assert select.select([terminal], [], [], max(0.0, ends - time.monotonic()))[0], (awaited, shown)
        try:
            part = os.read(terminal, 1000)
        except OSError:  # Linux says EIO when nobody has the other end any more
            part = b""
        if not part:
            break
        shown += part
    return shown


def test_an_account_is_named_by_id_by_login_name_or_by_name_and_realm(cli: Commands) -> None:
    citizen = cli.add_person()
    clerk = signed_in_clerk(cli, "Bolor")

    found = {
        name: cli.rows("person", "show", name)[0]["accounts"][0]["account_id"]
        for name in (citizen, "tuya", "TUYA", clerk.id, "bolor@civil.example", "Bolor@Civil.Example")
    }

    assert found == {
        **dict.fromkeys((citizen, "tuya", "TUYA"), citizen),
        **dict.fromkeys((clerk.id, "bolor@civil.example", "Bolor@Civil.Example"), clerk.id),
    }


@pytest.mark.parametrize(
    "name", ["nobody", "nobody@civil.example", "tuy", "tuya@example.org", "%", "x" * 300]
)
def test_an_unknown_name_is_an_error_without_a_guess(cli: Commands, name: str) -> None:
    cli.add_person()

    advice = "; a clerk has one from the first sign-in on" if "@" in name else ""
    assert cli.refused("person", "show", name) == f"sso: no account named {name}{advice}"


def test_disable_and_enable_are_recorded_once(cli: Commands) -> None:
    account_id = cli.add_person()

    said = [
        cli.ok("person", "disable", "tuya", "--reason", "left the country").strip(),
        cli.ok("person", "disable", "tuya", "--reason", "again").strip(),
        cli.ok("person", "enable", "tuya").strip(),
        cli.ok("person", "enable", "tuya").strip(),
    ]

    assert said == [
        *("tuya is disabled", "tuya was already disabled"),
        *("tuya is enabled", "tuya was already enabled"),
    ]
    enabled, disabled = cli.events("account.disabled", "account.enabled")
    assert (enabled["event"], disabled["event"]) == ("account.enabled", "account.disabled")
    assert disabled["account_id"] == account_id
    assert disabled["detail"]["reason"] == "left the country"
    assert disabled["detail"]["source"] == "command"


def test_a_disabled_account_shows_in_the_list(cli: Commands) -> None:
    cli.add_person()
    cli.ok("person", "disable", "tuya", "--reason", "x")

    assert cli.rows("person", "list")[0]["state"] == "disabled"
    assert "disabled" in cli.ok("person", "list")


def test_a_whole_person_is_disabled_and_enabled(cli: Commands) -> None:
    cli.add_person()

    said = [
        cli.ok("person", "disable", "tuya", "--every-account", "--reason", "died").strip(),
        cli.ok("person", "disable", "tuya", "--every-account", "--reason", "died").strip(),
    ]
    assert cli.rows("person", "list")[0]["state"] == "disabled"
    said.append(cli.ok("person", "enable", "tuya", "--every-account").strip())

    assert said == [
        "the person of tuya is disabled",
        "the person of tuya was already disabled",
        "the person of tuya is enabled",
    ]
    assert cli.rows("person", "list")[0]["state"] == "enabled"
    assert [event["detail"].get("reason") for event in cli.events("person.disabled")] == ["died"]


def test_disabling_needs_a_reason(cli: Commands) -> None:
    cli.add_person()

    assert "--reason" in cli.refused("person", "disable", "tuya", code=2)


def test_a_new_password_replaces_the_old_one(cli: Commands) -> None:
    account_id = cli.ok(*ADD, "--password-stdin", stdin=PASSWORD).strip()

    cli.ok("person", "set-password", "tuya", "--password-stdin", stdin="eleven quiet rivers\n")

    assert verifies(cli, account_id, "eleven quiet rivers")
    assert not verifies(cli, account_id, PASSWORD)
    assert [event["account_id"] for event in cli.events("credential.password.reset")] == [account_id]


def test_a_clerks_password_is_not_ours_to_set(cli: Commands) -> None:
    signed_in_clerk(cli, "bolor")

    sentence = cli.refused(
        "person", "set-password", "bolor@civil.example", "--password-stdin", stdin=PASSWORD
    )

    assert "the department's directory keeps the password" in sentence


def test_roles_are_granted_and_revoked_on_record_and_never_held_together(cli: Commands) -> None:
    signed_in_clerk(cli, "bolor")
    name = "bolor@civil.example"

    assert cli.ok("person", "grant-role", name, "auditor") == "bolor is now auditor\n"
    assert cli.ok("person", "grant-role", name, "auditor") == "bolor was already auditor\n"
    assert "holds another role" in cli.refused("person", "grant-role", name, "client_manager")
    assert cli.ok("person", "revoke-role", name, "auditor") == "bolor is no longer auditor\n"
    assert cli.ok("person", "revoke-role", name, "auditor") == "bolor was not auditor\n"
    assert cli.ok("person", "grant-role", name, "client_manager") == "bolor is now client_manager\n"

    assert [event["event"] for event in cli.events("admin.role.*")] == [
        *("admin.role.granted", "admin.role.revoked", "admin.role.granted")
    ]
    assert cli.rows("person", "list")[0]["roles"] == ["client_manager"]


def test_a_role_that_there_is_not_is_a_usage_error(cli: Commands) -> None:
    cli.add_person()

    assert "'auditor', 'client_manager', 'people_manager'" in cli.refused(
        "person", "grant-role", "tuya", "boss", code=2
    )


def test_linking_gives_the_clerks_account_to_the_citizens_person(cli: Commands) -> None:
    cli.add_person()
    clerk = signed_in_clerk(cli, "bolor")

    cli.ok("person", "link", "tuya", "bolor@civil.example", *WHY)

    [person] = cli.rows("person", "show", "tuya")
    assert [account["login_name"] for account in person["accounts"]] == ["tuya", "bolor"]
    assert cli.rows("person", "show", clerk.id) == [person]
    [event] = cli.events("account.linked")
    assert (event["account_id"], event["detail"]["person_id"]) == (clerk.id, person["person_id"])
    assert (event["detail"]["rule"], event["detail"]["reason"]) == ("command", WHY[1])


def test_linking_again_changes_nothing(cli: Commands) -> None:
    cli.add_person()
    signed_in_clerk(cli, "bolor")

    cli.ok("person", "link", "tuya", "bolor@civil.example", *WHY)
    cli.ok("person", "link", "tuya", "bolor@civil.example", *WHY)

    assert len(cli.events("account.linked")) == 1


def test_two_accounts_of_one_kind_are_never_one_persons(cli: Commands) -> None:
    cli.add_person()
    cli.add_person("other", "Other")
    signed_in_clerk(cli, "bolor")
    signed_in_clerk(cli, "saran", 2)

    assert "as a citizen, and these would be two" in cli.refused("person", "link", "tuya", "other", *WHY)
    clerks = ("bolor@civil.example", "saran@civil.example")
    assert "in a directory, and these would be two" in cli.refused("person", "link", *clerks, *WHY)
    assert "Missing option '--reason'" in cli.refused("person", "link", *clerks, code=2)


def test_an_account_is_separated_with_a_reason(cli: Commands) -> None:
    cli.add_person()
    clerk = signed_in_clerk(cli, "bolor")
    cli.ok("person", "link", "tuya", clerk.id, *WHY)

    told = cli.ok("person", "unlink", "bolor@civil.example", *WHY)

    assert told == "bolor belongs to a person of its own\n"
    assert len({row["person_id"] for row in cli.rows("person", "list")}) == 2
    [event] = cli.events("account.unlinked")
    assert (event["account_id"], event["detail"]["reason"]) == (clerk.id, WHY[1])
    assert "the only account" in cli.refused("person", "unlink", "bolor@civil.example", *WHY)


def test_a_link_never_leaves_a_role_behind(cli: Commands) -> None:
    cli.add_person()
    cli.ok("person", "grant-role", "tuya", "auditor")
    signed_in_clerk(cli, "bolor")
    cli.ok("person", "grant-role", "bolor@civil.example", "client_manager")

    assert "revoke the role, link" in cli.refused("person", "link", "tuya", "bolor@civil.example", *WHY)

    assert cli.events("account.linked") == []


def test_the_list_shows_every_account_page_after_page(cli: Commands) -> None:
    town(cli, PAGE + 1)

    rows = cli.rows("person", "list")

    assert {row["login_name"] for row in rows} == {f"person{n}" for n in range(PAGE + 1)}
    assert len(cli.ok("person", "list").splitlines()) == PAGE + 2


def test_a_name_that_a_directory_spells_oddly_is_found_among_many(cli: Commands) -> None:
    town(cli, PAGE)
    for number in range(1, 4):
        signed_in_clerk(cli, f"Clerk{number}", number)

    found = [cli.rows("person", "show", f"clerk{number}@civil.example")[0]["name"] for number in range(1, 4)]

    assert found == ["Clerk1 Erdene", "Clerk2 Erdene", "Clerk3 Erdene"]


def test_a_leavers_name_that_a_newcomer_has_is_not_guessed_at(cli: Commands) -> None:
    leaver = signed_in_clerk(cli, "Bolor", 1)
    newcomer = signed_in_clerk(cli, "bolor", 2)

    sentence = cli.refused("person", "grant-role", "bolor@civil.example", "auditor")

    assert sentence.startswith("sso: several clerks have signed in under that name; give the account id: ")
    assert leaver.id in sentence
    assert newcomer.id in sentence
    assert cli.ok("person", "grant-role", newcomer.id, "auditor") == "bolor is now auditor\n"


def test_what_a_directory_says_cannot_move_an_operators_cursor(cli: Commands) -> None:
    signed_in_clerk(cli, "bo\u202elor\x1b[2J")

    for arguments in (("person", "list"), ("person", "show", cli.rows("person", "list")[0]["account_id"])):
        shown = cli.ok(*arguments)
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_show_is_readable_without_json(cli: Commands) -> None:
    cli.add_person()
    cli.ok("person", "grant-role", "tuya", "auditor")

    shown = cli.ok("person", "show", "tuya")

    assert "name: Tuya Bat" in shown
    assert "roles: auditor" in shown
    assert "    preferred_username: tuya" in shown
    assert "password" not in shown.replace("has_password: False", "")


def test_the_configuration_is_found_by_variable_too(cli: Commands, tmp_path: Path) -> None:
    done = subprocess.run(
        [*SSO, "person", "list"],
        cwd=tmp_path,
        env=environment({"SSO_CONFIG": str(cli.folder / "sso.toml")}),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, "none\n")
