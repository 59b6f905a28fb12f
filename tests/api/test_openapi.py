"""The OpenAPI document: valid, complete, and what the answers really look like."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from sso.api.problem import TITLES
from sso.directory.person import Role
from sso.oidc.backchannel import DELIVERY_MODES
from sso.oidc.client import ClientAuthMethod, SubjectType
from sso.oidc.fapi2 import PROFILES
from tests.api.conftest import API, Office

HOUSING = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}


@pytest.fixture
def document(office: Office) -> dict[str, Any]:
    return dict(office.app.test_client().get("/api/v1/openapi.json").json)


def test_the_document_is_valid_and_needs_no_token(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": API}]


def test_every_route_is_in_the_document_and_the_other_way_round(
    office: Office, document: dict[str, Any]
) -> None:
    routes = {
        (method.lower(), rule.rule.removeprefix("/api/v1").replace("<", "{").replace(">", "}"))
        for rule in office.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/v1/")
        and rule.endpoint not in {"api.openapi", "api.elsewhere", "api.root"}
        and method not in {"HEAD", "OPTIONS"}
    }

    described = {(method, path) for path, item in document["paths"].items() for method in item}

    assert described == routes
    assert len(routes) >= 20


def test_every_operation_says_which_scope_it_needs(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            scopes = {"me": [], "clients": ["clients:manage"], "people": ["people:manage"]}
            scopes |= dict.fromkeys(("directories", "conflicts"), ["people:manage"])
            expected = scopes.get(path.split("/")[1], ["audit:read"])
            assert operation["security"] == [{"hub": expected}]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("profile", PROFILES),
        ("backchannel_token_delivery_mode", DELIVERY_MODES),
        ("token_endpoint_auth_method", tuple(ClientAuthMethod)),
        ("subject_type", tuple(SubjectType)),
    ],
)
def test_the_words_of_a_field_are_those_that_are_registered(
    document: dict[str, Any], name: str, words: tuple[str, ...]
) -> None:
    for schema in ("ClientMetadata", "ClientDocument"):
        described = document["components"]["schemas"][schema]["properties"][name]["anyOf"]
        told = {word for each in described for word in each.get("enum", [each.get("const")])} - {None}
        assert told == {str(word) for word in words}


@pytest.mark.parametrize(
    ("role", "path", "schema"),
    [
        (Role.AUDITOR, "/me", "Me"),
        (Role.AUDITOR, "/audit/events?reason=x", "AuditPage"),
        (Role.AUDITOR, "/audit/histogram?reason=x", "Histogram"),
        (Role.AUDITOR, "/audit/event-types", "EventTypes"),
        (Role.AUDITOR, "/audit/people?login_name=x&reason=x", "PeopleFound"),
        (Role.AUDITOR, "/audit/clients", "NamedClients"),
        (Role.CLIENT_MANAGER, "/clients", "ClientPage"),
        (Role.CLIENT_MANAGER, "/audit/clients", "Problem"),
        (None, "/nowhere", "Problem"),
    ],
)
def test_an_answer_is_what_the_document_says(
    office: Office, document: dict[str, Any], role: Role | None, path: str, schema: str
) -> None:
    office.officer(Role.CLIENT_MANAGER).post("/clients", HOUSING)

    answer = office.officer(role).get(path).json

    assert wrong(document, schema, answer) == []
    assert set(answer) <= set(document["components"]["schemas"][schema]["properties"])


def test_a_registration_is_what_the_document_says(office: Office, document: dict[str, Any]) -> None:
    made = office.officer(Role.CLIENT_MANAGER).post("/clients", HOUSING).json

    assert wrong(document, "NewClientDocument", made) == []
    assert set(made) <= set(document["components"]["schemas"]["NewClientDocument"]["properties"])


def test_every_field_of_the_metadata_is_documented(document: dict[str, Any]) -> None:
    from sso.oidc.registration import FIELDS

    assert set(document["components"]["schemas"]["ClientMetadata"]["properties"]) == set(FIELDS)


def test_every_problem_code_is_documented(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == set(TITLES)


def wrong(document: dict[str, Any], schema: str, answer: Any) -> list[str]:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(answer)]
