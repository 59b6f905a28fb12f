"""`r05_impossible_travel`: how far, how fast and how long counts, and what is remembered of places."""

import json
import zlib
from datetime import timedelta

import pytest

from sso.audit.rules.engine import Match, match_of, matches, memory_of, recall, seen_of
from sso.audit.rules.examples import BEGIN, Step, records_of
from sso.audit.rules.location import kilometres
from sso.audit.rules.reading import RuleInvalid, rule_of
from sso.audit.rules.shipped import shipped_rule
from sso.audit.rules.travel import MAX_PLACES
from tests.audit.test_rules import text_of

DEGREE_KM = 111.195
MINUTE = timedelta(minutes=1)


def at(latitude: float, after: str = "0s", **more: str) -> Step:
    """A sign-in on the meridian of Greenwich: a degree of latitude is DEGREE_KM."""
    step: Step = {"event": "auth.login.success", "account_id": "a", "latitude": latitude, "longitude": 0}
    return {**step, "after": after, **more}


def found(*steps: Step) -> list[Match]:
    return list(matches([shipped_rule("r05_impossible_travel")], records_of(list(steps))))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (1, 0), DEGREE_KM),
        ((0, 179.5), (0, -179.5), DEGREE_KM),
        ((90, 0), (-90, 123), 20_015.1),
        ((47.9, 106.9), (39.9, 116.4), 1_165),
        ((51.5, -0.1), (40.7, -74.0), 5_570),
    ],
)
def test_distances_are_those_over_the_surface(
    one: tuple[float, float], other: tuple[float, float], expected: float
) -> None:
    assert kilometres(one, other) == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize(
    ("degrees", "after", "is_found"),
    [
        (4.4, "1s", False),  # 489 km
        (4.5, "1s", True),  # 500.4 km
        (4.5, "0s", True),
        (4.5, "37m", True),  # at 811 km/h
        (4.5, "38m", False),  # at 790 km/h
        (10.8, "90m", True),  # 1201 km at 801 km/h
        (10.7, "90m", False),  # at 793 km/h
        (90, "90m", True),
        (90, "5401s", False),  # nothing is remembered for longer
    ],
)
def test_far_and_fast_and_soon_enough_counts(degrees: float, after: str, is_found: bool) -> None:
    assert bool(found(at(0), at(degrees, after))) is is_found


def test_both_records_are_the_evidence_and_what_goes_on_is_one_more() -> None:
    first, second = found(at(0), at(20, "5m"), at(20, "1m"))

    assert len(first.ids) == len(second.ids) == 2
    assert first.people == ()
    assert (first.group, second.group) == ("r05_impossible_travel\0a",) * 2


def test_a_place_in_between_hides_nothing() -> None:
    """Neither leg is far enough alone; from the first place to the third nobody comes."""
    (match,) = found(at(0), at(3, "5m"), at(6, "5m"))

    assert len(match.ids) == 2


def test_many_places_are_not_all_remembered() -> None:
    near = [at(round(0.1 * number, 1), "1s") for number in range(1, MAX_PLACES + 1)]

    assert len(found(at(0), *near[:-1], at(4.5, "1s"))) == 1
    assert found(at(0), *near, at(4.5, "1s")) == []


@pytest.mark.parametrize(
    "step",
    [
        at(20, "1m", account_id="b"),
        at(20, "1m", event="session.sso_reused"),
        {"event": "auth.login.success", "account_id": "a", "after": "1m"},
        {"event": "auth.login.success", "account_id": "a", "latitude": "20", "longitude": 0, "after": "1m"},
        {"event": "auth.login.success", "account_id": "a", "latitude": 20, "after": "1m"},
        {"event": "auth.login.success", "latitude": 20, "longitude": 0, "after": "1m"},
    ],
)
def test_other_accounts_other_events_and_no_place_do_not_count(step: Step) -> None:
    assert found(at(0), step) == []
    assert len(found(at(0), step, at(20, "1m"))) == 1


def test_a_record_that_comes_late_counts_the_time_between_all_the_same() -> None:
    rule, records = shipped_rule("r05_impossible_travel"), list(records_of([at(0), at(20, "5m")]))

    seen = [each for each in map(seen_of, reversed(records)) if each is not None]

    assert [match is not None for match in (match_of(rule, each) for each in seen)] == [False, True]


def test_places_are_remembered_for_the_span_and_no_longer() -> None:
    rule = shipped_rule("r05_impossible_travel")
    list(matches([rule], records_of([at(1.2), at(2.3, "60m")])))

    def kept(now: timedelta) -> list[list[list[object]]]:
        memory = json.loads(zlib.decompress(memory_of(rule, BEGIN + now)))
        return [[place[:2] for place in places] for places in memory["groups"].values()]

    assert kept(90 * MINUTE) == [[[1.2, 0.0], [2.3, 0.0]]]
    assert kept(91 * MINUTE) == [[[2.3, 0.0]]]
    assert kept(151 * MINUTE) == []


def test_places_are_forgotten_while_judging_too() -> None:
    rule = shipped_rule("r05_impossible_travel")

    list(matches([rule], records_of([at(1, account_id=f"a{n}") for n in range(9)] + [at(2, "91m")])))

    assert len(rule.node._groups) == 1  # type: ignore[attr-defined]


def test_who_goes_on_knows_the_places() -> None:
    one, other = shipped_rule("r05_impossible_travel"), shipped_rule("r05_impossible_travel")
    first, second = records_of([at(0), at(20, "5m")])
    seen = [each for each in map(seen_of, (first, second)) if each is not None]
    match_of(one, seen[0])

    recall(other, memory_of(one, first.occurred_at + MINUTE))

    match = match_of(other, seen[1])
    assert match is not None
    assert match.ids == (first.id, second.id)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("kilometres: 500", "kilometres: 0"),
        ("kilometres: 500", "kilometres: far"),
        ("kilometres: 500", "kilometres: true"),
        ("kilometres-per-hour: 800", "other: 800"),
        ("group-by: [account_id]", "group-by: account_id"),
        ("timespan: 90m", "timespan: soon"),
    ],
)
def test_a_travel_that_says_too_little_is_refused(line: str, wrong: str) -> None:
    with pytest.raises(RuleInvalid):
        rule_of(text_of("r05_impossible_travel").replace(line, wrong))


def test_rules_that_ask_for_a_place_need_a_geography() -> None:
    asking = text_of("r14_role_granted").replace(
        "condition:", "abroad:\n    country: XX\n  condition: abroad or"
    )

    assert shipped_rule("r05_impossible_travel").needs_geography
    assert rule_of(asking).needs_geography
    assert not shipped_rule("r14_role_granted").needs_geography


def test_a_rule_that_compares_places_needs_a_geography() -> None:
    counted = text_of("r02_password_spray").replace("field: name_hmac", "field: country")
    grouped = text_of("r02_password_spray").replace("group-by: [address]", "group-by: [country]")
    new = text_of("r12_new_application_of_clerk").replace("client_id]", "country]")

    for text in (counted, grouped, new):
        assert "country" in text
        assert rule_of(text).needs_geography
    assert not shipped_rule("r12_new_application_of_clerk").needs_geography


def test_a_place_is_forgotten_when_the_span_is_over() -> None:
    rule = shipped_rule("r05_impossible_travel")
    for record in records_of([at(float(degree), "1h") for degree in range(6)]):
        seen = seen_of(record)
        assert seen is not None
        match_of(rule, seen)

    groups = json.loads(zlib.decompress(memory_of(rule, BEGIN + timedelta(hours=6))))["groups"]

    assert [len(places) for places in groups.values()] == [2]
    assert [len(places) for places in rule.node._groups.values()] == [2]  # type: ignore[attr-defined]
