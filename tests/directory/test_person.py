import pytest

from sso.directory.person import Account, AccountKind, Person, Role


def _account(**changes):
    told = {
        "id": "a1",
        "person_id": "p1",
        "kind": AccountKind.STAFF,
        "login_name": "bolor",
        "directory_id": "civil-affairs",
        "immutable_id": "11111111-2222-3333-4444-555555555555",
        "claims": {"email": "bolor@civil.example"},
        "disabled_at": None,
    }
    return Account(**told | changes)


def test_nobody_has_two_roles():
    with pytest.raises(ValueError, match="never two"):
        Person(id="p1", name="Bolor", disabled_at=None, roles=frozenset(Role))


def test_staff_without_an_immutable_id_is_refused():
    with pytest.raises(ValueError, match="immutable id"):
        _account(immutable_id=None)


def test_a_citizen_with_a_directory_is_refused():
    with pytest.raises(ValueError, match="citizen has neither"):
        _account(kind=AccountKind.CITIZEN)


def test_claim_values_are_not_in_the_repr():
    assert "bolor@civil.example" not in repr(_account())
