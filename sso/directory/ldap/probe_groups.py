"""What `sso directory test` finds of groups: those of the rules exist, and people's entries name theirs."""

from collections.abc import Iterator

from sso.directory.check import Check
from sso.directory.filters import AllOf, Equals, Present, people
from sso.directory.groups import GroupRules
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.messages import Question
from sso.directory.ldap.session import Session
from sso.directory.presets import GroupStrategy
from sso.directory.settings import DirectorySettings
from sso.directory.states import SUCCESS


def checks_of_groups(settings: DirectorySettings, rules: GroupRules, session: Session) -> Iterator[Check]:
    """Every step, the first that fails last. Raises Unreachable."""
    words, untold = rules.words, ""
    if words.strategy is GroupStrategy.MEMBER_OF and not _is_shown(settings, rules, session):
        attribute = words.member_of_attribute
        if _has_members(settings, rules, session):
            sentence = (
                f"No entry shows {attribute}, so everybody would be in no group; let the server keep it and"
                ' the service account read it, or set groups.strategy = "climb".'
            )
            yield Check("groups", ok=False, sentence=sentence)
            return
        untold = (
            f" No group shows a member yet, so nothing tells whether entries will show {attribute}:"
            " test again when somebody is in one."
        )
    for key in sorted({*rules.released, *rules.roles}):
        by_dn = "=" in key
        is_group = Equals("objectClass", words.object_class.encode("ascii"))
        named = () if by_dn else (Equals(words.name_attribute, key.encode("utf-8")),)
        question = Question(
            base_dn=key if by_dn else rules.base_dn,
            condition=AllOf((is_group, *named)),
            attributes=(words.name_attribute,),
            base_only=by_dn,
        )
        answer = session.search(question, Deadline.after(settings.deadline_seconds))
        if not answer.entries:
            sentence = f"There is no group {key}; correct released or roles, or groups.base_dn."
            yield Check("groups", ok=False, sentence=sentence)
            return
    there = "Every group that is named in released or roles is there."
    yield Check("groups", ok=True, sentence=f"{there}{untold}")


def _is_shown(settings: DirectorySettings, rules: GroupRules, session: Session) -> bool:
    """Whether anybody's entry names a group; also where the server would not look for that, at a limit."""
    attribute = rules.words.member_of_attribute
    question = Question(
        base_dn=settings.base_dn,
        condition=AllOf((*people(settings.person_filter), Present(attribute))),
        attributes=(attribute,),
        domain_scope=settings.preset.domain_scope,
    )
    answer = session.search(question, Deadline.after(settings.deadline_seconds))
    return bool(answer.entries) or answer.result != SUCCESS


def _has_members(settings: DirectorySettings, rules: GroupRules, session: Session) -> bool:
    """Whether any group shows a member: where none does, no entry can name a group. Also at a limit.

    The schema says nothing of it: 389-DS knows `memberOf` whether its plug-in keeps it or not.
    """
    words = rules.words
    is_group = Equals("objectClass", words.object_class.encode("ascii"))
    question = Question(
        base_dn=rules.base_dn,
        condition=AllOf((is_group, Present(words.member_attribute))),
        attributes=(words.name_attribute,),
    )
    answer = session.search(question, Deadline.after(settings.deadline_seconds))
    return bool(answer.entries) or answer.result != SUCCESS
