"""A people manager decides whose accounts are whose, with a reason, and both are on record."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.authentication.leaver import Leave, end_access
from sso.directory.entry import Entry
from sso.directory.person import Departure, Role
from tests.api.conftest import Caller, Office, problem
from tests.authentication.examples import CIVIL
from tests.storage import examples

WHY = "one human, as both files show"


@pytest.fixture
def manager(sql_office: Office) -> Caller:
    return sql_office.officer(Role.PEOPLE_MANAGER)


def clerk(office: Office, login_name: str) -> tuple[str, str]:
    """A clerk who has signed in; return the ids of person and account."""
    person, now = examples.person(), datetime.now(UTC)
    account = examples.clerk(person.id, login_name=login_name, immutable_id=f"uuid-{login_name}")
    with office.hub.database.begin(Origin()) as stores:
        stores.people.add_person(person)
        stores.people.add_account(account, now)
    return person.id, account.id


def persons(document: dict[str, Any]) -> dict[str, str]:
    return {each["account_id"]: each["person_id"] for each in document["accounts"]}


def test_accounts_are_linked_and_separated_by_an_officers_decision(
    sql_office: Office, manager: Caller
) -> None:
    (tuya, citizen_id), (_, clerk_id) = sql_office.person(None, "tuya"), clerk(sql_office, "bolor")

    linked = manager.post("/people/link", {"account": "tuya", "other": clerk_id, "reason": WHY})
    apart = manager.post("/people/unlink", {"account": clerk_id, "reason": WHY})

    assert persons(linked.json) == {citizen_id: tuya, clerk_id: tuya}
    assert list(persons(apart.json)) == [clerk_id]
    for code in ("account.linked", "account.unlinked"):
        [record] = sql_office.log(code)
        assert (record["account_id"], record["actor"]) == (clerk_id, manager.account_id)
        assert (record["detail"]["rule"], record["detail"]["reason"]) == ("api", WHY)


@pytest.mark.parametrize(
    ("other", "status", "code", "cause", "words"),
    [
        ("dorj", 409, "link_refused", "two_citizens", "these would be two"),
        ("nobody", 404, "not_found", None, "the name in other means no account"),
    ],
)
def test_what_cannot_be_one_persons_is_refused(
    sql_office: Office, manager: Caller, other: str, status: int, code: str, cause: str | None, words: str
) -> None:
    sql_office.person(None, "tuya")
    sql_office.person(None, "dorj")

    refused = manager.post("/people/link", {"account": "tuya", "other": other, "reason": WHY})

    problem(refused, status, code)
    assert words in refused.json["detail"]
    assert refused.json.get("cause") == cause
    assert sql_office.log("account.linked") == []


@pytest.mark.parametrize(
    "body",
    [
        {"account": "tuya", "other": "dorj"},
        {"account": "tuya", "other": "dorj", "reason": ""},
        {"account": "x" * 300, "other": "dorj", "reason": WHY},
        {"account": "tuya", "other": ["dorj"], "reason": WHY},
        {"account": "tuya", "other": "dorj", "reason": WHY, "force": True},
        [],
    ],
)
def test_a_decision_without_its_reason_or_with_anything_else_is_refused(office: Office, body: Any) -> None:
    refused = office.officer(Role.PEOPLE_MANAGER).post("/people/link", body)

    assert refused.status_code == 400


@pytest.mark.parametrize("role", [None, Role.AUDITOR, Role.CLIENT_MANAGER])
def test_only_a_people_manager_decides(office: Office, role: Role | None) -> None:
    caller = office.officer(role)

    for path in ("/people/link", "/people/unlink"):
        problem(caller.post(path, {"account": "a", "other": "b", "reason": WHY}), 403, "role_missing")


def test_a_conflict_is_listed_and_decided(sql_office: Office, manager: Caller) -> None:
    _, earlier = clerk(sql_office, "bolor")
    entry = Entry(directory_id="civil", immutable_id="uuid-2", dn="uid=b", login_name="Bolor", attributes={})
    with sql_office.hub.database.begin(Origin()) as stores:
        later = account_of(entry, CIVIL, stores, datetime.now(UTC))

    [conflict] = manager.get("/directories/civil/conflicts").json["conflicts"]
    path = f"/directories/civil/conflicts/{conflict['conflict_id']}"
    whole = manager.get(path).json
    mended = manager.post(path, {"resolution": "mended", "reason": WHY})
    decided = manager.post(path, {"resolution": "same", "reason": WHY})

    assert [side["account_id"] for side in conflict["sides"]] == [earlier, later.id]
    assert whole["settled"] is False
    problem(mended, 409, "conflict_not_resolvable")
    assert mended.json["detail"] == "it cannot be resolved like this; use different or same"
    assert mended.json["cause"] == "not_this_kind"
    assert decided.json["resolution"] == "same"
    assert manager.get("/directories/civil/conflicts").json == {"conflicts": []}
    assert len(manager.get("/directories/civil/conflicts?resolved=true").json["conflicts"]) == 1
    assert [each["said"] for each in whole["accounts"]] == [
        {"name": "Tuya Bat", "email": "tuya@example.org"},
        {},
    ]
    unknown = manager.post("/directories/tax/conflicts/x", {"resolution": "same", "reason": WHY})
    problem(unknown, 404, "not_found")
    looked = [record["detail"]["query"] for record in sql_office.log("directory.conflict.viewed")]
    assert {query["account_id"] for query in looked if "account_id" in query} == {later.id, earlier}
    [record] = sql_office.log("directory.conflict.resolved")
    assert (record["account_id"], record["detail"]["reason"]) == (later.id, WHY)


def test_a_conflict_that_settled_itself_says_so(sql_office: Office, manager: Caller) -> None:
    clerk(sql_office, "saran")
    entry = Entry(directory_id="civil", immutable_id="uuid-9", dn="uid=s", login_name="Saran", attributes={})
    with sql_office.hub.database.begin(Origin()) as stores:
        later = account_of(entry, CIVIL, stores, datetime.now(UTC))
    [conflict] = manager.get("/directories/civil/conflicts").json["conflicts"]

    with sql_office.hub.database.begin(Origin()) as stores:
        leave = Leave(departure=Departure.GONE, source="directory")
        end_access(later, leave, stores, datetime.now(UTC))

    whole = manager.get(f"/directories/civil/conflicts/{conflict['conflict_id']}").json
    assert (whole["settled"], whole["resolution"]) == (True, None)


def test_accounts_are_found_to_compare_and_each_person_looked_up_is_on_record(office: Office) -> None:
    manager = office.officer(Role.PEOPLE_MANAGER)
    person_id, account_id = office.person(None, "compared")

    found = manager.get("/people?login_name=Compared&reason=case-7").json
    nobody = manager.get("/people?login_name=nobody-of-this-name").json

    [account] = found["accounts"]
    assert found["matching"] == [account_id]
    assert (account["person_id"], account["login_name"]) == (person_id, "compared")
    assert account["said"] == {"name": "Tuya Bat", "email": "tuya@example.org"}
    assert nobody == {"accounts": [], "matching": []}
    missed, looked = sorted(office.log("person.viewed"), key=lambda record: len(record["detail"]["query"]))
    assert (looked["detail"]["query"]["account_id"], looked["detail"]["reason"]) == (account_id, "case-7")
    assert looked["account_id"] == manager.account_id
    assert missed["detail"]["query"].keys() == {"name_hmac"}


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("", "", "not_one_of_two"),
        ("login_name=a&account_id=b", "", "not_one_of_two"),
        ("login_name=a%00b", "login_name", "not_a_login_name"),
        ("login_name=" + "x" * 257, "login_name", "not_a_login_name"),
    ],
)
def test_a_search_for_nobody_or_for_two_is_refused(
    office: Office, query: str, parameter: str, code: str
) -> None:
    refused = office.officer(Role.PEOPLE_MANAGER).get(f"/people?{query}")

    [error] = problem(refused, 400, "invalid_parameter")["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)


def test_what_cannot_be_an_id_is_recorded_as_a_name_is(office: Office) -> None:
    """A name that was typed into the wrong field is somebody's: the log keeps its digest."""
    manager = office.officer(Role.PEOPLE_MANAGER)

    for account_id in ("bolor.typo@civil.example", "A" * 22):
        assert manager.get(f"/people?account_id={account_id}").status_code == 200

    by_id, by_name = office.log("person.viewed")[:2]
    assert by_id["detail"]["query"] == {"account_id": "A" * 22}
    assert by_name["detail"]["query"].keys() == {"name_hmac"}


@pytest.mark.parametrize("path", ["/people/sign-out", "/people/disable"])
def test_an_account_whose_name_no_database_takes_is_refused(office: Office, path: str) -> None:
    manager = office.officer(Role.PEOPLE_MANAGER)

    answer = manager.post(path, {"account": "a\0b", "reason": "case-7"})

    assert problem(answer, 400, "invalid_parameter")


@pytest.mark.parametrize(
    "path", ["/audit/suppressions/a%00b", "/directories/a%00b/conflicts", "/directories/x/conflicts/a%00b"]
)
def test_a_path_that_nothing_can_have_is_not_found(sql_office: Office, path: str) -> None:
    officer = sql_office.officer(Role.AUDITOR if "audit" in path else Role.PEOPLE_MANAGER)
    method = "DELETE" if "suppressions" in path else "GET"

    problem(officer.call(method, path), 404, "not_found")
