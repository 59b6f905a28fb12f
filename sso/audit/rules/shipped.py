"""The rules that come with the hub, an operator's own in their places, and what a level is worth."""

import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sso.audit.record import Severity
from sso.audit.rules.engine import Rule
from sso.audit.rules.examples import Examples, examples_of
from sso.audit.rules.reading import LEVELS, rule_of

SEVERITIES: Mapping[str, Severity] = dict(zip(LEVELS, Severity, strict=True))
"""Sigma's levels as severities of OCSF 1.8."""

_FOLDER = importlib.resources.files("sso.audit.rules")


def shipped_rules() -> list[Rule]:
    """Return the rules that come with the hub, by name, remembering nothing."""
    files = sorted(file.name for file in _FOLDER.iterdir() if file.name.endswith(".yml"))
    return [rule_of(_FOLDER.joinpath(name).read_text(encoding="utf-8")) for name in files]


def shipped_rule(name: str) -> Rule:
    """Return one of them, remembering nothing."""
    return rule_of(_FOLDER.joinpath(f"{name}.yml").read_text(encoding="utf-8"))


def shipped_examples(name: str) -> Examples:
    """Return the examples of a rule."""
    return examples_of(_FOLDER.joinpath("examples", f"{name}.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a hub: those that it comes with, without some, and the texts of an operator's own.

    One of its own takes the place of the one of the same name.
    """

    own: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()

    def fresh(self) -> list[Rule]:
        """Return the rules by name, remembering nothing, for whoever shows them records."""
        own = [rule_of(text) for text in self.own]
        known = {rule.name: rule for rule in (*shipped_rules(), *own) if rule.name not in self.off}
        return [known[name] for name in sorted(known)]

    def located(self) -> Sequence[str]:
        """Return the names of those that find nothing without a geography."""
        return [name for name, rule in self.told().items() if rule.needs_geography]

    def told(self) -> Mapping[str, Rule]:
        """Return the rules by name, to read what they say of themselves."""
        return _told(self)


@cache
def _told(rules: RuleSet) -> Mapping[str, Rule]:
    return {rule.name: rule for rule in rules.fresh()}
