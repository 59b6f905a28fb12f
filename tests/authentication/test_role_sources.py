"""A role of an application that is made of nothing is refused when it is registered."""

from dataclasses import replace

import pytest

from sso.authentication.role_sources import check_role_sources
from sso.directory.groups import GroupRules
from sso.directory.presets import preset_of
from sso.oidc.registration import InvalidClientMetadata
from tests.authentication.examples import CIVIL
from tests.storage.examples import client

RULES = GroupRules(
    base_dn="dc=example",
    words=preset_of(CIVIL.vendor).groups,
    released={"cn=all": "staff"},
    roles={"cn=inner": "registrar"},
)
DIRECTORIES = (replace(CIVIL, groups=RULES), replace(CIVIL, id="tax"))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("a=civil/roles/registrar", ""),
        ("a=civil/groups/staff", ""),
        ("a=civil/roles/staff", "civil releases no roles of that name, but registrar"),
        ("a=tax/groups/staff", "tax releases no groups of that name, but none at all"),
        ("a=land/groups/staff", "there is no directory land"),
    ],
)
def test_a_rule_names_what_a_directory_releases(rule: str, words: str) -> None:
    if not words:
        check_role_sources({"role_mapping": [rule]}, None, DIRECTORIES)
        return
    with pytest.raises(InvalidClientMetadata, match=words):
        check_role_sources({"role_mapping": [rule]}, None, DIRECTORIES)


def test_a_rule_that_was_there_before_does_not_keep_others_from_being_added() -> None:
    known = replace(client(), role_mapping=("a=land/groups/staff",))

    check_role_sources({"role_mapping": [*known.role_mapping, "b=civil/groups/staff"]}, known, DIRECTORIES)
