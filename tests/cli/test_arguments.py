"""What an argument may be: hostile text is a usage error, whatever command it is given to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.cli.arguments import CLEAN_TEXT, MAX_TEXT_CHARACTERS, MOMENT, NETWORK, is_clean, visible

BIDI = "\u202e\u2066\u200f\u061c"


@pytest.mark.parametrize(
    "text", ["tuya", "Ганболд Бат", "ᠮᠣᠩᠭᠣᠯ\u180e", "كلمة", "房屋", "a\u200cb", "👩\u200d🌾"]
)
def test_the_scripts_of_the_world_are_clean(text: str) -> None:
    assert CLEAN_TEXT.convert(text, None, None) == text
    assert visible(text) == text


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nb", "a\x1b[2J", "a\x9bb", "a\u2028b", "\udc80", *BIDI, "x" * 1025]
)
def test_what_could_harm_a_terminal_or_a_database_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        CLEAN_TEXT.convert(text, None, None)


@given(st.text())
def test_what_is_shown_is_always_clean_and_as_long(text: str) -> None:
    assert is_clean(visible(text))
    assert len(visible(text)) == len(text)


@pytest.mark.parametrize("kind", [CLEAN_TEXT, MOMENT, NETWORK])
@given(text=st.text(st.characters(), max_size=40) | st.from_regex(r"\A[0-9]{1,8}[smhdw]\Z"))
def test_no_text_raises_anything_but_a_usage_error(kind: click.ParamType[Any], text: str) -> None:
    try:
        kind.convert(text, None, None)
    except click.BadParameter as error:
        assert error.message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T16:00+08:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, moment: datetime) -> None:
    assert MOMENT.convert(text, None, None) == moment


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(7)),
    ],
)
def test_a_duration_is_counted_back_from_now(text: str, ago: timedelta) -> None:
    moment = MOMENT.convert(text, None, None)

    assert timedelta(0) <= datetime.now(UTC) - ago - moment < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "network"),
    [("192.0.2.7", "192.0.2.7/32"), ("192.0.2.7/24", "192.0.2.0/24"), ("2001:DB8::1", "2001:db8::1/128")],
)
def test_a_network_is_written_in_full(text: str, network: str) -> None:
    assert NETWORK.convert(text, None, None) == network


def test_the_longest_text_is_accepted() -> None:
    assert len(CLEAN_TEXT.convert("x" * MAX_TEXT_CHARACTERS, None, None)) == MAX_TEXT_CHARACTERS
