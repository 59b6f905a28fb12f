"""A branch on another server (RFC 4511 section 4.5.3): nobody in it is taken for gone, on real servers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.directory.ldap import LdapDirectory
from sso.directory.person import Departure
from sso.directory.settings import Vendor
from sso.directory.sync.run import RunKind, RunState
from tests.servers import directories
from tests.servers.directories import DirectoryServer, directory_of, settings_of, shared_directory
from tests.servers.ldif import record, renamed
from tests.worker.directory_stage import USUAL, Stage, staged

__all__ = ["shared_directory"]

pytestmark = pytest.mark.directories

REMARK = "the directory refers to another server for a part of it: nobody was taken for absent"


def states_of(stage: Stage, *uids: str) -> dict[str, Departure | None]:
    accounts = stage.accounts()
    ids = {str(accounts[uid].immutable_id): uid for uid in uids}
    said = stage.hub.ldap["civil-affairs"].departures(tuple(ids), datetime.now(UTC))
    return {ids[key]: departure for key, departure in said.items()}


def replace_by_referral(server: DirectoryServer, branch: str, *dns: str) -> None:
    for dn in (*dns, branch):
        server.modify(record(dn, "delete"))
    directories.refer_to(server, "ldap://other.example/ou=elsewhere,dc=other,dc=example", server.base_dn)


@pytest.mark.parametrize("vendor", [Vendor.OPENLDAP, Vendor.DS389], ids=str)
def test_a_branch_that_became_a_reference_ends_nobodys_access(vendor: Vendor, tmp_path: Path) -> None:
    """The changes name the removal, the reading misses bob, the states are asked: none is proof here."""
    with directory_of(vendor) as server, staged(server, tmp_path, USUAL) as stage:
        branch = f"ou=branch,{server.base_dn}"
        bob = server.person_dn("bob")
        server.modify(record(branch, "add", ("", "objectClass", "organizationalUnit"), ("", "ou", "branch")))
        server.modify(renamed(bob, "uid=bob", branch))
        assert stage.full().reason == ""
        everybody = stage.usable()
        assert "bob" in everybody

        replace_by_referral(server, branch, f"uid=bob,{branch}")
        changes = stage.run()
        full = stage.full()
        said = states_of(stage, "alice", "bob")

        assert (changes.kind, changes.state) == (RunKind.CHANGES, RunState.COMPLETED)
        assert changes.counts.leaving == 0
        assert (full.kind, full.state, full.counts.leaving) == (RunKind.FULL, RunState.COMPLETED, 0)
        assert changes.reason == full.reason == REMARK
        assert said == {"alice": None}
        assert stage.usable() == everybody

        # whom the department switches off is there to be seen: that needs no absence
        directories.disable(server, "alice")
        assert states_of(stage, "alice", "bob") == {"alice": Departure.DISABLED}
        assert stage.full().counts.leaving == 1
        assert stage.usable() == everybody - {"alice"}


def test_a_domain_is_read_at_its_root_and_its_leavers_leave(
    shared_directory: Callable[[Vendor], DirectoryServer], tmp_path: Path
) -> None:
    """Samba, like Active Directory, refers to its other partitions ([MS-ADTS] 3.1.1.3.4.1.6) unless asked not
    to: they hold nobody of the domain."""
    server = shared_directory(Vendor.SAMBA)
    directory = LdapDirectory(settings_of(server, base_dn=server.suffix))
    bob = directory.find("bob")
    assert bob is not None

    with directory.reading() as reader:
        seen = {entry.login_name for page in reader.everybody() for entry in page.entries}
        assert {"alice", "bob"} <= seen
        assert not reader.referred
        unasked = replace(reader.question(None), domain_scope=False)
        assert any(reader.pages(unasked))
        assert reader.referred
    unknown = "0b1f2a3c-1111-4222-8333-944455566677"
    said = directory.departures((bob.immutable_id, unknown), datetime.now(UTC))
    directory.close()

    assert said == {bob.immutable_id: None, unknown: Departure.GONE}
