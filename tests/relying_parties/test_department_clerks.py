"""A clerk, whose directory is a real OpenLDAP server, signs in at a department's application."""

from collections.abc import Iterator

import pytest

from tests.relying_parties.department import Department, department, registration
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD as CITIZENS_PASSWORD
from tests.servers.hub import StartHub, free_port
from tests.servers.slapd import PASSWORD, settings_for

pytestmark = [pytest.mark.relying_party, pytest.mark.slapd, pytest.mark.slow]


@pytest.fixture(scope="module")
def registry(start_hub: StartHub, slapd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    hub = start_hub(directories=(settings_for(slapd),))
    hub.add_citizen()
    port = free_port()
    client = hub.add_client(*registration(port), name="Registry")
    setting = {"ISSUER": hub.issuer, "APP_NAME": "Registry", **{k.upper(): v for k, v in client.items()}}
    with department(port, tmp_path_factory.mktemp("registry"), **setting) as app:
        yield app


def test_the_application_learns_that_a_clerk_came_and_from_where(
    registry: Department, visitor: Visitor
) -> None:
    visitor.open(f"{registry.address}/sign-in")

    visitor.sign_in("bolor@civil.example", PASSWORD)

    assert visitor.text("person_name") == "Bolor Erdene"
    assert visitor.text("person_persona") == "Staff"
    assert visitor.text("person_department") == "Civil Affairs Bureau – Registry"
    assert visitor.text("person_title") == "Clerk"


def test_a_clerk_and_a_citizen_are_two_persons_to_the_application(registry: Department) -> None:
    numbers = []
    for person in (("bolor@civil.example", PASSWORD), ("tuya", CITIZENS_PASSWORD)):
        with Visitor() as visitor:
            visitor.open(f"{registry.address}/sign-in")
            visitor.sign_in(*person)
            numbers.append((visitor.text("person_sub"), visitor.text("person_persona")))

    assert numbers[0][0] != numbers[1][0]
    assert [persona for _, persona in numbers] == ["Staff", "Citizen"]
