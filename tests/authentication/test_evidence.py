"""acr and amr follow from what was proven, here or elsewhere, and from nothing else."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.authentication.evidence import (
    ACR_NONE,
    ACR_PASSWORD,
    ACR_TWO_FACTORS,
    LEVELS,
    Factor,
    Vouched,
    assurance_of,
    rank,
    reachable,
)
from sso.authentication.upstream.settings import AcrTable

PROVEN = [
    frozenset(some)
    for some in chain.from_iterable(combinations(Factor, size) for size in range(len(Factor) + 1))
]
VOUCHED = [
    None,
    *(
        Vouched(level, amr)
        for level in (*LEVELS, "urn:another:acr")
        for amr in ((), ("pwd",), ("otp", "hwk", "<b>", "magic"))
    ),
]


@pytest.mark.parametrize("vouched", VOUCHED)
@pytest.mark.parametrize("factors", PROVEN)
def test_removing_evidence_never_raises_the_level(
    factors: frozenset[Factor], vouched: Vouched | None
) -> None:
    whole = rank(assurance_of(factors, vouched).acr)

    assert all(rank(assurance_of(factors - {lost}, vouched).acr) <= whole for lost in factors)
    assert rank(assurance_of(factors).acr) <= whole


@pytest.mark.parametrize("factors", PROVEN)
def test_the_methods_are_what_was_proven(factors: frozenset[Factor]) -> None:
    """RFC 8176 2."""
    assert set(assurance_of(factors).amr) == {factor.value for factor in factors}


@pytest.mark.parametrize("vouched", VOUCHED)
def test_what_others_vouch_for_is_passed_on_in_registered_words(vouched: Vouched | None) -> None:
    """RFC 8176 2."""
    assurance = assurance_of(frozenset(), vouched)

    assert assurance.acr in LEVELS
    assert set(assurance.amr) <= {"pwd", "otp", "hwk"}


def test_a_level_that_is_none_of_ours_is_worth_nothing() -> None:
    assert assurance_of(frozenset(), Vouched("urn:another:acr")).acr == ACR_NONE


def test_what_can_be_reached_is_what_is_proven_here_and_vouched_for_there() -> None:
    assert reachable([]) == (ACR_PASSWORD,)
    assert reachable([ACR_TWO_FACTORS, ACR_NONE]) == (ACR_PASSWORD, ACR_TWO_FACTORS)


@given(levels=st.lists(st.sampled_from(LEVELS), max_size=6))
def test_a_table_is_accepted_exactly_when_it_is_monotone(levels: list[str]) -> None:
    pairs = [(f"theirs-{number}", level) for number, level in enumerate(levels)]
    monotone = levels == sorted(levels, key=rank)

    if not monotone:
        with pytest.raises(ValueError, match="may not be worth less"):
            AcrTable(pairs)
        return
    table = AcrTable(pairs)
    worth = [rank(table.ours(theirs)) for theirs, _ in pairs]
    assert worth == sorted(worth)
    assert table.ours("unheard of") == ACR_NONE
