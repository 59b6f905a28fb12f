"""Signed notes and cosignatures (C2SP signed-note, tlog-cosignature)."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sso.audit.signed_note import COSIGNATURE, NoteInvalid, NoteKey, NoteSigner, note_of, verify_note

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TEXT = "id.example.gov/audit\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = NoteSigner.new("id.example.gov/audit", private=Ed25519PrivateKey.from_private_bytes(b"l" * 32))
WITNESS = NoteSigner.new("witness.example/1", COSIGNATURE, Ed25519PrivateKey.from_private_bytes(b"w" * 32))
NOTE = note_of(TEXT, [LOG.sign(TEXT, NOW), WITNESS.sign(TEXT, NOW)])
THEIRS = (  # the example that C2SP signed-note prints, with its key
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
THEIR_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def test_the_example_of_the_specification_verifies() -> None:
    verified = verify_note(THEIRS, [NoteKey.parse(THEIR_KEY)])

    assert verified.text == "This is an example message.\n"


def test_a_note_tells_who_signed_and_when_a_witness_did() -> None:
    verified = verify_note(NOTE, [LOG.key, WITNESS.key])

    assert verified.text == TEXT
    assert verified.by == ((LOG.key, None), (WITNESS.key, NOW))


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    stranger = NoteSigner.new("stranger")

    verified = verify_note(NOTE + stranger.sign(TEXT, NOW) + "\n", [WITNESS.key])

    assert [key for key, _ in verified.by] == [WITNESS.key]


def test_a_verifier_key_is_read_back() -> None:
    assert NoteKey.parse(str(LOG.key)) == LOG.key
    assert NoteKey.parse(str(WITNESS.key)) == WITNESS.key


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        NOTE[:-1],
        NOTE.replace("\n3\n", "\n4\n"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\u2014 id.example.gov/audit ", "\u2014 id.example.gov/audit =="),
        NOTE.replace("\n\n", "\n"),
        note_of(TEXT, [LOG.sign(TEXT + "more\n", NOW)]),
        note_of(TEXT, [LOG.sign(TEXT, NOW).replace("id.example.gov/audit", "other")]),
        note_of(TEXT, [LOG.sign(TEXT, NOW)[:-8] + "AAAAAAA="]),
        note_of(TEXT, [WITNESS.sign(TEXT, NOW).replace("witness.example/1", "id.example.gov/audit")]),
        note_of("x" * 70_000 + "\n", [LOG.sign("x" * 70_000 + "\n", NOW)]),
    ],
)
def test_what_the_log_did_not_sign_is_refused(note: str) -> None:
    with pytest.raises(NoteInvalid):
        verify_note(note, [LOG.key])


def test_a_cosignature_of_another_time_is_refused() -> None:
    early = WITNESS.sign(TEXT, NOW)
    late = WITNESS.sign(TEXT, datetime(2027, 1, 1, tzinfo=UTC))
    mixed = early[: len("\u2014 witness.example/1 ") + 16] + late[len("\u2014 witness.example/1 ") + 16 :]

    with pytest.raises(NoteInvalid):
        verify_note(note_of(TEXT, [mixed]), [WITNESS.key])


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+id", "name+00000000+!!", "name+00000000+AQ==", THEIR_KEY.replace("530d", "530e"),
     THEIR_KEY[:-4] + "AAAA"],
)  # fmt: skip
def test_a_verifier_key_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        NoteKey.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_name_that_no_line_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        NoteSigner.new(name)
