"""Roles in one application: an officer's rules, and nothing beside them (RFC 7643 4.1.2, the claim)."""

from dataclasses import replace
from typing import Any

import pytest

from sso.directory.person import AccountKind
from sso.oidc.account import Subject
from sso.oidc.registration import InvalidClientMetadata
from sso.oidc.registration.roles import check_roles
from sso.oidc.roles import claims_for
from sso.oidc.userinfo import userinfo
from tests.oidc.examples import World, account, claims_of, client, provider
from tests.oidc.proofs import shown

RULES = (
    "case-worker=civil/roles/registrar",
    "reader=civil/groups/staff",
    "reader=civil/roles/registrar",
    "case-worker=tax/roles/head",
)


def subject(directory_id: str | None = "civil", **claims: Any) -> Subject:
    return Subject(
        account_id="a",
        person_id="p",
        active=True,
        claims={"name": "Bolor", **claims},
        directory_id=directory_id,
    )


@pytest.mark.parametrize(
    ("of", "roles"),
    [
        (subject(groups=["staff"], roles=["registrar"]), ["case-worker", "reader"]),
        (subject(groups=["staff"], roles=[]), ["reader"]),
        (subject(groups=["registrar"], roles=["staff"]), []),
        (subject(groups=["others"], roles=["head"]), []),
        (subject("tax", groups=["staff"], roles=["head"]), ["case-worker"]),
        (subject("health", groups=["staff"], roles=["registrar", "head"]), []),
    ],
)
def test_only_what_is_mapped_is_a_role_and_under_the_applications_name(of: Subject, roles: list[str]) -> None:
    assert claims_for(client(role_mapping=RULES), of)["roles"] == roles


def test_an_application_without_rules_learns_no_role() -> None:
    of = subject(groups=["staff"], roles=["registrar"])

    assert claims_for(client(), of) == {"name": "Bolor", "groups": ["staff"], "roles": []}


@pytest.mark.parametrize("of", [subject(None, roles=["registrar"]), subject()])
def test_who_has_no_directory_or_one_without_groups_has_no_list_of_roles(of: Subject) -> None:
    assert claims_for(client(role_mapping=RULES), of) == {"name": "Bolor"}


def test_roles_that_could_never_be_asked_for_are_refused() -> None:
    with pytest.raises(InvalidClientMetadata, match="needs the scope roles"):
        check_roles(client(role_mapping=RULES, scope=frozenset({"openid", "groups"})))


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid", {}),
        ("openid groups", {"groups": ["staff"]}),
        ("openid roles", {"roles": ["reader"]}),
    ],
)
def test_the_scope_decides_whether_roles_are_told(scope: str, told: dict[str, Any]) -> None:
    """Core 5.4, in the ID token as from UserInfo."""
    scopes = frozenset({"openid", "groups", "roles"})
    whole = provider()
    settings = replace(whole.settings, unasked_directories=frozenset({"civil"}))
    world = World(
        client=client(role_mapping=RULES, scope=scopes, claims_in_id_token=True),
        provider=replace(whole, settings=settings),
    )
    world.stores.people.accounts["account-1"] = account(
        kind=AccountKind.STAFF,
        directory_id="civil",
        immutable_id="uuid-1",
        claims={"groups": ["staff"], "roles": ["head"]},
        state_checked_at=world.now,
    )

    tokens = world.tokens(scope=scope)

    answer = dict(userinfo(shown(tokens.access_token), world.stores, world.provider, world.now))
    id_token = claims_of(tokens.id_token)
    assert answer == {"sub": world.sub, **told}
    assert {name: id_token[name] for name in ("groups", "roles") if name in id_token} == told
