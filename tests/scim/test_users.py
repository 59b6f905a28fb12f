"""People over SCIM: creating, replacing, patching, removing (RFC 7644 3.3 to 3.6), and what follows."""

import json
from datetime import UTC, datetime
from zlib import crc32

import pytest

from sso.audit.record import Origin
from sso.directory.person import Role
from tests.scim.conftest import ENTERPRISE, ISSUER, PASSWORD, PATCH, USER, Department

WHOLE = {
    "externalId": "hr-17",
    "name": {"familyName": "Бат-Эрдэнэ", "givenName": "Болормаа", "formatted": "Бат-Эрдэнэ Болормаа"},
    "displayName": "Болормаа",
    "emails": [
        {"value": "private@example.org", "type": "home"},
        {"value": "bolor@health.example", "type": "work", "primary": True},
    ],
    "phoneNumbers": [{"value": "+976 1234", "type": "work"}],
    "title": "Registrar",
    ENTERPRISE: {"department": "Registry", "employeeNumber": "17"},
}


def test_a_user_is_created_and_shown_as_it_was_written(department: Department) -> None:
    """RFC 7644 3.3, 3.4.1."""
    response = department.call(
        "POST", "/Users", {"schemas": [USER, ENTERPRISE], "userName": "Bolor", **WHOLE}
    )

    made = response.get_json(force=True)
    address = f"{ISSUER}/scim/v2/health/Users/{made['id']}"
    assert response.status_code == 201
    assert response.mimetype == "application/scim+json"
    assert (response.headers["Location"], response.headers["ETag"]) == (address, 'W/"1"')
    assert made["meta"] | {"created": "", "lastModified": ""} == {
        "resourceType": "User",
        "created": "",
        "lastModified": "",
        "location": address,
        "version": 'W/"1"',
    }
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert (made["userName"], made["active"]) == ("Bolor", True)
    assert department.done("GET", f"/Users/{made['id']}") == made


def test_a_user_is_a_staff_account_with_claims_by_the_rules(department: Department) -> None:
    user = department.add("Bolor@Health.example", **WHOLE)

    account = department.account(user["id"])
    assert account.login_name == "bolor"
    assert dict(account.claims) == {
        "name": "Болормаа",
        "given_name": "Болормаа",
        "family_name": "Бат-Эрдэнэ",
        "preferred_username": "Bolor@Health.example",
        "email": "bolor@health.example",
        "phone_number": "+976 1234",
        "title": "Registrar",
        "department": "Registry",
        "directory": "health",
        "directory_name": "Health Commission",
        "groups": [],
        "roles": [],
    }
    [created, provisioned] = department.log("account.created", "provisioning.user.created")[::-1]
    assert (created["account_id"], created["detail"]["source"]) == (account.id, "scim")
    assert (provisioned["client_id"], provisioned["actor"]) == ("hr", "hr")


def test_a_user_name_is_taken_once_however_it_is_written(department: Department) -> None:
    """RFC 7643 4.1.1: uniqueness of the server; RFC 7644 3.12."""
    department.add("bolor")
    other = department.add("tuya")

    for again in ("bolor", "BOLOR", "bolor@health.example", "ｂｏｌｏｒ"):
        department.refused("POST", "/Users", {"schemas": [USER], "userName": again}, 409, "uniqueness")
        department.refused(
            "PUT", f"/Users/{other['id']}", {"schemas": [USER], "userName": again}, 409, "uniqueness"
        )
    assert len(department.found("userName pr")) == 2


def test_a_replacement_leaves_out_what_it_does_not_name(department: Department) -> None:
    """RFC 7644 3.5.1; a password and `active` stay as they are."""
    user = department.add("bolor", **WHOLE, active=False)

    made = department.done(
        "PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "bolor", "title": "Head"}
    )

    assert (made["title"], made["active"], made["meta"]["version"]) == ("Head", False, 'W/"2"')
    assert "emails" not in made
    assert "email" not in department.account(user["id"]).claims
    [event] = department.log("provisioning.user.changed")
    assert "emails" in event["detail"]["attributes_changed"]


def test_what_changes_nothing_is_no_change(department: Department) -> None:
    user = department.add("bolor", title="Head")

    made = department.done(
        "PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "bolor", "title": "Head"}
    )

    assert made["meta"]["version"] == 'W/"1"'
    assert department.log("provisioning.user.changed") == []


@pytest.mark.parametrize(
    ("operation", "name", "value"),
    [
        ({"op": "replace", "path": "title", "value": "Head"}, "title", "Head"),
        ({"op": "Add", "value": {"nickName": "Bo"}}, "nickName", "Bo"),
        ({"op": "replace", "path": f"{USER}:displayName", "value": "Bo"}, "displayName", "Bo"),
        ({"op": "remove", "path": 'emails[type eq "home"]'}, "emails", WHOLE["emails"][1:]),
        ({"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Wards"}, ENTERPRISE,
         {"department": "Wards", "employeeNumber": "17"}),
        ({"op": "replace", "path": "name.givenName", "value": "Туяа"}, "name",
         {**WHOLE["name"], "givenName": "Туяа"}),
        ({"op": "remove", "path": "phoneNumbers"}, "phoneNumbers", None),
        ({"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": "5"}, "phoneNumbers",
         [{"value": "5", "type": "work"}]),
        ({"op": "replace", "path": "active", "value": "False"}, "active", False),
    ],
)  # fmt: skip
def test_every_form_of_path_is_understood(
    health: Department, operation: dict, name: str, value: object
) -> None:
    """RFC 7644 3.5.2: attribute, sub-attribute, value filter, URN, none; Entra's spelling of a boolean."""
    user = health.add(f"user-{crc32(json.dumps(operation).encode())}", **WHOLE)

    made = health.patched(f"/Users/{user['id']}", operation)

    assert made.get(name) == value
    assert health.done("GET", f"/Users/{user['id']}") == made


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "replace", "path": "noSuchThing", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": "emails[", "value": 1}, "invalidPath"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "jump", "path": "title", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "  "}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "a\u202eb"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "tuya@water.example"}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": "x" * 513}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "password", "value": "short"}, "invalidValue"),
    ],
)
def test_a_patch_that_cannot_be_is_refused_whole(health: Department, operation: dict, kind: str) -> None:
    """RFC 7644 3.5.2: all operations or none; 3.12: the keyword."""
    user = health.add(f"user-{crc32(json.dumps(operation).encode())}")
    operations = [{"op": "replace", "path": "nickName", "value": "before"}, operation]

    health.refused("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH], "Operations": operations}, 400, kind)

    assert health.done("GET", f"/Users/{user['id']}") == user


def test_a_version_that_is_not_the_present_one_changes_nothing(department: Department) -> None:
    """RFC 7644 3.14, RFC 9110 13.1."""
    user = department.add("bolor")
    path, title = f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "Head"}
    body = {"schemas": [PATCH], "Operations": [title]}

    department.done("PATCH", path, body, 200, If_Match='W/"1"')
    for method, document in (
        ("PATCH", body),
        ("PUT", {"schemas": [USER], "userName": "x"}),
        ("DELETE", None),
    ):
        department.refused(method, path, document, 412, If_Match='W/"1"')
    assert department.call("GET", path, If_None_Match='W/"2"').status_code == 304
    assert department.call("GET", path, If_None_Match='W/"1"').status_code == 200
    department.done("PATCH", path, body, 200, If_Match="*")
    assert department.call("DELETE", path, If_Match='"9", W/"2"').status_code == 204


def test_a_password_is_never_shown_and_must_be_good(department: Department) -> None:
    """RFC 7643 4.1.1, 7.7: writeOnly, never returned."""
    department.refused(
        "POST", "/Users", {"schemas": [USER], "userName": "a", "password": "123"}, 400, "invalidValue"
    )
    user = department.add("bolor", password=PASSWORD)

    assert "password" not in user
    assert PASSWORD not in department.call("GET", f"/Users/{user['id']}?attributes=password").get_data(
        as_text=True
    )
    account = department.account(user["id"])
    with department.hub.database.read() as stores:
        credential = stores.credentials.get(account.id)
    assert credential is not None
    assert credential.must_change
    assert department.hub.passwords.verify(PASSWORD, credential.hash)
    assert PASSWORD not in json.dumps(department.log("provisioning.user.created", "account.created"))


def test_no_department_writes_the_password_of_an_officer(department: Department) -> None:
    """Whoever knows the password of an officer of the hub is one."""
    user = department.add("bolor", password=PASSWORD)
    account = department.account(user["id"])
    with department.hub.database.begin(Origin(actor="test")) as stores:
        stores.people.grant_role(account.person_id, Role.AUDITOR, datetime.now(UTC))
    body = {"schemas": [USER], "userName": "bolor", "title": "Head", "password": PASSWORD + "!"}

    said = department.refused("PUT", f"/Users/{user['id']}", body, 400, "invalidValue")

    assert said.startswith("password: this person is an officer")
    with department.hub.database.read() as stores:
        credential = stores.credentials.get(account.id)
    assert credential is not None
    assert department.hub.passwords.verify(PASSWORD, credential.hash)
    del body["password"]
    assert department.done("PUT", f"/Users/{user['id']}", body)["meta"]["version"] == 'W/"2"'


def test_an_account_that_got_anothers_id_ends_with_that_user(department: Department) -> None:
    """An officer said that two entries are one human: the earlier account goes on with the later user."""
    earlier, later = department.add("bolor"), department.add("bolor.b")
    kept, over = department.account(earlier["id"]), department.account(later["id"])
    with department.hub.database.begin(Origin(actor="test")) as stores:
        stores.conflicts.exchange_ids(kept, over)

    department.call("DELETE", f"/Users/{later['id']}")

    with department.hub.database.read() as stores:
        found = [stores.people.account(each.id) for each in (kept, over)]
    assert [each is not None and each.disabled_at is None for each in found] == [False, True]


def test_whoever_is_removed_has_no_account_in_use_and_no_password(department: Department) -> None:
    """RFC 7644 3.6: then 404; the account stays for the log, and a namesake is somebody else."""
    user = department.add("bolor", password=PASSWORD)
    account = department.account(user["id"])

    assert department.call("DELETE", f"/Users/{user['id']}").status_code == 204

    department.refused("GET", f"/Users/{user['id']}", status=404)
    department.refused("DELETE", f"/Users/{user['id']}", status=404)
    assert department.account(user["id"]).disabled_at is not None
    with department.hub.database.read() as stores:
        assert stores.credentials.get(account.id) is None
    again = department.add("bolor")
    assert department.account(again["id"]).person_id != account.person_id
    assert [e["detail"]["source"] for e in department.log("account.disabled")] == ["scim"]


def test_whoever_is_set_to_inactive_can_come_back_but_not_past_an_officer(department: Department) -> None:
    user = department.add("bolor")
    path = f"/Users/{user['id']}"

    department.patched(path, {"op": "replace", "path": "active", "value": False})
    assert department.account(user["id"]).disabled_at is not None
    department.patched(path, {"op": "replace", "path": "active", "value": True})
    assert department.account(user["id"]).disabled_at is None


@pytest.mark.parametrize(
    "user_name", ["Бат.Эрдэнэ", "ᠪᠠᠲᠤ", "王小明", "o'brien", "a b", "x@elsewhere.example"]
)
def test_names_of_any_script_are_kept_and_found(health: Department, user_name: str) -> None:
    user = health.add(user_name, displayName=user_name)

    assert user["userName"] == user_name
    assert health.found(f'userName eq "{user_name}"') == [user["id"]]
    assert health.found(f'displayName co "{user_name[1:]}"') == [user["id"]]
    assert health.account(user["id"]).claims["name"] == user_name
