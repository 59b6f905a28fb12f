"""The rules of the hub as another Sigma tool reads them: pySigma, which we did not write."""

import importlib.resources

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from sso.audit.rules.new_term import NewTerm
from sso.audit.rules.nodes import Counting, Node, Ordered
from sso.audit.rules.reading import EXTENSION, RuleInvalid, rule_of
from sso.audit.rules.travel import Travel

FOLDER = importlib.resources.files("sso.audit.rules")
NAMES = sorted(file.name.removesuffix(".yml") for file in FOLDER.iterdir() if file.name.endswith(".yml"))


def text_of(name: str) -> str:
    return FOLDER.joinpath(f"{name}.yml").read_text(encoding="utf-8")


def read(name: str) -> list[SigmaRule | SigmaCorrelationRule]:
    """What pySigma makes of a file, one rule a document; it raises where that is none of Sigma's."""
    whole = SigmaCollection.from_yaml(text_of(name), collect_errors=False)
    whole.resolve_rule_references()
    return [each for each in whole.rules if isinstance(each, SigmaRule | SigmaCorrelationRule)]


@pytest.mark.parametrize("name", NAMES)
def test_another_tool_reads_every_rule_and_sees_the_same_of_it(name: str) -> None:
    ours, documents = rule_of(text_of(name)), list(yaml.safe_load_all(text_of(name)))

    theirs = read(name)

    assert len(theirs) == len(documents)
    last = theirs[-1]
    assert (last.name, last.title, str(last.id)) == (ours.name, ours.title, ours.id)
    assert last.level is not None
    assert last.level.name.lower() == ours.level
    assert last.description is not None
    assert " ".join(last.description.split()) == ours.description


@pytest.mark.parametrize("name", NAMES)
def test_another_tool_understands_every_condition(name: str) -> None:
    documents = yaml.safe_load_all(text_of(name))

    detections = [
        (told, each) for told, each in zip(documents, read(name), strict=True) if told.get("detection")
    ]

    for told, each in detections:
        assert isinstance(each, SigmaRule)
        assert set(each.detection.detections) == set(told["detection"]) - {"condition"}
        for condition in each.detection.parsed_condition:
            assert condition.parsed is not None
    assert detections


def kind_of(node: Node) -> str | None:
    if isinstance(node, Counting):
        return "event_count" if node.distinct is None else "value_count"
    return "temporal_ordered" if isinstance(node, Ordered) else None


@pytest.mark.parametrize("name", NAMES)
def test_another_tool_correlates_what_we_do(name: str) -> None:
    node, theirs = rule_of(text_of(name)).node, read(name)[-1]

    if not isinstance(node, Counting | Ordered):
        assert isinstance(theirs, SigmaRule)
        return
    assert isinstance(theirs, SigmaCorrelationRule)
    assert theirs.type.name.lower() == kind_of(node)
    assert tuple(theirs.group_by or ()) == node.group_by
    assert theirs.timespan is not None
    assert theirs.timespan.seconds == node.span.total_seconds()
    if isinstance(node, Counting):
        assert theirs.condition is not None
        assert (theirs.condition.op.name, theirs.condition.count) == ("GTE", node.least)
        assert theirs.condition.fieldref == node.distinct


def test_ids_are_unique_also_to_another_tool() -> None:
    ids = [each.id for name in NAMES for each in read(name)]

    assert None not in ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("r05_impossible_travel", Travel),
        ("r11_dormant_client", NewTerm),
        ("r12_new_application_of_clerk", NewTerm),
        ("r18_new_claims", NewTerm),
    ],
)
def test_what_sigma_has_no_word_for_is_an_attribute_that_other_tools_pass_over(
    name: str, kind: type[Node]
) -> None:
    (theirs,) = read(name)

    assert isinstance(theirs, SigmaRule)
    assert set(theirs.custom_attributes) == {EXTENSION}
    assert theirs.custom_attributes[EXTENSION]["type"] == {Travel: "travel", NewTerm: "new_term"}[kind]
    assert isinstance(rule_of(text_of(name)).node, kind)


def test_the_old_spelling_is_refused_with_what_to_write() -> None:
    old = text_of("r11_dormant_client").replace("r11_dormant_client", "one").replace("sso_hub:", "other:")
    correlation = "correlation: {type: new_term, rules: [one], fields: [client_id], timespan: 28d}"

    with pytest.raises(RuleInvalid, match="write sso_hub beside the detection"):
        rule_of(f"{old}---\ntitle: t\nid: 2\nname: two\nlevel: low\ndescription: d\n{correlation}\n")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("nothing", "sso_hub is missing"),
        ("{fields: [client_id], timespan: 28d}", "type is missing"),
        ("{type: rare, fields: [client_id], timespan: 28d}", "of type rare is not known"),
        ("{type: new_term, timespan: 28d}", "fields is a list"),
        ("{type: new_term, fields: [client_id]}", "timespan is missing"),
    ],
)
def test_an_extension_that_is_none_is_refused(told: str, why: str) -> None:
    text = text_of("r11_dormant_client")

    with pytest.raises(RuleInvalid, match=why):
        rule_of(f"{text.partition('sso_hub:')[0]}sso_hub: {told}\n")
