"""Several operations at once (RFC 7644 3.7)."""

from typing import Any

import pytest

from tests.scim.conftest import GROUP, PATCH, USER, Department

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def user(name: str, bulk_id: str | None = None) -> dict[str, Any]:
    data = {"schemas": [USER], "userName": name}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id or name, "data": data}


def group(name: str, *members: str) -> dict[str, Any]:
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}


def bulk(department: Department, *operations: Any, **more: Any) -> list[dict[str, Any]]:
    document = {"schemas": [BULK], "Operations": list(operations), **more}
    answer = department.done("POST", "/Bulk", document)
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    return list(answer["Operations"])


def test_operations_refer_to_what_others_create_in_any_order(department: Department) -> None:
    """RFC 7644 3.7.2."""
    rename = {"op": "replace", "path": "title", "value": "Head"}
    done = bulk(
        department,
        group("Registry", "bulkId:bolor"),
        {
            "method": "PATCH",
            "path": "/Users/bulkId:bolor",
            "data": {"schemas": [PATCH], "Operations": [rename]},
        },
        user("bolor"),
    )

    assert [each["status"] for each in done] == ["201", "200", "201"]
    [found] = department.done("GET", "/Users")["Resources"]
    assert (found["title"], found["groups"][0]["display"]) == ("Head", "Registry")
    assert done[2] == {
        "method": "POST",
        "bulkId": "bolor",
        "status": "201",
        "version": 'W/"1"',
        "location": found["meta"]["location"],
    }


def test_one_failure_is_its_own_and_fail_on_errors_ends_the_rest(department: Department) -> None:
    """RFC 7644 3.7.3."""
    department.add("taken")

    done = bulk(
        department, user("taken"), user("bolor"), {"method": "DELETE", "path": "/Users/nobody"}, user("x")
    )
    assert [each["status"] for each in done] == ["409", "201", "404", "201"]
    assert done[0]["response"]["scimType"] == "uniqueness"
    assert "location" not in done[0]

    done = bulk(department, user("taken"), user("tuya"), failOnErrors=1)
    assert [each["status"] for each in done] == ["409"]
    assert department.found('userName eq "tuya"') == []


def test_who_waits_for_what_failed_fails_too(department: Department) -> None:
    department.add("taken")

    done = bulk(department, group("C", "bulkId:lost"), group("D", "bulkId:taken"), user("taken"))

    assert {each["bulkId"]: each["status"] for each in done} == {"C": "400", "D": "400", "taken": "409"}


def test_every_operation_of_a_circle_is_a_conflict_and_nobody_else_is(health: Department) -> None:
    """RFC 7644 3.7.1."""
    circle = [group("A", "bulkId:B"), group("B", "bulkId:C"), group("C", "bulkId:A")]

    done = bulk(health, group("waits", "bulkId:A"), *circle, group("itself", "bulkId:itself"))

    assert {each["bulkId"]: each["status"] for each in done} == {
        "waits": "400", "A": "409", "B": "409", "C": "409", "itself": "409",
    }  # fmt: skip


def test_a_version_and_a_removal_in_bulk(department: Department) -> None:
    made = department.add("bolor")
    path = f"/Users/{made['id']}"

    stale = {"method": "DELETE", "path": path, "version": 'W/"9"'}
    done = bulk(department, stale, {"method": "delete", "path": path, "version": 'W/"1"'})

    assert [each["status"] for each in done] == ["412", "204"]
    department.refused("GET", path, status=404)


@pytest.mark.parametrize(
    ("document", "status", "kind"),
    [
        ({"Operations": [user("a")]}, 400, "invalidSyntax"),
        ({"schemas": [BULK]}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": []}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": ["x"]}, 400, "invalidSyntax"),
        ({"schemas": [BULK], "Operations": [user("a"), user("a")]}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": [{"method": "GET", "path": "/Users"}]}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": [{"method": "POST", "path": "/Users"}]}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": [user("a")], "failOnErrors": 0}, 400, "invalidValue"),
        ({"schemas": [BULK], "Operations": [user(f"u{n}") for n in range(201)]}, 413, None),
        ({"schemas": [BULK], "Operations": [user("x" * 300_000)]}, 413, None),
    ],
)
def test_a_request_that_cannot_be_read_does_nothing(
    health: Department, document: dict[str, Any], status: int, kind: str | None
) -> None:
    """RFC 7644 3.7.4: too many operations, too many bytes."""
    health.refused("POST", "/Bulk", document, status, kind)

    assert health.done("GET", "/Users")["totalResults"] == 0


@pytest.mark.parametrize(
    "path", ["/Schemas", "/Users/a/b", "Me", "/Users/../Groups", "https://x.example/Users", ""]
)
def test_a_path_that_leads_nowhere_is_refused(health: Department, path: str) -> None:
    [done] = bulk(health, {**user("nobody"), "path": path})

    assert (done["status"], done["response"]["scimType"]) == ("400", "invalidPath")
