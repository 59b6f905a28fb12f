"""Proofs and their verification (RFC 9162 2.1.3, 2.1.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.audit.merkle.proofs import consistency_proof, inclusion_proof, range_proof
from sso.audit.merkle.tree import EMPTY_ROOT, leaf_hash, range_root
from sso.audit.merkle.verification import consistent, includes
from sso.audit.verifier import verify
from tests.audit.merkle import oracle
from tests.audit.merkle.grown import Grown

WHOLE = Grown(130)
ROOTS = [EMPTY_ROOT, *(range_root(WHOLE.node, 0, size) for size in range(1, WHOLE.size + 1))]
ENTRIES = [b"%d" % number for number in range(WHOLE.size)]
sizes = st.integers(1, WHOLE.size)


def test_every_proof_is_the_one_that_the_definition_gives() -> None:
    """RFC 9162 2.1.3.1 and 2.1.4.1."""
    for size in range(1, 40):
        for index in range(size):
            assert inclusion_proof(WHOLE.node, index, size) == oracle.path(index, ENTRIES[:size])
            assert consistency_proof(WHOLE.node, index + 1, size) == oracle.proof(index + 1, ENTRIES[:size])


def test_every_leaf_of_every_tree_is_proven_and_at_no_other_place() -> None:
    """RFC 9162 2.1.3.2."""
    for size in range(1, WHOLE.size):
        for index in range(size):
            leaf, proof = WHOLE.leaves[index], inclusion_proof(WHOLE.node, index, size)

            assert includes(leaf, index, size, proof, ROOTS[size])
            assert not includes(leaf, index + 1, size, proof, ROOTS[size])
            assert not includes(leaf_hash(b"other"), index, size, proof, ROOTS[size])
            assert not includes(leaf, index, size, [*proof, b"x" * 32], ROOTS[size])
            assert not proof or not includes(leaf, index, size, proof[:-1], ROOTS[size])


def test_every_tree_is_proven_to_have_grown_out_of_every_earlier_one() -> None:
    """RFC 9162 2.1.4.2."""
    for new in range(WHOLE.size + 1):
        for old in range(new + 1):
            proof = consistency_proof(WHOLE.node, old, new)

            assert consistent((old, ROOTS[old]), (new, ROOTS[new]), proof)
            assert not consistent((old, b"x" * 32), (new, ROOTS[new]), proof)
            assert old == 0 or not consistent((old, ROOTS[old]), (new, b"x" * 32), proof)


def test_every_range_of_every_tree_is_proven_by_what_the_definition_gives() -> None:
    """RFC 9162 2.1.1; of one leaf it is the inclusion proof (2.1.3.1)."""
    for size in range(1, 24):
        for begin in range(size):
            for end in range(begin + 1, size + 1):
                proof = range_proof(WHOLE.node, begin, end, size)

                assert proof == oracle.beside(begin, end, ENTRIES[:size])
                assert verify.includes(ENTRIES[begin:end], begin, size, proof, ROOTS[size])
            assert range_proof(WHOLE.node, begin, begin + 1, size) == oracle.path(begin, ENTRIES[:size])


@given(st.data(), sizes)
def test_a_range_is_proven_at_no_other_place_and_by_no_other_hashes(data: st.DataObject, size: int) -> None:
    begin = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(begin + 1, size))
    proof, entries = range_proof(WHOLE.from_tiles.node, begin, end, size), ENTRIES[begin:end]
    place = data.draw(st.integers(0, len(proof)))
    other = data.draw(st.integers(0, WHOLE.size))

    def holds(entries: list[bytes], begin: int, proof: list[bytes]) -> bool:
        return bool(verify.includes(entries, begin, size, proof, ROOTS[size]))

    assert holds(entries, begin, proof)
    assert len(proof) <= 2 * size.bit_length()
    assert other == begin or not holds(entries, other, proof)
    assert not holds([*entries[:-1], b"other"], begin, proof)
    assert not holds(entries[:-1], begin, proof)
    assert not holds([*entries, ENTRIES[end % WHOLE.size]], begin, proof)
    assert not holds(entries, begin, [*proof[:place], b"x" * 32, *proof[place:]])
    assert not proof or not holds(entries, begin, [*proof[:place], *proof[place + 1 :]][: len(proof) - 1])


@given(st.data(), sizes)
def test_one_changed_byte_spoils_an_inclusion_proof(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(WHOLE.node, index, size)
    place = data.draw(st.integers(0, max(0, 32 * len(proof) - 1)))
    spoiled = b"".join(proof)[:place] + b"".join(proof)[place + 1 :] + b"\0"

    hashes = [spoiled[i : i + 32] for i in range(0, len(spoiled), 32)]

    assert hashes == proof or not includes(WHOLE.leaves[index], index, size, hashes, ROOTS[size])


@given(sizes, sizes, sizes)
def test_a_consistency_proof_serves_no_other_sizes(old: int, new: int, other: int) -> None:
    old, new = sorted((old, new))
    proof = consistency_proof(WHOLE.node, old, new)

    assert other == old or not consistent((other, ROOTS[other]), (new, ROOTS[new]), proof)
    assert other == new or not consistent((old, ROOTS[old]), (other, ROOTS[other]), proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(WHOLE.node, index, size)

    assert not includes(WHOLE.leaves[0], index, size, [], ROOTS[1])


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (3, 2), (-1, 2), (4, 6), (5, 6)])
def test_a_range_outside_the_tree_has_no_proof(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match="no leaves"):
        range_proof(WHOLE.node, begin, end, 5)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_tree_that_shrank_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="cannot have grown"):
        consistency_proof(WHOLE.node, old, new)

    assert not consistent((old, ROOTS[0]), (new, ROOTS[new]), [])


def test_proofs_from_tiles_serve_as_well() -> None:
    grown = Grown(70_000)
    node = grown.from_tiles.node

    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert includes(
            grown.leaves[index], index, grown.size, inclusion_proof(node, index, grown.size), grown.root
        )
    proof = consistency_proof(node, 65_537, grown.size)
    assert consistent((65_537, range_root(grown.node, 0, 65_537)), (grown.size, grown.root), proof)
