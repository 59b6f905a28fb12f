"""Detection rules: each finds its positive example, and nothing in its negative one."""

import hashlib
import importlib.resources
import json
import zlib
from datetime import timedelta

import pytest

from sso.audit.event import EVENT_CLASSES
from sso.audit.record import AuditRecord
from sso.audit.rules.condition import ConditionInvalid, condition_of
from sso.audit.rules.engine import Match, Rule, joined, match_of, matches, memory_of, recall, seen_of
from sso.audit.rules.examples import BEGIN, Step, examples_of, records_of
from sso.audit.rules.reading import RuleInvalid, rule_of
from sso.audit.rules.shipped import shipped_examples, shipped_rule
from sso.oidc.registration.whole import FIELDS

FOLDER = importlib.resources.files("sso.audit.rules")
NAMES = sorted(file.name.removesuffix(".yml") for file in FOLDER.iterdir() if file.name.endswith(".yml"))
MINUTE = timedelta(minutes=1)
BASE = """
title: A rule
id: 1
name: {name}
level: low
description: words
"""


def text_of(name: str) -> str:
    return FOLDER.joinpath(f"{name}.yml").read_text(encoding="utf-8")


def found(rule: str, steps: list[Step]) -> list[Match]:
    return list(matches([rule_of(rule)], records_of(steps)))


def test_every_rule_is_there() -> None:
    assert [int(name[1:3]) for name in NAMES] == sorted([*range(1, 33), 26])
    assert {"r26_log_in_doubt", "r26_log_not_vouched"} <= set(NAMES)


@pytest.mark.parametrize(
    "member",
    ["redirect_uris", "jwks", "jwks_uri", "token_endpoint_auth_method", "tls_client_auth_subject_dn"],
)
def test_a_change_of_where_tokens_go_is_found_also_where_a_field_was_emptied(member: str) -> None:
    assert member in FIELDS
    steps: list[Step] = [
        {"event": "client.updated", "client_id": "c", "before": {member: None}, "after": {member: "x"}},
        {"event": "client.updated", "client_id": "c", "before": {member: "x"}, "after": {member: None}},
    ]

    assert len(found(text_of("r17_client_changed"), steps)) == 2


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("r17_client_changed", {"event": "client.secret.rotated"}),
        ("r22_new_trust", {"event": "client.adopted"}),
        ("r22_new_trust", {"event": "audit.epoch.opened", "epoch": 2}),
        ("r22_new_trust", {"event": "audit.log_key.added", "key": "k"}),
        ("r22_new_trust", {"event": "configuration.changed", "added": ["directory:civil"]}),
        ("r22_new_trust", {"event": "configuration.changed", "altered": ["upstream:national"]}),
        ("r32_audit_weakened", {"event": "configuration.changed", "altered": ["sink:siem"]}),
        ("r25_large_export", {"event": "audit.evidence.sealed", "entries": 1000}),
        ("r26_log_in_doubt", {"event": "audit.checkpoint.rejected"}),
        ("r26_log_not_vouched", {"event": "audit.sink.failed", "sink": "siem"}),
    ],
)
def test_a_rule_finds_each_thing_that_it_speaks_of(name: str, step: Step) -> None:
    assert len(found(text_of(name), [step])) == 1


def test_a_spray_is_found_in_whichever_order_names_and_addresses_become_many() -> None:
    failed: Step = {"event": "auth.login.failure", "status_code": "UNKNOWN_USER", "user_agent": "bot"}
    names = {**failed, "vary": "name_hmac", "times": 60, "every": "10s", "address": "192.0.2.1"}
    addresses = {**failed, "vary": "address", "times": 19, "every": "10s", "name_hmac": "n"}

    assert found(text_of("r03_distributed_spray"), [names, addresses]) == []
    assert found(text_of("r03_distributed_spray"), [names, {**addresses, "times": 21}])


def test_a_spray_names_each_record_once() -> None:
    """Both counts of the rule stand on the same records."""
    records = list(records_of(shipped_examples("r03_distributed_spray").positive))

    (match,) = matches([shipped_rule("r03_distributed_spray")], iter(records))

    assert list(match.ids) == [record.id for record in records]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(name: str) -> None:
    told = examples_of(FOLDER.joinpath("examples", f"{name}.yml").read_text(encoding="utf-8"))

    rule = rule_of(text_of(name))
    assert rule.name == name
    assert len(list(matches([rule], records_of(told.positive)))) == 1
    assert found(text_of(name), list(told.negative)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_speaks_of_events_that_exist(name: str) -> None:
    codes = {event.code for event in EVENT_CLASSES}
    families = {code.partition(".")[0] for code in codes}

    words = {word.strip(" -,[]") for word in text_of(name).replace("event:", "").split("\n")}
    spoken = {
        word for word in words if word.partition(".")[0] in families and " " not in word and "." in word
    }

    assert spoken <= codes
    assert spoken


def simple(detection: str) -> str:
    return BASE.format(name="one") + "detection:\n" + detection


@pytest.mark.parametrize(
    ("line", "member", "meets"),
    [
        ("scope: 'open*'", {"scope": "openid"}, True),
        ("scope: 'open?'", {"scope": "openid"}, False),
        ("scope|contains: PEN", {"scope": "openid"}, True),
        ("scope|startswith: open", {"scope": "reopen"}, False),
        ("scope|endswith: pen", {"scope": "reopen"}, True),
        ("scope: a.c", {"scope": "abc"}, False),
        ("scope: [a, b]", {"scope": ["b", "c"]}, True),
        ("scope|contains|all: [a, b]", {"scope": "only a"}, False),
        ("scope: null", {}, True),
        ("scope: null", {"scope": "x"}, False),
        ("count|gte: 3", {"count": 3}, True),
        ("count|lt: 3", {"count": 3}, False),
        ("count|gt: 3", {"count": "4"}, False),
        ("impersonation: true", {"impersonation": True}, True),
    ],
)
def test_a_line_means_what_sigma_says(line: str, member: Step, meets: bool) -> None:
    rule = simple(f"  wanted:\n    {line}\n  condition: wanted\n")

    assert bool(found(rule, [{"event": "e", **member}])) is meets


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("a or b", 2),
        ("a and b", 0),
        ("a and not b", 1),
        ("not a and b", 1),
        ("not (a or b)", 1),
        ("not a or b", 2),
    ],
)
def test_an_event_that_no_selection_names_is_still_meant_by_what_is_not(condition: str, meant: int) -> None:
    rule = simple(f"  a: {{event: one}}\n  b: {{status_code: X}}\n  condition: {condition}\n")
    records = [{"event": "one"}, {"event": "two", "status_code": "X"}, {"event": "three"}]

    assert len(found(rule, [*records, *records])) == 2 * meant


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("a", True), ("not a", False), ("a and b", False), ("a or b and b", True), ("(a or b) and b", False)],
)
def test_not_binds_closer_than_and_and_that_than_or(condition: str, holds: bool) -> None:
    truth, _ = condition_of(condition)

    assert truth({"a": True, "b": False}) is holds


@pytest.mark.parametrize("condition", ["", "a and", "(a", "a b", "1 of them", "a)", "not", "a | b", "or a"])
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(ConditionInvalid):
        condition_of(condition)


_COUNT = "{type: event_count, rules: [one], group-by: [account_id], timespan: 5m, condition: {gte: 3}}"
COUNT = f"correlation: {_COUNT}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b",
        "a: [",
        "title: x",
        "!!python/object/apply:os.system ['true']",
        "x" * 70_000,
        simple("  wanted: nothing\n  condition: wanted\n"),
        simple("  wanted: {event|re: x}\n  condition: wanted\n"),
        simple("  wanted: {event: x}\n  condition: other\n"),
        simple("  wanted: {event: x}\n  more: {event: y}\n  condition: wanted\n"),
        simple("  wanted: {event: x}\n  condition: wanted\n").replace("low", "mild"),
        simple("  wanted: {event: x}\n  condition: wanted\n") + "---" + BASE.format(name="one") + COUNT,
        BASE.format(name="two") + COUNT,
        *(
            simple("  wanted: {event: x}\n  condition: wanted\n") + "---" + BASE.format(name="two") + wrong
            for wrong in (
                COUNT.replace("5m", "5 minutes"),
                COUNT.replace("5m", "0m"),
                COUNT.replace("gte: 3", "lt: 3"),
                COUNT.replace("gte: 3", "gte: 100000"),
                COUNT.replace("event_count", "temporal"),
                COUNT.replace("[account_id]", "[]"),
            )
        ),
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleInvalid):
        rule_of(text)


@pytest.mark.parametrize("when", ["after: 1 h", "every: 5min", "after: 90", "every: 1_000s"])
def test_a_misspelt_time_span_of_an_example_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match="a time span is"):
        examples_of(f"positive:\n- {{event: e, {when}}}\nnegative: []")


def failures(times: int, every: str, after: str = "0s") -> Step:
    step: Step = {"event": "auth.login.failure", "status_code": "BAD_CREDENTIAL", "account_id": "a"}
    return {**step, "times": times, "every": every, "after": after}


def test_a_burst_is_one_finding_with_every_record_and_one_after_a_pause_is_another() -> None:
    matched = found(text_of("r01_brute_force"), [failures(25, "10s"), failures(12, "10s", after="20m")])

    together = joined(matched)

    assert [len(each.ids) for each in together] == [25, 12]
    assert [len(each.ids) for each in matched][:2] == [10, 1]
    assert together[0].at > BEGIN


def test_what_rules_found_is_not_shown_to_rules() -> None:
    everything = simple("  wanted: {outcome: success}\n  condition: wanted\n")

    assert len(found(everything, [{"event": "finding.opened"}, {"event": "client.updated"}])) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_goes_on_from_what_it_remembered(name: str) -> None:
    """Wherever it was interrupted; and nothing that it remembers tells of anybody."""
    records = list(records_of(shipped_examples(name).positive))
    whole = [match.ids for match in matches([shipped_rule(name)], iter(records))]
    for cut in {1, len(records) // 2, len(records) - 1}:
        first, second = shipped_rule(name), shipped_rule(name)
        before = [match.ids for match in shown(first, records[:cut])]
        memory = memory_of(first, records[cut - 1].occurred_at)
        recall(second, memory)

        assert before + [match.ids for match in shown(second, records[cut:])] == whole
        assert b"account_id-" not in zlib.decompress(memory)


def shown(rule: Rule, records: list[AuditRecord]) -> list[Match]:
    seen = [
        seen_of(record, lambda values: hashlib.sha256("\0".join(values).encode()).hexdigest())
        for record in records
    ]
    return [match for each in seen if each is not None and (match := match_of(rule, each)) is not None]


def test_a_memory_forgets_what_is_older_than_its_span() -> None:
    rule = rule_of(text_of("r01_brute_force"))
    shown(rule, list(records_of([failures(9, "1s")])))

    young, old = (
        json.loads(zlib.decompress(memory_of(rule, BEGIN + each))) for each in (MINUTE, 20 * MINUTE)
    )

    assert len(young["groups"]) == 1
    assert old["groups"] == {}


def test_a_rule_says_of_which_events_it_speaks_and_what_its_findings_have_in_common() -> None:
    rule = shipped_rule("r04_success_after_brute_force")

    assert rule.events == ("auth.login.failure", "auth.login.success")
    assert (rule.group_by, rule.span) == (("account_id",), 360 * MINUTE)
    assert shipped_rule("r17_client_changed").group_by == ("client_id",)


def test_who_is_shown_only_what_it_wants_finds_what_it_finds_in_everything() -> None:
    examples = [shipped_examples(name) for name in NAMES]
    records = list(records_of([step for each in examples for step in (*each.positive, *each.negative)]))
    everybody = [shipped_rule(name) for name in NAMES]
    found = [
        match_of(rule, seen)
        for record in records
        if (seen := seen_of(record)) is not None
        for rule in everybody
    ]

    wanted = matches([shipped_rule(name) for name in NAMES], iter(records))

    expected = [(each.rule.name, each.ids) for each in found if each is not None]
    assert [(each.rule.name, each.ids) for each in wanted] == expected
    assert len({name for name, _ in expected}) > len(NAMES) / 2
