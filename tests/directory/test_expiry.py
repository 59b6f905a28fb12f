from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.expiry import moment_of


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (b"132223104000000000", datetime(2020, 1, 1, tzinfo=UTC)),
        (b"9223372036854775807", None),
        (b"9223372036854775806", None),
        (b"0", None),
        (b"-1", None),
        (b"", None),
        (b"soon", None),
        (None, None),
    ],
)
def test_the_moment_at_which_a_windows_password_ends(raw, moment):
    assert moment_of(raw) == moment


@given(st.binary(max_size=30))
def test_no_bytes_are_an_error(raw):
    assert moment_of(raw) is None or isinstance(moment_of(raw), datetime)
