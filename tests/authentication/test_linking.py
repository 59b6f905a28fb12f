"""Which accounts are one human's, by proof of both or an officer's decision, and never by likeness."""

from typing import Any

import pytest

from sso.authentication import linking
from sso.authentication.linking import PROOF, Decision, LinkRefused, Obstacle
from sso.directory.person import Account, AccountKind, Person, Role
from sso.oidc.session import SessionEnd
from tests.authentication.examples import NOW, Desk
from tests.storage.examples import session

OFFICER = Decision("command", "one human, as both files show")
PROVEN = Decision(PROOF)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.add_citizen()
    return desk


def add_clerk(desk: Desk, name: str = "bolor", directory_id: str = "civil", **changes: Any) -> Account:
    person_id = f"person-{name}"
    if desk.stores.people.person(person_id) is None:
        desk.stores.people.add_person(Person(id=person_id, name=name, disabled_at=None, roles=frozenset()))
    values: dict[str, Any] = {
        "id": f"account-{name}-{directory_id}",
        "person_id": person_id,
        "kind": AccountKind.STAFF,
        "login_name": name,
        "directory_id": directory_id,
        "immutable_id": f"uuid-{name}",
        "claims": {"name": "Tuya Bat", "email": "tuya@example.org"},
        "disabled_at": None,
    }
    account = Account(**values | changes)
    desk.stores.people.add_account(account, NOW)
    return account


def accounts_of(desk: Desk, person_id: str) -> set[str]:
    return {account.id for account in desk.stores.people.accounts_of(person_id)}


def test_nothing_moves_that_the_officer_was_not_shown(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    clerk = add_clerk(desk)
    shown = Decision("api", "both passports seen", frozenset({tuya.id, clerk.id}))
    add_clerk(desk, directory_id="tax")

    with pytest.raises(LinkRefused) as caught:
        linking.link(tuya, clerk, shown, desk.stores, NOW)
    before = accounts_of(desk, "person-tuya")
    whole = Decision("api", "again", frozenset({tuya.id, clerk.id, "account-bolor-tax"}))
    linking.link(tuya, clerk, whole, desk.stores, NOW)

    assert (caught.value.obstacle, before) == (Obstacle.CHANGED, {tuya.id})
    assert len(accounts_of(desk, "person-tuya")) == 3


def test_linking_brings_every_account_of_the_other_person(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    clerk = add_clerk(desk)
    add_clerk(desk, directory_id="tax")

    linking.link(tuya, clerk, OFFICER, desk.stores, NOW)

    assert accounts_of(desk, "person-tuya") == {"account-tuya", "account-bolor-civil", "account-bolor-tax"}
    assert desk.stores.people.person("person-bolor") is None
    assert [
        (event.account_id, event.person_id, event.rule, event.reason)
        for event in desk.stores.audit.events
        if event.code == "account.linked"
    ] == [
        ("account-bolor-civil", "person-tuya", "command", OFFICER.reason),
        ("account-bolor-tax", "person-tuya", "command", OFFICER.reason),
    ]


def test_by_an_officers_decision_sessions_end_and_by_proof_they_go_on(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    for decision, ended in ((PROVEN, {}), (OFFICER, {"s-2": SessionEnd.OFFICER})):
        clerk = add_clerk(desk, decision.rule, directory_id=decision.rule)
        mine = session(id=f"s-{1 + len(ended)}", account_id=clerk.id, person_id=clerk.person_id)
        desk.stores.sessions.add(mine, decision.rule.encode())

        linking.link(tuya, clerk, decision, desk.stores, NOW)

        assert desk.stores.sessions.ended == ended
    going_on = desk.stores.sessions.by_id("s-1")
    assert going_on is not None
    assert going_on.person_id == "person-tuya"


def refusal(one: Account, other: Account, desk: Desk) -> Obstacle:
    before = accounts_of(desk, one.person_id), accounts_of(desk, other.person_id)
    with pytest.raises(LinkRefused) as caught:
        linking.link(one, other, OFFICER, desk.stores, NOW)
    assert before == (accounts_of(desk, one.person_id), accounts_of(desk, other.person_id))
    assert desk.stores.audit.codes() == []
    return caught.value.obstacle


def test_accounts_that_cannot_be_one_persons_stay_apart(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    dorj, bolor, other = desk.add_citizen("dorj"), add_clerk(desk), add_clerk(desk, "other")
    gone = add_clerk(desk, "gone", "tax", disabled_at=NOW)
    desk.stores.people.grant_role(add_clerk(desk, "ana", "audit").person_id, Role.AUDITOR, NOW)
    officer = desk.stores.people.staff("audit", "uuid-ana")
    disabled = add_clerk(desk, "away", "away")
    desk.stores.people.disable_person(disabled.person_id, NOW)
    assert officer is not None

    assert refusal(tuya, tuya, desk) is Obstacle.SAME_PERSON
    assert refusal(tuya, dorj, desk) is Obstacle.TWO_CITIZENS
    assert refusal(bolor, other, desk) is Obstacle.SAME_DIRECTORY
    assert refusal(tuya, officer, desk) is Obstacle.ROLE
    assert refusal(officer, tuya, desk) is Obstacle.ROLE
    assert refusal(tuya, gone, desk) is Obstacle.DISABLED
    assert refusal(tuya, disabled, desk) is Obstacle.DISABLED


def test_the_whole_persons_are_looked_at_not_the_two_accounts(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    linking.link(tuya, add_clerk(desk), OFFICER, desk.stores, NOW)
    desk.stores.audit.events.clear()

    assert refusal(tuya, add_clerk(desk, "namesake"), desk) is Obstacle.SAME_DIRECTORY


def test_an_account_is_separated_again(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    clerk = add_clerk(desk)
    linking.link(tuya, clerk, OFFICER, desk.stores, NOW)
    linked = desk.stores.people.account(clerk.id)
    assert linked is not None

    alone = linking.unlink(linked, OFFICER, desk.stores, NOW)

    assert accounts_of(desk, "person-tuya") == {"account-tuya"}
    assert accounts_of(desk, alone) == {clerk.id}
    event = desk.stores.audit.events[-1]
    assert (event.code, event.former_person_id, event.reason) == (
        "account.unlinked",
        "person-tuya",
        OFFICER.reason,
    )


def test_separating_does_not_enable_whom_an_officer_disabled(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None
    clerk = add_clerk(desk)
    linking.link(tuya, clerk, OFFICER, desk.stores, NOW)
    desk.stores.people.disable_person("person-tuya", NOW)

    alone = desk.stores.people.person(linking.unlink(clerk, OFFICER, desk.stores, NOW))

    assert alone is not None
    assert alone.disabled_at == NOW


def test_the_only_account_and_an_officers_are_not_separated(desk: Desk) -> None:
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None

    with pytest.raises(LinkRefused, match="only_account"):
        linking.unlink(tuya, OFFICER, desk.stores, NOW)
    linking.link(tuya, add_clerk(desk), OFFICER, desk.stores, NOW)
    desk.stores.people.grant_role("person-tuya", Role.AUDITOR, NOW)
    with pytest.raises(LinkRefused, match="role"):
        linking.unlink(tuya, OFFICER, desk.stores, NOW)


def test_equal_names_and_mails_link_nobody(desk: Desk) -> None:
    """A clerk whose directory says what a citizen's account says stays another person."""
    outcome = desk.signed_in("bolor", clerk=True)
    tuya = desk.stores.people.citizen("tuya")
    assert tuya is not None

    assert outcome.session.person_id != tuya.person_id
    assert desk.stores.audit.codes().count("account.linked") == 0
