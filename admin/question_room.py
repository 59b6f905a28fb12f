"""The auditor's questions: twelve by name, each with the fields that it needs, its table and its records."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from admin.api import ApiRefused, segment
from admin.audit_room import rows_of
from admin.language import Language
from admin.officer_sessions import OfficerSession
from admin.pages import Visit, with_query
from admin.question_words import MOMENTS, VALUES
from admin.refusals import NEEDED, parameter_texts, refusal_text
from admin.room import Room
from admin.search_form import MAX_VALUE_LENGTH, moment

FIELDS = ("person", "client_id", "address", "since", "until")
MAX_RECORDS = 100
_ABOUT = {"person": "person", "client": "client_id", "address": "address"}
_PARAMETER_OF = {"person": "account_id"}
_FIELD_OF = {"account_id": "person", "login_name": "person"}
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_SEARCHED = ("client_id", "account_id", "session_id")


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


class _Wrong(Exception):
    """A question that cannot be asked: what is wrong at which field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(*problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table as a page shows it; `link` leads to the records about it, `at` is a time."""

    text: str
    link: str | None = None
    at: str | None = None


def blueprint(room: Room) -> Blueprint:
    """Return the pages of questions."""
    bp = Blueprint("questions", __name__)
    bp.add_url_rule("/questions", "questions", partial(_questions, room))
    bp.add_url_rule("/questions/<question_id>", "question", partial(_question, room))
    return bp


def cells(
    table: Mapping[str, Sequence[Any]], language: Language, client_names: Mapping[str, str]
) -> list[list[Cell]]:
    """Return the rows of an answer's table in words; ids lead to a search of a year."""
    return [
        [
            _cell(_kind(table["columns"], row, number), value, language, client_names)
            for number, value in enumerate(row)
        ]
        for row in table["rows"]
    ]


def _kind(columns: Sequence[str], row: Sequence[Any], number: int) -> str:
    """What a value is: its column, except that one column may say what the next, `id`, holds."""
    column = columns[number]
    return str(row[number - 1]) if column == "id" and number else column


def _cell(kind: str, value: Any, language: Language, client_names: Mapping[str, str]) -> Cell:
    if isinstance(value, list):
        return Cell(", ".join(map(str, value)) or VALUES["-"])
    if isinstance(value, int):
        return Cell(language.number(value))
    if value in VALUES:
        return Cell(language.gettext(VALUES[value]))
    if kind in MOMENTS:
        return Cell(language.moment(value), at=value)
    if kind in _SEARCHED:
        shown = client_names.get(value, value) if kind == "client_id" else value
        return Cell(shown, link=with_query("/search", {"range": "365d", kind: value}))
    return Cell(str(value))


def _questions(room: Room) -> Response:
    visit, officer = room.look(request)
    return room.page(visit, "questions.html", questions=_known(room, officer))


def _question(room: Room, question_id: str) -> Response:
    """Show a question's form; ask it when the form was sent, and show the answer below."""
    visit, officer = room.look(request)
    question = next((each for each in _known(room, officer) if each["question"] == question_id), None)
    if question is None:
        raise ApiRefused(404, {"code": "not_found"})
    values = {name: request.args.get(name, "").strip()[:MAX_VALUE_LENGTH] for name in FIELDS}
    context: dict[str, Any] = {
        "question": question,
        "values": values,
        "client_names": room.client_names(officer),
        "problems": {},
        "people": [],
        "answer": None,
    }
    if "ask" not in request.args:
        return room.page(visit, "question.html", **context)
    try:
        return room.page(visit, "question.html", **_answered(room, visit, officer, context))
    except _Wrong as wrong:
        context |= {"problems": wrong.problems, "problem": True}
        return room.page(visit, "question.html", 400, **context)


def _answered(room: Room, visit: Visit, officer: OfficerSession, context: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows: the answer, or the persons to choose one of.

    Raises:
        _Wrong: a field must be filled in differently.
    """
    question, values = context["question"], context["values"]
    about = _ABOUT.get(question["about"])
    if about and question["must"] and not values[about]:
        raise _Wrong({about: visit.language.gettext(NEEDED[_PARAMETER_OF.get(about, about)])})
    try:
        people = _people(room, visit, officer, values) if about == "person" and values["person"] else []
        context |= {"people": people}
        if len({person["person_id"] for person in people}) > 1:
            return context
        asked = _asked(values, about, people)
        answer = room.api.look(officer, f"/audit/questions/{segment(question['question'])}", asked)
    except ApiRefused as error:
        if error.status != 400:
            raise
        raise _Wrong(_problems(error, visit.language, about)) from error
    names, table = context["client_names"], answer["table"]
    shown = None if table is None else cells(table, visit.language, names)
    rows = rows_of(room, visit, officer, answer["events"], names)
    return {**context, "answer": answer, "cells": shown, "rows": rows, "most": MAX_RECORDS}


def _asked(
    values: Mapping[str, str], about: str | None, people: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    asked: dict[str, Any] = {"limit": MAX_RECORDS}
    asked |= {name: moment(values[name]) for name in ("since", "until") if values[name]}
    if about == "person" and values["person"]:
        return asked | {"account_id": people[0]["account_id"] if people else values["person"]}
    return asked | ({about: values[about]} if about and values[about] else {})


def _people(
    room: Room, visit: Visit, officer: OfficerSession, values: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the accounts of a sign-in name or of an account's id, the one that is meant first.

    An account that is gone is still in the log: whatever could be its id stands for itself.

    Raises:
        _Wrong: nobody has the name, and it is no account's id.
    """
    may_be_id = _ACCOUNT_ID.fullmatch(values["person"]) is not None
    for name in ("account_id", "login_name") if may_be_id else ("login_name",):
        asked = {name: values["person"]}
        found: list[dict[str, Any]] = room.api.look(officer, "/audit/people", asked)["people"]
        if found:
            return found
    if not may_be_id:
        raise _Wrong({"person": visit.language.gettext(_("Nobody has this sign-in name."))})
    return []


def _known(room: Room, officer: OfficerSession) -> list[dict[str, Any]]:
    questions: list[dict[str, Any]] = room.api.get(officer, "/audit/questions")["questions"]
    return questions


def _problems(error: ApiRefused, language: Language, about: str | None) -> dict[str, str]:
    """Return what the hub has against a question, by the fields of the form."""
    found: dict[str, str] = {}
    for parameter, text in parameter_texts(error, language).items():
        field = _FIELD_OF.get(parameter, parameter)
        found.setdefault(field if field in FIELDS else about or "since", text)
    return found or {about or "since": refusal_text(error, language)}
