"""`[audit] rule_files` and `rules_off`: an operator's own rules, and those that are not wanted."""

from pathlib import Path

import pytest

from sso.audit.rules.shipped import shipped_rules
from sso.config import ConfigurationError
from tests.config.written import loaded

NIGHT = """
title: Our own night
id: 1
name: r13_privileged_at_night
level: high
description: Our offices close at five.
detection:
  wanted: {event: admin.role.granted, hour|gte: 9}
  condition: wanted
"""


def test_the_rules_of_the_hub_judge_unless_told_otherwise(tmp_path: Path) -> None:
    told = loaded(tmp_path).rules

    assert list(told.told()) == [rule.name for rule in shipped_rules()]
    assert told.fresh()[0].node is not told.fresh()[0].node


def test_a_rule_of_ones_own_takes_the_place_of_one_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "night.yml").write_text(NIGHT)
    (tmp_path / "more.yml").write_text(NIGHT.replace("r13_privileged_at_night", "our_own"))

    told = loaded(tmp_path, '[audit]\nrule_files = ["night.yml", "more.yml"]\n').rules.told()

    assert told["r13_privileged_at_night"].title == told["our_own"].title == "Our own night"
    assert len(told) == len(shipped_rules()) + 1


def test_a_rule_that_is_off_does_not_judge(tmp_path: Path) -> None:
    told = loaded(tmp_path, '[audit]\nrules_off = ["r13_privileged_at_night"]\n').rules

    assert "r13_privileged_at_night" not in told.told()
    assert len(told.fresh()) == len(shipped_rules()) - 1


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ('rule_files = ["nowhere.yml"]', "audit.rule_files: cannot read"),
        ('rule_files = ["bad.yml"]', "bad.yml: not a rule"),
        ('rule_files = ["night.yml", "night.yml"]', "audit.rule_files: a name twice"),
        ('rules_off = ["r99"]', "audit.rules_off: no rule is named r99"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(tmp_path: Path, setting: str, sentence: str) -> None:
    (tmp_path / "night.yml").write_text(NIGHT)
    (tmp_path / "bad.yml").write_text("- nothing")

    with pytest.raises(ConfigurationError, match=sentence):
        loaded(tmp_path, f"[audit]\n{setting}\n")
