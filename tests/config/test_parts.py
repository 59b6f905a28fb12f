"""What of two configurations differs: names of parts, what weakens the audit, and never a value."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sso.config.parts import Difference, difference, parts_of
from tests.config.test_rules import NIGHT
from tests.config.written import DIRECTORY, loaded

SINK = '[[audit.sink]]\nname = "siem"\nkind = "file"\nfile = "siem.jsonl"\n'


def parts(folder: Path, text: str = "") -> Mapping[str, str]:
    return parts_of(loaded(folder, text))


def differs(folder: Path, before: str, after: str) -> Difference | None:
    return difference(parts(folder, before), parts(folder, after))


def test_the_same_configuration_does_not_differ(tmp_path: Path) -> None:
    assert differs(tmp_path, DIRECTORY, f"# a word\n{DIRECTORY}warn_days = 14\n") is None


def test_a_directory_is_named_when_it_is_new_differs_or_goes(tmp_path: Path) -> None:
    elsewhere = DIRECTORY.replace("127.0.0.1", "127.0.0.2")
    name = ("directory:civil-affairs",)

    assert differs(tmp_path, "", DIRECTORY) == Difference(name, (), (), ())
    assert differs(tmp_path, DIRECTORY, elsewhere) == Difference((), name, (), ())
    assert differs(tmp_path, DIRECTORY, "") == Difference((), (), name, ())


@pytest.mark.parametrize(
    ("before", "after", "weakened"),
    [
        ("", '[audit]\nrules_off = ["r01_brute_force"]\n', ("rule_off:r01_brute_force",)),
        ("", '[audit]\nrule_files = ["night.yml"]\n', ("rule_replaced:r13_privileged_at_night",)),
        ('[audit]\nrule_files = ["own.yml"]\n', "", ("rule:our_own",)),
        (SINK, "", ("sink:siem",)),
        ("", "[audit]\nretention_days = 400\n", ("retention:retention_days",)),
        (
            "[audit]\npersonal_retention_days = 400\n",
            "[audit]\npersonal_retention_days = 399\n",
            ("retention:personal_retention_days",),
        ),
        ("[audit]\nfinding_retention_days = 800\n", "", ("retention:finding_retention_days",)),
    ],
)
def test_what_weakens_the_audit_is_named_and_its_opposite_is_not(
    tmp_path: Path, before: str, after: str, weakened: tuple[str, ...]
) -> None:
    (tmp_path / "night.yml").write_text(NIGHT)
    (tmp_path / "own.yml").write_text(NIGHT.replace("r13_privileged_at_night", "our_own"))

    there, back = differs(tmp_path, before, after), differs(tmp_path, after, before)

    assert there is not None
    assert there.weakened == weakened
    assert back is not None
    assert back.weakened == ()


@pytest.mark.parametrize(("name", "part"), [("own", "rule"), ("r13_privileged_at_night", "rule_replaced")])
def test_a_rule_of_ones_own_that_differs_may_see_less(tmp_path: Path, name: str, part: str) -> None:
    text, rule = '[audit]\nrule_files = ["own.yml"]\n', NIGHT.replace("r13_privileged_at_night", name)
    (tmp_path / "own.yml").write_text(rule)
    before = parts(tmp_path, text)
    (tmp_path / "own.yml").write_text(rule.replace("admin.role.granted", "session.created"))

    found = difference(before, parts(tmp_path, text))

    assert found == Difference((), (f"{part}:{name}",), (), (f"{part}:{name}",))


def test_a_sink_that_points_elsewhere_differs(tmp_path: Path) -> None:
    found = differs(tmp_path, SINK, SINK.replace("siem.jsonl", "other.jsonl"))

    assert found == Difference((), ("sink:siem",), (), ())


def test_what_is_remembered_tells_no_value(tmp_path: Path) -> None:
    told = str(parts(tmp_path, DIRECTORY + SINK))

    assert "127.0.0.1" not in told
    assert "siem.jsonl" not in told
