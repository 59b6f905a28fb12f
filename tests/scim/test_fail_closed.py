"""While the log cannot be written a department's system is told to come again, and nothing is half-done."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scim.conftest import GROUP, PATCH, USER, Department, error
from tests.scim.test_bulk import bulk, user
from tests.storage.unwritable import everything, unwritable
from tests.web.test_every_route_is_recorded import RECORDED

Ask = Callable[[Department], tuple[str, str, Any, int]]

RENAMED = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Other"}]}
SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}


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


@pytest.mark.parametrize("name", CALLS)
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
