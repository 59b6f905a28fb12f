"""A search that came only so far says so on its page and leads on; never that there is nothing."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request

from admin.api import ApiRefused
from admin.audit_room import counted
from admin.language import languages
from admin.pages import Pages, Visit
from admin.search_form import SearchForm
from admin.settings import Settings

SETTINGS = Settings(
    issuer="http://127.0.0.1:8000",
    base_url="http://127.0.0.1:8001",
    client_id="console",
    private_key="",
    listen=("127.0.0.1", 8001),
)
BACK_TO = "2026-03-04T05:06:07.008000+00:00"
WORDS = {
    "en": ("Look further back", "No record matches."),
    "zh-CN": ("继续向前查找", "没有匹配的记录。"),
}
NOT_COUNTED = {
    "en": "Counting these takes longer than one page may.",
    "zh-CN": "统计所需的时间超过一页的限度。",
}


def shown(tag: str, template: str, **context: Any) -> str:
    language = next(spoken for spoken in languages() if spoken.tag == tag)
    with Flask(__name__).test_request_context("/search"):
        visit = Visit(request, language, None, "r", 0.0)
        return Pages(SETTINGS, "1").page(visit, template, **context).get_data(as_text=True)


@pytest.mark.parametrize("tag", WORDS)
def test_an_unfinished_search_says_how_far_it_came_and_leads_on(tag: str) -> None:
    context = {"client_names": {}, "people": [], "rows": [], "broken": [], "searched": True, "problems": {}}
    form = SearchForm.read({"text": "abc"})
    further, nothing = WORDS[tag]

    unfinished = shown(tag, "search.html", form=form, back_to=BACK_TO, older=form.link(before="x"), **context)
    finished = shown(tag, "search.html", form=form, back_to=None, older=None, **context)

    assert 'id="looked-back"' in unfinished
    assert "05:06" in unfinished
    assert further in unfinished
    assert "before=x" in unfinished
    assert nothing not in unfinished
    assert 'id="looked-back"' not in finished
    assert further not in finished
    assert nothing in finished


@pytest.mark.parametrize("tag", WORDS)
def test_an_unfinished_answer_says_how_far_it_came(tag: str) -> None:
    question = {"question": "Q9", "asks": "", "about": "nothing", "must": False, "days": 7}
    context = {"question": question, "values": dict.fromkeys(("since", "until"), "")}
    context |= {"client_names": {}, "people": [], "problems": {}, "rows": [], "cells": None, "most": 100}
    answer = {"table": None, "broken": [], "looked_back_to": BACK_TO}

    unfinished = shown(tag, "question.html", answer=answer, **context)
    finished = shown(tag, "question.html", answer={**answer, "looked_back_to": None}, **context)

    assert 'id="looked-back"' in unfinished
    assert WORDS[tag][1] not in unfinished
    assert WORDS[tag][1] in finished


@pytest.mark.parametrize("tag", WORDS)
def test_an_overview_of_a_log_too_large_to_count_shows_what_was_found(tag: str) -> None:
    bars = {"success": 3, "failure": 0, "bars": []}
    context = {"client_names": {}, "waiting": 0, "rows": [], "broken": [], "chart": None, "day": None}
    context["unjudged_since"] = None

    unfinished = shown(tag, "overview.html", week=bars, back_to=BACK_TO, **context)
    finished = shown(tag, "overview.html", week=bars, back_to=None, **context)

    assert unfinished.count(NOT_COUNTED[tag]) == 1
    assert 'id="looked-back"' in unfinished
    assert 'id="nothing"' not in unfinished
    assert 'id="histogram"' not in unfinished
    assert 'id="looked-back"' not in finished
    assert 'id="nothing"' in finished


def test_only_a_count_that_takes_too_long_is_left_out() -> None:
    def refusing(code: str) -> Any:
        def look(*_: object) -> dict[str, Any]:
            raise ApiRefused(400, {"errors": [{"parameter": "since", "code": code}]})

        return SimpleNamespace(api=SimpleNamespace(look=look))

    officer: Any = None

    assert counted(refusing("takes_too_long"), officer, {}) is None
    with pytest.raises(ApiRefused):
        counted(refusing("empty_range"), officer, {})
