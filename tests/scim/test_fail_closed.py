"""While the log cannot be written a department's system is told to come again, and nothing is half-done.

What ends a person's access is done all the same, and on record later (audit.md P1, P2).
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sso.worker.upkeep import take_in_spooled_events
from tests.faults.access import Access, access_of
from tests.scim.conftest import GROUP, PATCH, USER, Department, error
from tests.scim.test_bulk import bulk, user
from tests.storage.unwritable import everything, unwritable
from tests.web.test_every_route_is_recorded import RECORDED

Ask = Callable[[Department], tuple[str, str, Any, int]]

RENAMED = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Other"}]}
SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
INACTIVE = {"op": "replace", "path": "active", "value": False}
ENDS = {"Users_remove"}


def of_kind(kind: str, made: Callable[[Department], dict[str, Any]], new: dict[str, Any]) -> dict[str, Ask]:
    """Every call of a kind: the method, the path, what is sent, and the status when it is done."""

    def at(department: Department) -> str:
        return f"/{kind}/{made(department)['id']}"

    return {
        f"{kind}_create": lambda _: ("POST", f"/{kind}", new, 201),
        f"{kind}_replace": lambda department: ("PUT", at(department), new, 200),
        f"{kind}_patch": lambda department: ("PATCH", at(department), RENAMED, 200),
        f"{kind}_remove": lambda department: ("DELETE", at(department), None, 204),
        f"{kind}_show": lambda department: ("GET", at(department), None, 200),
        f"{kind}_list": lambda _: ("GET", f"/{kind}", None, 200),
        f"{kind}_search": lambda _: ("POST", f"/{kind}/.search", SEARCH, 200),
    }


CALLS: dict[str, Ask] = {
    **of_kind("Users", lambda department: department.add("tuya"), {"schemas": [USER], "userName": "bolor"}),
    **of_kind("Groups", lambda department: department.add_group(), {"schemas": [GROUP], "displayName": "Z"}),
}


def test_every_call_that_is_recorded_is_tried_here() -> None:
    assert {*CALLS, "bulk"} == {name.removeprefix("scim.") for name in RECORDED if name.startswith("scim.")}


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ENDS])
def test_what_cannot_be_recorded_is_refused_whole_and_can_be_done_later(
    department: Department, name: str
) -> None:
    database = department.hub.database
    method, path, document, status = CALLS[name](department)
    before = everything(database)

    with unwritable(database):
        refused = department.call(method, path, document)
        after = everything(database)

    error(refused, 503)
    assert after == before
    department.done(method, path, document, status)


def test_each_operation_of_a_bulk_is_refused_whole(department: Department) -> None:
    database = department.hub.database
    before = everything(database)

    with unwritable(database):
        told = bulk(department, user("bolor"), user("tuya"))
        after = everything(database)

    assert [each["status"] for each in told] == ["503", "503"]
    assert after == before


def signed_in(department: Department, name: str = "tuya") -> tuple[str, Access]:
    """A user who is signed in to an application, and their address."""
    user_id = department.add(name)["id"]
    return f"/Users/{user_id}", access_of(department.account(user_id), department.hub)


def late(department: Department, *codes: str) -> list[Mapping[str, Any]]:
    """What is in the log of these codes, oldest first; each came late and once."""
    take_in_spooled_events(department.hub)
    take_in_spooled_events(department.hub)
    found = [*reversed(department.log(*codes))]
    assert all(record["detail"]["late"] for record in found)
    return found


CHANGED, DISABLED, ENDED = "provisioning.user.changed", "account.disabled", "session.ended.directory"
DELETED = "provisioning.user.deleted"
OFF: dict[str, tuple[str, Any, int]] = {
    "a patch": ("PATCH", {"schemas": [PATCH], "Operations": [INACTIVE]}, 200),
    "a document with more in it": (
        "PUT",
        {"schemas": [USER], "userName": "tuya", "title": "Retired", "active": False},
        200,
    ),
    "a removal": ("DELETE", None, 204),
}


@pytest.mark.parametrize("way", OFF)
def test_whoever_is_switched_off_or_removed_loses_access_and_the_log_has_it_late(
    department: Department, way: str
) -> None:
    (path, given), (_, other) = signed_in(department), signed_in(department, "bolor")
    method, document, status = OFF[way]
    removed = method == "DELETE"

    with unwritable(department.hub.database):
        done = department.done(method, path, document, status)
        going_on = given.goes_on(), other.goes_on()
        error(department.call("GET", path), 404 if removed else 503)
    told = given.told()
    records = late(department, CHANGED, DELETED, DISABLED, ENDED)

    assert (going_on, removed or done["active"]) == ((False, True), removed)
    assert told == (1, ["ACCOUNT_PURGED" if removed else "ACCOUNT_DISABLED", "SESSION_REVOKED"])
    expected = [DISABLED, ENDED, DELETED] if removed else [CHANGED, DISABLED, ENDED]
    assert [record["event"] for record in records] == expected
    assert {record["actor"] for record in records} == {"hr"}


def test_nobody_is_switched_on_nor_written_anew_by_what_may_switch_off(department: Department) -> None:
    """A version that is not the present one, and a name that another has, are refused as ever."""
    (path, given), _ = signed_in(department), department.add("bolor")
    renamed = {"schemas": [USER], "userName": "bolor", "active": False}

    with unwritable(department.hub.database):
        error(department.call("PUT", path, renamed), 409, "uniqueness")
        stale = department.call("PATCH", path, OFF["a patch"][1], If_Match='W/"9"')
        still = given.goes_on()
        department.done("PATCH", path, OFF["a patch"][1])
        back = department.call(
            "PATCH", path, {"schemas": [PATCH], "Operations": [INACTIVE | {"value": True}]}
        )
        again = department.call("PUT", path, {"schemas": [USER], "userName": "tuya", "title": "Retired"})

    error(stale, 412)
    error(back, 503)
    error(again, 503)
    assert (still, given.goes_on()) == (True, False)
    assert department.account(path.removeprefix("/Users/")).disabled_at is not None
    assert len(late(department, CHANGED)) == 1


def test_a_bulk_ends_whom_it_ends_and_refuses_the_rest(department: Department) -> None:
    (path, given), (gone, taken) = signed_in(department), signed_in(department, "bolor")
    off = {"method": "PATCH", "path": path, "data": OFF["a patch"][1]}

    with unwritable(department.hub.database):
        told = bulk(department, user("dorji"), off, {"method": "DELETE", "path": gone})

    assert [each["status"] for each in told] == ["503", "200", "204"]
    assert (given.goes_on(), taken.goes_on()) == (False, False)
    assert [record["event"] for record in late(department, CHANGED, DELETED)] == [CHANGED, DELETED]
