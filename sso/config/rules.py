"""`[audit] rule_files`, `rules_off`: detection rules of an operator's own, and those that are not wanted."""

from pathlib import Path

from sso.audit.rules.reading import RuleInvalid, rule_of
from sso.audit.rules.shipped import RuleSet, shipped_rules
from sso.config.audit import Audit
from sso.config.source import ConfigurationError, Source


def rules_of(section: Audit, source: Source, home: Path) -> RuleSet:
    """Return the rules of a hub.

    Raises:
        ConfigurationError: a file cannot be read or is no rule, or no rule has the name of one that is off.
    """
    own = tuple(_text(home / file, source) for file in section.rule_files)
    names = [rule_of(text).name for text in own]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"{source.place(('audit', 'rule_files'))}: audit.rule_files: a name twice")
    off = frozenset(section.rules_off)
    unknown = off and off - {rule.name for rule in shipped_rules()} - set(names)
    if unknown:
        place = source.place(("audit", "rules_off"))
        raise ConfigurationError(f"{place}: audit.rules_off: no rule is named {', '.join(sorted(unknown))}")
    return RuleSet(own, off)


def _text(file: Path, source: Source) -> str:
    place = source.place(("audit", "rule_files"))
    try:
        text = file.read_text(encoding="utf-8")
        rule_of(text)
    except OSError as error:
        reason = f"cannot read {file}: {error.strerror}"
        raise ConfigurationError(f"{place}: audit.rule_files: {reason}") from error
    except (ValueError, RuleInvalid) as error:
        raise ConfigurationError(f"{place}: audit.rule_files: {file}: {error}") from error
    return text
