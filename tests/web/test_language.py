import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from sso.web.language import by_tag, choose, languages, plain
from tests.web.page_examples import language
from tests.web.written_messages import written_messages

CHINESE = language("zh-CN")
WRITTEN = written_messages()
HALF_WIDTH = re.compile(r"[,;:?!()]|\.$")


def test_every_message_is_translated() -> None:
    assert [message for message in WRITTEN if message not in CHINESE.messages] == []


def test_no_translation_is_left_over() -> None:
    assert [message for message in CHINESE.messages if message not in WRITTEN] == []


def test_no_translation_is_fuzzy_or_faulty() -> None:
    with resources.files("sso.web").joinpath("translations/zh-CN.po").open("rb") as stream:
        catalogue = read_po(stream, abort_invalid=True)

    assert [entry.id for entry in catalogue if entry.id and (entry.fuzzy or not entry.string)] == []


@pytest.mark.parametrize("message", WRITTEN)
def test_a_translation_fills_the_same_places(message: str) -> None:
    assert places(CHINESE.messages[message]) == places(message)


@pytest.mark.parametrize("message", WRITTEN)
def test_a_text_neither_begins_nor_ends_with_a_space(message: str) -> None:
    assert message == message.strip()
    assert CHINESE.messages[message] == CHINESE.messages[message].strip()
    assert "  " not in message + CHINESE.messages[message]


@pytest.mark.parametrize("message", WRITTEN)
def test_chinese_is_punctuated_in_full_width(message: str) -> None:
    text = re.sub(r"\{\w+\}", "", CHINESE.messages[message])

    assert not HALF_WIDTH.search(text), text


@pytest.mark.parametrize("message", [message for message in WRITTEN if message.endswith((".", "?"))])
def test_a_sentence_stays_a_sentence(message: str) -> None:
    assert CHINESE.messages[message].endswith(("。", "？"))


def places(message: str) -> Counter[str | None]:
    return Counter(name for _, name, _, _ in Formatter().parse(message) if name is not None)


def test_the_default_language_is_english_and_each_has_its_own_name() -> None:
    assert [(known.tag, known.own_name) for known in languages()] == [
        ("en", "English"),
        ("zh-CN", "简体中文"),
    ]


@pytest.mark.parametrize(
    ("query", "ui_locales", "cookie", "accept", "tag"),
    [
        (None, None, None, None, "en"),
        ("zh-CN", "en", "en", "en", "zh-CN"),
        (None, "zh-CN", "en", "en", "zh-CN"),
        (None, None, "zh-CN", "en", "zh-CN"),
        (None, None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("xx", "xx yy", "xx", "zh", "zh-CN"),
    ],
)
def test_the_strongest_wish_is_heard(
    query: str | None, ui_locales: str | None, cookie: str | None, accept: str | None, tag: str
) -> None:
    assert choose(query, ui_locales, cookie, accept).tag == tag


@pytest.mark.parametrize("ui_locales", ["zh", "zh-Hans", "zh-TW", "ZH-cn", "zh_CN", "mn-Mong zh-CN en"])
def test_ui_locales_names_a_language_in_any_spelling(ui_locales: str) -> None:
    assert choose(ui_locales=ui_locales).tag == "zh-CN"


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("en;q=0.5, zh-CN;q=0.9", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("fr, de;q=0.9", "en"),
        ("*", "en"),
        ("zh;q=nan, en", "en"),
        ("zh;q=1e9, en;q=0.5", "en"),
        (";;;,,=,zh;Q=0.3", "zh-CN"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_accept_language_is_weighed(header: str, tag: str) -> None:
    assert choose(accept_language=header).tag == tag


def test_the_hub_s_own_language_is_spoken_to_those_who_wish_for_none_that_we_have() -> None:
    assert choose(accept_language="fr", default="zh-CN").tag == "zh-CN"
    assert choose(accept_language="fr, en;q=0.1", default="zh-CN").tag == "en"


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_sent_a_language_is_chosen(query: str, ui_locales: str, cookie: str, header: str) -> None:
    assert choose(query, ui_locales, cookie, header) in languages()


def test_a_tag_finds_its_language_and_no_other_tag_does() -> None:
    assert by_tag("zh-CN") is CHINESE
    assert by_tag("zh") is by_tag("xx") is by_tag("") is by_tag(None) is None


def test_a_moment_is_told_in_its_own_zone() -> None:
    moment = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    hohhot = moment.astimezone(timezone(timedelta(hours=8)))

    assert language("en").datetime(moment) == "23 November 2026 01:30 UTC"
    assert CHINESE.datetime(moment) == "2026年11月23日 01:30 UTC"
    assert "09:30" in CHINESE.datetime(hohhot)
    assert CHINESE.date(moment) == "2026年11月23日"


@pytest.mark.parametrize(
    ("seconds", "english"),
    [
        (0, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (290, "5 minutes"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (28_801, "9 hours"),
    ],
)
def test_a_duration_is_rounded_up(seconds: int, english: str) -> None:
    assert language("en").duration(seconds) == english


def test_a_value_cannot_bring_a_placeholder_of_its_own() -> None:
    assert language("en").gettext("Back to {service}", service="{service.__class__}") == (
        "Back to {service.__class__}"
    )


def test_a_message_without_values_is_left_as_it_is() -> None:
    assert language("en").gettext("{a} is not filled") == "{a} is not filled"


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("Housing", "Housing"),
        ("  two \n\t lines\u0000 ", "two lines"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2069\u2066x", "x"),
        ("ᠮᠣᠩᠭᠣᠯ\u180e\u200d", "ᠮᠣᠩᠭᠣᠯ\u180e\u200d"),
        ("עברית", "\u2068עברית\u2069"),
    ],
)
def test_a_foreign_text_is_made_fit_for_a_sentence(foreign: str, shown: str) -> None:
    assert plain(foreign) == shown
