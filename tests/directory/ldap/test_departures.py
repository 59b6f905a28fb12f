"""Who may still use an account, asked by immutable id: OpenLDAP, 389-DS and Samba, as they really answer."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sso.directory.ldap import LdapDirectory
from sso.directory.person import Departure
from sso.directory.presets import OwnWords, Vendor
from sso.directory.settings import BindMethod
from sso.directory.verification import DirectoryUnavailable
from tests.servers.directories import (
    VENDORS,
    DirectoryServer,
    directory_of,
    disable,
    enable,
    move,
    private_directory,
    remove,
    rename,
    replace,
    settings_of,
    shared_directory,
)
from tests.servers.ldif import record

__all__ = ["private_directory", "shared_directory"]

Servers = Callable[[Vendor], DirectoryServer]
UNKNOWN = {
    Vendor.SAMBA: "0b1f2a3c-1111-4222-8333-944455566677",
    Vendor.OPENLDAP: "0b1f2a3c-1111-4222-8333-944455566677",
    Vendor.DS389: "0b1f2a3c-11114222-83339444-55566677",
}


def ids(directory: LdapDirectory, *uids: str) -> dict[str, str]:
    found = {uid: directory.find(uid) for uid in uids}
    return {uid: entry.immutable_id for uid, entry in found.items() if entry is not None}


def said_of(directory: LdapDirectory, known: dict[str, str]) -> dict[str, Departure | None]:
    said = directory.departures(tuple(known.values()), datetime.now(UTC))
    return {uid: said[key] for uid, key in known.items()}


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_every_state_is_read_without_a_password(vendor: Vendor, shared_directory: Servers) -> None:
    directory = LdapDirectory(settings_of(shared_directory(vendor)))
    people = ids(directory, "alice", "bob", "disabled", "locked", "mustchange", "ended")

    said = said_of(directory, people)
    directory.close()

    assert said["alice"] is said["bob"] is said["mustchange"] is None
    by_an_administrator = Departure.DISABLED if vendor is Vendor.OPENLDAP else Departure.LOCKED
    assert said["locked"] is by_an_administrator
    if "disabled" in said and vendor is not Vendor.OPENLDAP:  # whose lock is all that it has
        assert said["disabled"] is Departure.DISABLED
    if vendor is not Vendor.DS389:  # which has no end of an account without a plug-in
        assert said["ended"] is Departure.EXPIRED


def test_whoever_is_disabled_moved_or_removed_is_told_apart(private_directory: DirectoryServer) -> None:
    directory = LdapDirectory(settings_of(private_directory))
    people = ids(directory, "alice", "bob", "samira", "ganbold")
    assert set(said_of(directory, people).values()) == {None}

    disable(private_directory, "alice")
    move(private_directory, "bob")
    remove(private_directory, "samira")
    rename(private_directory, "ganbold", "ganbold2")
    left = said_of(directory, people)
    enable(private_directory, "alice")
    returned = said_of(directory, {"alice": people["alice"]})
    directory.close()

    assert left == {
        "alice": Departure.DISABLED,
        "bob": Departure.MOVED,
        "samira": Departure.GONE,
        "ganbold": None,
    }
    assert returned == {"alice": None}


def test_a_moved_entry_that_shows_somebody_elses_id_first_moves_nobody_else() -> None:
    alices, bobs = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
    with directory_of(Vendor.OPENLDAP) as server:
        replace(server, "alice", "description", alices)
        two = [("add", "description", value) for value in (alices, bobs)]
        server.modify(record(server.person_dn("bob"), "modify", *two))
        move(server, "bob")
        own = OwnWords(immutable_attribute="description")  # of many values, as no id should be
        directory = LdapDirectory(settings_of(server, own_words=own))

        said = directory.departures((alices, bobs), datetime.now(UTC))
        directory.close()

    assert said == {alices: None, bobs: Departure.GONE}


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_many_are_asked_for_in_several_questions(vendor: Vendor, shared_directory: Servers) -> None:
    directory = LdapDirectory(settings_of(shared_directory(vendor)))
    alice = ids(directory, "alice")["alice"]
    unknown = UNKNOWN[vendor]
    strangers = [f"{unknown[:-3]}{number:03x}" for number in range(230)]

    said = directory.departures((*strangers, alice), datetime.now(UTC))
    directory.close()

    assert said == {**dict.fromkeys(strangers, Departure.GONE), alice: None}


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_what_is_no_id_is_left_out_and_spoils_nothing(vendor: Vendor, shared_directory: Servers) -> None:
    directory = LdapDirectory(settings_of(shared_directory(vendor)))
    alice = ids(directory, "alice")["alice"]
    strange = ("citizen-1", "蒙古", "", UNKNOWN[vendor].upper())

    said = directory.departures((*strange, alice), datetime.now(UTC))
    nothing = directory.departures(strange, datetime.now(UTC))
    directory.close()

    assert said == {alice: None}
    assert nothing == {}


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_nobody_is_gone_where_nobody_is_seen(vendor: Vendor, shared_directory: Servers) -> None:
    """Absent is not unreachable: an empty replica or lost rights say nothing about people."""
    server = shared_directory(vendor)
    empty = settings_of(server, person_filter=(("objectClass", "device"),))
    whole = LdapDirectory(settings_of(server))
    known = ids(whole, "alice")
    whole.close()

    directory = LdapDirectory(empty)
    with pytest.raises(DirectoryUnavailable, match="nobody"):
        directory.departures(tuple(known.values()), datetime.now(UTC))
    directory.close()


def test_a_server_that_hangs_is_unavailable_within_its_deadline(private_directory: DirectoryServer) -> None:
    directory = LdapDirectory(settings_of(private_directory, deadline_seconds=1.0))
    people = ids(directory, "alice")
    private_directory.freeze()
    try:
        with pytest.raises(DirectoryUnavailable):
            directory.departures(tuple(people.values()), datetime.now(UTC))
    finally:
        private_directory.thaw()
    directory.close()


@pytest.mark.parametrize("vendor", VENDORS[:1], ids=str)
def test_without_a_service_account_nobody_can_be_asked_about(
    vendor: Vendor, shared_directory: Servers
) -> None:
    server = shared_directory(vendor)
    direct = settings_of(
        server,
        bind_method=BindMethod.DIRECT,
        bind_dn="",
        bind_password=b"",
        bind_template=server.person_dn("{name}"),
    )

    with pytest.raises(DirectoryUnavailable):
        LdapDirectory(direct).departures(("x",), datetime.now(UTC))
