"""Checkpoints and proofs as files (C2SP tlog-checkpoint, tlog-proof)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.audit.checkpoint import Checkpoint, LogProof, verified_checkpoint
from sso.audit.merkle.proofs import inclusion_proof
from sso.audit.merkle.tree import leaf_hash
from sso.audit.signed_note import NoteInvalid, NoteSigner, note_of
from tests.audit.merkle.grown import Grown

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ORIGIN = "id.example.gov/audit"
SIGNER = NoteSigner.new(ORIGIN)
WHOLE = Grown(11)
CHECKPOINT = Checkpoint(ORIGIN, 11, WHOLE.root)


def signed(checkpoint: Checkpoint) -> str:
    return note_of(str(checkpoint), [SIGNER.sign(str(checkpoint), NOW)])


def proof(index: int = 5) -> LogProof:
    return LogProof(index, tuple(inclusion_proof(WHOLE.node, index, 11)), signed(CHECKPOINT), b"extra")


def test_a_checkpoint_is_three_lines_and_read_back() -> None:
    assert str(CHECKPOINT).split("\n")[:2] == [ORIGIN, "11"]
    assert Checkpoint.parse(str(CHECKPOINT)) == CHECKPOINT
    assert verified_checkpoint(signed(CHECKPOINT), ORIGIN, [SIGNER.key]) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", f"\n1\n{'A' * 43}=\n", f"a\n01\n{'A' * 43}=\n", f"a\n-1\n{'A' * 43}=\n", "a\n1\nAAAA\n",
     f"a\n1\n{'!' * 43}=\n", f"a\n1\n{'A' * 43}="],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        Checkpoint.parse(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(NoteInvalid, match="another log"):
        verified_checkpoint(signed(CHECKPOINT), "other.example/audit", [SIGNER.key])


def test_a_proof_is_a_file_that_verifies() -> None:
    read = LogProof.parse(str(proof()))

    assert read == proof()
    assert read.verify(leaf_hash(b"5"), ORIGIN, [SIGNER.key]) == CHECKPOINT


def test_a_proof_of_the_only_entry_has_no_hashes() -> None:
    one = Grown(1)
    alone = LogProof(0, (), signed(Checkpoint(ORIGIN, 1, one.root)))

    assert LogProof.parse(str(alone)).verify(leaf_hash(b"0"), ORIGIN, [SIGNER.key]).size == 1


def test_a_proof_is_of_its_entry_only() -> None:
    for other in (b"4", b"6", b""):
        with pytest.raises(NoteInvalid, match="not at 5"):
            proof().verify(leaf_hash(other), ORIGIN, [SIGNER.key])


@given(st.integers(0, len(str(proof())) - 1), st.characters(codec="utf-8"))
def test_no_changed_character_passes(place: int, character: str) -> None:
    text = str(proof())
    changed = text[:place] + character + text[place + 1 :]
    extra = text.index("extra ") <= place < text.index("\nindex")  # the application's own, proven by nobody

    if changed != text and not extra:
        with pytest.raises(NoteInvalid):
            LogProof.parse(changed).verify(leaf_hash(b"5"), ORIGIN, [SIGNER.key])
