"""What two starts of the hub may differ in: who is trusted, and what is kept of the log.

A part is named `kind:id` and told apart by a keyed digest, so that what is remembered tells no value. What
stands at its default is not part of it, retention aside: a new release with a new setting changes nothing.
Neither do secrets and the contents of files that it names, rules aside.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sso.audit.record import JsonValue
from sso.audit.rules.reading import rule_of
from sso.audit.rules.shipped import RuleSet, shipped_rules
from sso.config.audit import Audit
from sso.config.load import Configuration
from sso.config.section import Section

Parts = Mapping[str, str]
"""By name `kind:id`: the digest of a part; of `retention`, its days, empty where nothing ends."""

RETENTION = ("minimum_retention_days", "retention_days", "personal_retention_days")
_APART = {*RETENTION, "finding_retention_days", "rule_files", "rules_off"}
_APART |= {"witness", "timestamp", "archive", "geography", "sink"}
_GUARDS = ("sink:", "witness:", "timestamp:", "archive:", "geography:", "rule:")
"""What is weaker without."""

_EXCEPTIONS = ("rule_off:", "rule_replaced:")
"""What is weaker with."""

_UNCLEAR = ("rule:", "rule_replaced:", "geography:")
"""What may be weaker when it differs: nobody can tell from its text, nor how much it leaves out."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of parts that are new, differ or are gone; by those `weakened` the audit sees or keeps less."""

    added: tuple[str, ...]
    altered: tuple[str, ...]
    removed: tuple[str, ...]
    weakened: tuple[str, ...]


def parts_of(configuration: Configuration) -> Parts:
    """Return the parts of a configuration."""
    key = hmac.digest(configuration.pepper, b"sso-hub configuration", "sha256")
    settings = configuration.settings
    told: dict[str, JsonValue] = {
        **{f"directory:{each.id}": _told(each) for each in settings.directory},
        **{f"upstream:{each.id}": _told(each) for each in settings.upstream},
        **{f"trusted_issuer:{each.issuer}": _told(each) for each in settings.trusted_issuer},
        **dict(_audit(settings.audit)),
        **dict(_rules(configuration.rules)),
    }
    return {**{name: _digest(key, value) for name, value in told.items()}, **_retention(settings.audit)}


def difference(before: Parts, after: Parts) -> Difference | None:
    """Return in what a configuration differs from the one before it, or None."""
    added = tuple(sorted(after.keys() - before.keys()))
    removed = tuple(sorted(before.keys() - after.keys()))
    altered = tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name]))
    if not (added or altered or removed):
        return None
    weakened = [
        *(name for name in added if name.startswith(_EXCEPTIONS)),
        *(name for name in altered if name.startswith(_UNCLEAR)),
        *(
            name
            for name in altered
            if name.startswith("retention:") and _days(after[name]) < _days(before[name])
        ),
        *(name for name in removed if name.startswith(_GUARDS)),
    ]
    return Difference(added, altered, removed, tuple(sorted(weakened)))


def _audit(section: Audit) -> Iterator[tuple[str, JsonValue]]:
    rest = section.model_dump(mode="json", exclude_defaults=True, exclude=_APART)
    yield "audit:settings", rest
    for sink in section.sink:
        yield f"sink:{sink.name}", _told(sink)
    for witness in section.witness:
        yield f"witness:{witness.verifier_key.name}", _told(witness)
    if section.timestamp is not None:
        yield "timestamp:authority", _told(section.timestamp)
    if section.archive is not None:
        yield "archive:months", _told(section.archive)
    if section.geography is not None:
        yield "geography:places", _told(section.geography)


def _rules(rules: RuleSet) -> Iterator[tuple[str, JsonValue]]:
    for name in rules.off:
        yield f"rule_off:{name}", True
    shipped = {rule.name for rule in shipped_rules()} if rules.own else set()
    for text in rules.own:
        name = rule_of(text).name
        yield f"{'rule_replaced' if name in shipped else 'rule'}:{name}", text


def _retention(section: Audit) -> Parts:
    days = {name: getattr(section, name) for name in RETENTION}
    days["finding_retention_days"] = section.closed_findings_kept.days
    return {f"retention:{name}": "" if value is None else str(value) for name, value in days.items()}


def _days(value: str) -> float:
    return float(value) if value else float("inf")


def _told(section: Section) -> JsonValue:
    told: JsonValue = section.model_dump(mode="json", exclude_defaults=True)
    return told


def _digest(key: bytes, value: JsonValue) -> str:
    text = json.dumps(value, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]
