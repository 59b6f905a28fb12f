"""Forms are read as Werkzeug reads them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from sso.web.form import FORM, form_of

BODIES = st.one_of(
    st.binary(max_size=60),
    st.text("ab=&%+;\0é中 012fF", max_size=60).map(str.encode),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "replace")
    ),
)


def request(body: bytes) -> Request:
    builder = EnvironBuilder(
        method="POST", input_stream=io.BytesIO(body), content_length=len(body), content_type=FORM
    )
    return Request(builder.get_environ())


@given(BODIES)
def test_a_form_has_the_values_that_werkzeug_finds(body: bytes) -> None:
    assert form_of(request(body)) == request(body).form.to_dict(flat=False)


def test_a_body_that_is_too_long_is_not_read() -> None:
    asked = request(b"a=" + b"b" * 100)
    asked.max_content_length = 50

    with pytest.raises(RequestEntityTooLarge):
        form_of(asked)
