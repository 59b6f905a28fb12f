from uuid import UUID

import pytest

from sso.directory.entry import canonical_id_text, canonical_immutable_id
from sso.directory.presets import IdFormat
from tests.directory.examples import entry

GUID = UUID("9aa51c2e-8d3f-4f5e-9d0a-0123456789ab")


def test_an_object_guid_is_read_in_its_mixed_byte_order():
    assert canonical_immutable_id(IdFormat.GUID, GUID.bytes_le) == str(GUID)


def test_a_uuid_in_text_has_one_spelling():
    assert canonical_immutable_id(IdFormat.UUID, str(GUID).upper().encode()) == str(GUID)


def test_an_nsuniqueid_has_one_spelling():
    assert canonical_immutable_id(IdFormat.NSUNIQUEID, b"8A3B0001-12AB11EF-80D1FFFF-00AA11BB") == (
        "8a3b0001-12ab11ef-80d1ffff-00aa11bb"
    )


@pytest.mark.parametrize(
    ("id_format", "raw"),
    [
        (IdFormat.GUID, b"short"),
        (IdFormat.UUID, b""),
        (IdFormat.UUID, b"{9aa51c2e-8d3f-4f5e-9d0a-0123456789ab}"),
        (IdFormat.UUID, b"\xff" * 36),
        (IdFormat.NSUNIQUEID, b"9aa51c2e-8d3f-4f5e-9d0a-0123456789ab"),
    ],
)
def test_a_value_that_is_no_id_is_no_key(id_format, raw):
    assert canonical_immutable_id(id_format, raw) is None


@pytest.mark.parametrize("id_format", list(IdFormat))
def test_an_id_in_text_has_the_directory_s_spelling_whoever_says_it(id_format):
    raw = GUID.bytes_le if id_format is IdFormat.GUID else str(GUID).encode()
    if id_format is IdFormat.NSUNIQUEID:
        raw = b"8A3B0001-12AB11EF-80D1FFFF-00AA11BB"
    known = canonical_immutable_id(id_format, raw)

    assert known is not None
    assert canonical_id_text(id_format, known.upper()) == known
    assert canonical_id_text(id_format, "citizen-1\ud800") is None


def test_attributes_are_found_in_any_case():
    found = entry(givenName=b"Bolor")

    assert found.first("GIVENNAME") == b"Bolor"


def test_attribute_values_are_not_in_the_repr():
    assert "Bolor" not in repr(entry(givenName=b"Bolor"))
