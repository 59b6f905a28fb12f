"""acr and amr follow from what was proven, and from nothing else."""

from itertools import chain, combinations

import pytest

from sso.authentication.evidence import ACR_NONE, ACR_VALUES, Factor, assurance_of

RANKS = (ACR_NONE, *ACR_VALUES)
"""Every level, the weakest first."""
PROVEN = [
    frozenset(some)
    for some in chain.from_iterable(combinations(Factor, size) for size in range(len(Factor) + 1))
]


@pytest.mark.parametrize("factors", PROVEN)
def test_removing_evidence_never_raises_the_level(factors: frozenset[Factor]) -> None:
    whole = RANKS.index(assurance_of(factors).acr)

    assert all(RANKS.index(assurance_of(factors - {lost}).acr) <= whole for lost in factors)


@pytest.mark.parametrize("factors", PROVEN)
def test_the_methods_are_what_was_proven(factors: frozenset[Factor]) -> None:
    """RFC 8176 2."""
    assert set(assurance_of(factors).amr) == {factor.value for factor in factors}
