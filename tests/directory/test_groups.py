from dataclasses import replace

import pytest

from sso.directory.groups import DEPTH_MAX, GROUPS_MAX, Group, GroupRules, released
from sso.directory.ldap.membership import TooManyGroups, groups_of
from sso.directory.ldap.messages import FoundEntry
from sso.directory.presets import GroupStrategy, Vendor, preset_of
from sso.directory.scim import ScimGroups
from tests.directory.examples import entry

CLIMB = preset_of(Vendor.OPENLDAP).groups
CHAIN = preset_of(Vendor.ACTIVE_DIRECTORY).groups
MEMBER_OF = preset_of(Vendor.DS389).groups


def _rules(words=CLIMB, **changes):
    return GroupRules(**{"base_dn": "ou=groups,dc=x", "words": words, "released": {"a": "b"}} | changes)


def _names(groups):
    return sorted(group.name for group in groups)


class _Tree:
    """Groups by name, each with its members' DNs; answers as a server would."""

    def __init__(self, **members):
        self.members = members
        self.questions = []

    def ask(self, question):
        self.questions.append(question)
        text = str(question.condition)
        return [
            FoundEntry(f"cn={name},ou=groups,dc=x", {"cn": (name.encode(),)})
            for name, dns in self.members.items()
            if any(f"(member={_escaped(dn)})" in text for dn in dns)
        ]


def _escaped(dn):
    return dn.replace("=", "\\3d").replace(",", "\\2c")


PERSON = "uid=bolor,ou=people,dc=civil,dc=example"


def test_groups_in_groups_are_found_level_by_level():
    tree = _Tree(inner=[PERSON], outer=["cn=inner,ou=groups,dc=x"], other=["cn=x"])

    assert _names(groups_of(entry(), _rules(), tree.ask)) == ["inner", "outer"]


def test_a_circle_of_groups_ends():
    tree = _Tree(a=[PERSON, "cn=b,ou=groups,dc=x"], b=["cn=a,ou=groups,dc=x"])

    assert _names(groups_of(entry(), _rules(), tree.ask)) == ["a", "b"]
    assert len(tree.questions) == 3


def test_a_ladder_is_climbed_to_its_limit():
    rungs = {f"g{n}": [f"cn=g{n - 1},ou=groups,dc=x"] for n in range(1, 20)}
    tree = _Tree(g0=[PERSON], **rungs)

    assert len(groups_of(entry(), _rules(), tree.ask)) == DEPTH_MAX


def test_one_question_asks_for_a_whole_level():
    tree = _Tree(**{f"g{n}": [PERSON] for n in range(50)})

    groups_of(entry(), _rules(), tree.ask)

    assert len(tree.questions) == 2


def test_more_groups_than_can_be_read_are_no_groups():
    tree = _Tree(**{f"g{n}": [PERSON] for n in range(GROUPS_MAX + 1)})

    with pytest.raises(TooManyGroups):
        groups_of(entry(), _rules(), tree.ask)


def test_posix_groups_hold_login_names_and_no_groups():
    tree = _Tree()
    rules = _rules(replace(CLIMB, object_class="posixGroup", member_attribute="memberUid"))

    groups_of(entry(), rules, tree.ask)

    assert [str(question.condition) for question in tree.questions] == [
        "(&(objectClass=posixGroup)(memberUid=bolor))"
    ]


def test_windows_follows_the_members_itself():
    tree = _Tree()

    groups_of(entry(), _rules(CHAIN), tree.ask)

    (question,) = tree.questions
    assert "(member:1.2.840.113556.1.4.1941:=uid\\3dbolor" in str(question.condition)


def test_an_attribute_of_the_person_names_the_groups_without_a_question():
    person = entry(memberOf=b"cn=Inner,ou=groups,dc=x")

    assert _names(groups_of(person, _rules(MEMBER_OF), _Tree().ask)) == ["Inner"]


def test_no_strategy_finds_no_groups():
    rules = _rules(replace(CLIMB, strategy=GroupStrategy.NONE))

    assert groups_of(entry(), rules, _Tree(a=[PERSON]).ask) == ()


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ({"registry": "clerks"}, ["clerks"]),
        ({"REGISTRY": "clerks"}, ["clerks"]),
        ({"CN=Registry,ou=Groups,dc=x": "clerks"}, ["clerks"]),
        ({"cn=Registry,ou=elsewhere,dc=x": "clerks"}, []),
        ({"registr": "clerks"}, []),
        ({"registry": "b", "vault": "a"}, ["a", "b"]),
        ({"registry": "a", "vault": "a"}, ["a"]),
    ],
)
def test_only_named_groups_are_released_under_their_new_names(table, values):
    groups = [Group("cn=Registry,ou=groups,dc=x", "Registry"), Group("cn=Vault,dc=x", "Vault")]

    assert released(groups, table) == values


@pytest.mark.parametrize("changes", [{"released": {}}, {"released": {"a": ""}}, {"roles": {"a": "x\n"}}])
@pytest.mark.parametrize("rules", [_rules, ScimGroups])
def test_rules_that_say_nothing_are_refused(rules, changes):
    with pytest.raises(ValueError, match="read for nothing|not the name"):
        rules(**changes)


@pytest.mark.parametrize("table", ["released", "roles"])
def test_a_dn_names_no_group_over_scim(table):
    with pytest.raises(ValueError, match="no displayName"):
        ScimGroups(**{table: {"cn=Registry,ou=groups,dc=x": "clerks"}})
