"""Groups over SCIM (RFC 7643 4.2): who is in which, and the claims that follow."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from sso.audit.record import Origin
from sso.directory.provisioned import Resource
from sso.scim.call import Call
from sso.scim.kinds import Groups
from tests.scim.conftest import GROUP, PATCH, Department
from tests.storage.conftest import ON_POSTGRESQL

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def claims(department: Department, user: dict[str, Any]) -> tuple[Any, Any]:
    found = department.account(user["id"]).claims
    return found["groups"], found["roles"]


def test_members_have_the_claims_of_their_groups_as_long_as_they_are_in_them(department: Department) -> None:
    """Only groups that the configuration names leave the hub, under the name it gives them."""
    bolor, tuya = department.add("bolor"), department.add("tuya")
    group = department.add_group("registry", bolor["id"])
    heads = department.add_group("Heads", bolor["id"], tuya["id"])
    department.add_group("Choir", tuya["id"])
    assert [claims(department, each) for each in (bolor, tuya)] == [
        (["registry-clerks"], ["head"]),
        ([], ["head"]),
    ]

    path = f"/Groups/{group['id']}"
    department.patched(path, {"op": "add", "path": "members", "value": [{"value": tuya["id"]}]})
    department.patched(path, {"op": "remove", "path": f'members[value eq "{bolor["id"]}"]'})
    assert [claims(department, each)[0] for each in (bolor, tuya)] == [[], ["registry-clerks"]]

    department.patched(path, {"op": "replace", "path": "displayName", "value": "Archive"})
    assert claims(department, tuya) == ([], ["head"])
    assert department.call("DELETE", f"/Groups/{heads['id']}").status_code == 204
    assert [claims(department, each) for each in (bolor, tuya)] == [([], [])] * 2


def test_a_user_shows_its_groups_and_a_group_its_members(department: Department) -> None:
    """RFC 7643 4.1.2: groups are readOnly; each change is a new version of both."""
    bolor = department.add("bolor")
    group = department.add_group("Registry", bolor["id"])

    shown = department.done("GET", f"/Users/{bolor['id']}")

    assert [(each["value"], each["display"], each["type"]) for each in shown["groups"]] == [
        (group["id"], "Registry", "direct")
    ]
    assert shown["meta"]["version"] == 'W/"2"'
    assert [each["value"] for each in group["members"]] == [bolor["id"]]
    assert department.found(f'members eq "{bolor["id"]}"', "/Groups") == [group["id"]]
    assert department.found(f'groups.value eq "{group["id"]}"') == [bolor["id"]]
    assert "members" not in department.done("GET", f"/Groups/{group['id']}?excludedAttributes=members")

    department.done("DELETE", f"/Users/{bolor['id']}", status=204)
    assert "members" not in department.done("GET", f"/Groups/{group['id']}")


def test_who_came_and_who_went_is_in_the_log(department: Department) -> None:
    bolor, tuya = department.add("bolor"), department.add("tuya")
    group = department.add_group("Registry", bolor["id"])
    document = {"schemas": [GROUP], "displayName": "Registry", "members": [{"value": tuya["id"]}]}

    department.done("PUT", f"/Groups/{group['id']}", document)

    [event] = department.log("provisioning.group.changed")
    assert event["detail"]["members_added"] == [tuya["id"]]
    assert event["detail"]["members_removed"] == [bolor["id"]]
    sources = {each["detail"]["source"] for each in department.log("account.updated")}
    assert sources == {"scim"}


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([{"value": "nobody"}], "no user of this department"),
        ([{"value": "group"}], "no user of this department"),
        ([{"display": "x"}], "its own value"),
        ([{"value": "user"}, {"value": "user"}], "its own value"),
    ],
)
def test_a_group_has_users_of_its_department_and_nobody_else(
    department: Department, members: list[dict[str, str]], says: str
) -> None:
    ids = {"user": department.add("bolor")["id"], "group": department.add_group("Other")["id"]}
    told = [{name: ids.get(value, value) for name, value in member.items()} for member in members]

    document = {"schemas": [GROUP], "displayName": "Registry", "members": told}
    assert says in department.refused("POST", "/Groups", document, 400, "invalidValue")
    group = department.add_group("Registry")
    operations = [{"op": "add", "path": "members", "value": told}]
    patch = {"schemas": [PATCH], "Operations": operations}
    if len(told) == 1:
        department.refused("PATCH", f"/Groups/{group['id']}", patch, 400, "invalidValue")


def test_a_name_of_a_group_is_taken_once(department: Department) -> None:
    department.add_group("Registry")

    department.refused("POST", "/Groups", {"schemas": [GROUP], "displayName": "REGISTRY"}, 409, "uniqueness")


def test_a_change_of_a_group_outlives_a_member_who_is_removed_meanwhile(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7644 3.5.2: the patch names somebody else; it is applied to the group as it is now."""
    stays, goes, comes = (department.add(name)["id"] for name in ("bolor", "naran", "samira"))
    group = department.add_group("Registry", stays, goes)
    written = Groups.written

    def overtaken(self: Groups, call: Call, model: Any, known: Resource | None) -> Any:
        monkeypatch.setattr(Groups, "written", written)
        assert department.call("DELETE", f"/Users/{goes}").status_code == 204
        return written(self, call, model, known)

    monkeypatch.setattr(Groups, "written", overtaken)
    operation = {"op": "add", "path": "members", "value": [{"value": comes}]}

    changed = department.patched(f"/Groups/{group['id']}", operation)

    assert {member["value"] for member in changed["members"]} == {stays, comes}


@pytest.mark.parametrize("on_either", [ON_POSTGRESQL], indirect=True)
def test_whoever_is_removed_waits_for_a_change_of_the_group_and_does_not_block_it(
    department: Department,
) -> None:
    """Both take the group first; the other way round PostgreSQL would end one of them (deadlock).

    On SQLite one writes at a time.
    """
    database = department.hub.database
    user = department.add("bolor")["id"]
    group = department.add_group("Registry", user)["id"]

    with ThreadPoolExecutor(1) as pool:
        with database.begin(Origin(actor="test")) as stores:
            stores.provisioned.touch([group], datetime.now(UTC))
            removed = pool.submit(department.call, "DELETE", f"/Users/{user}")
            until_somebody_waits(department)
            stores.provisioned.touch([user], datetime.now(UTC))

        assert removed.result(timeout=30).status_code == 204
    assert "members" not in department.done("GET", f"/Groups/{group}")


def until_somebody_waits(department: Department) -> None:
    waited = threading.Event()
    for _ in range(1000):
        with department.hub.database._schema_writer() as connection:
            if connection.scalar(text(_WAITING)):
                return
        waited.wait(0.01)
    raise AssertionError("nobody waits for the group")
