import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.claim_rules import ClaimRule

ENTRY = {"givenName": "Bolor", "sn": "Erdene", "ou": "OU-01", "mail": "Bolor@Civil.Example"}


def _text(**rule):
    return ClaimRule(**rule).text(ENTRY.get)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"first": ("displayName", "givenName")}, "Bolor"),
        ({"first": ("displayName",)}, None),
        ({"join": ("givenName", "displayName", "sn")}, "Bolor Erdene"),
        ({"join": ("sn", "givenName"), "separator": ""}, "ErdeneBolor"),
        ({"join": ("displayName",)}, None),
        ({"template": "{sn}, {givenName}"}, "Erdene, Bolor"),
        ({"template": "{sn} of {displayName}"}, None),
        ({"first": ("mail",), "lower": True}, "bolor@civil.example"),
        ({"first": ("ou",), "matching": "OU-([0-9]+)"}, "01"),
        ({"first": ("ou",), "matching": "OU-[0-9]+"}, "OU-01"),
        ({"first": ("ou",), "matching": "OU"}, None),
        ({"first": ("ou",), "matching": "OU-([0-9]+)", "table": {"01": "Registry"}}, "Registry"),
        ({"first": ("ou",), "table": {"01": "Registry"}}, None),
        ({"first": ("ou",), "table": {"01": "Registry"}, "otherwise": "Other"}, "Other"),
        ({"first": ("displayName",), "table": {"01": "Registry"}, "otherwise": "Other"}, None),
        ({"first": ("mail",), "lower": True, "table": {"bolor@civil.example": "x"}}, "x"),
    ],
)
def test_a_rule_makes_one_text_or_none(rule, text):
    assert _text(**rule) == text


def test_a_value_is_never_read_as_a_template():
    assert ClaimRule(template="{sn}").text({"sn": "{mail}", "mail": "secret"}.get) == "{mail}"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({}, "exactly one of first, join and template"),
        ({"first": ("a",), "join": ("b",)}, "exactly one of first, join and template"),
        ({"template": "no place"}, "names no attribute"),
        ({"first": ("a",), "otherwise": "x"}, "there is no map"),
        ({"first": ("a",), "matching": "("}, "not a regular expression"),
        ({"first": ("a",), "matching": "(a)(b)"}, "more than one group"),
        ({"first": ("a",), "matching": "(a+)+"}, "repeats a group"),
        ({"first": ("a",), "matching": "(?:a|a)*"}, "repeats a group"),
        ({"first": ("a",), "matching": "(a)\\1"}, "repeats a group or refers to one"),
        ({"first": ("a",), "matching": "(?=a+)a"}, "repeats a group or refers"),
        ({"first": ("a",), "matching": "a*b*c*d*"}, "more than 3 times"),
        ({"first": ("a",), "matching": "a" * 129}, "at most 128 characters"),
    ],
)
def test_a_rule_that_could_not_work_is_refused(rule, sentence):
    with pytest.raises(ValueError, match=sentence):
        ClaimRule(**rule)


@pytest.mark.parametrize("expression", ["[)*+]+", "\\)*x", "[^]]*", "\\++\\*", "a{2,3}b?"])
def test_what_only_looks_like_a_repeated_group_is_accepted(expression):
    assert ClaimRule(first=("a",), matching=expression).matching == expression


def test_the_worst_expression_that_is_accepted_answers_soon():
    rule = ClaimRule(first=("a",), matching="[a-z]*[a-z]*[a-z]*1")
    started_at = time.process_time()

    rule.text({"a": "a" * 256}.get)

    assert time.process_time() - started_at < 1


def test_a_long_text_is_not_matched_at_all():
    assert ClaimRule(first=("a",), matching="a*").text({"a": "a" * 257}.get) is None


@given(st.text(max_size=140))
def test_any_expression_is_accepted_or_refused_with_a_sentence(expression):
    try:
        ClaimRule(first=("a",), matching=expression).text({"a": "aaa"}.get)
    except ValueError as error:
        assert str(error)
