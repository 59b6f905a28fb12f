"""The auditor's room: an overview, a search, an event. Whatever is opened here is recorded by the hub."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from admin.api import ApiRefused, segment
from admin.histogram import chart
from admin.language import Language
from admin.officer_sessions import OfficerSession
from admin.pages import Visit
from admin.refusals import parameter_texts, refusal_text
from admin.room import Room
from admin.search_form import SearchForm, around
from admin.sentences import sentence
from admin.wording import FIELD_NAMES

PAGE_SIZE = 50
LATEST_FAILURES = 10
HOURS, DAYS = 24, 7
_LINKED = ("client_id", "account_id", "session_id", "grant_id", "address", "request_id", "trace_id", "event")


def blueprint(room: Room) -> Blueprint:
    """Return the auditor's pages."""
    bp = Blueprint("audit", __name__)
    bp.add_url_rule("/overview", "overview", partial(_overview, room))
    bp.add_url_rule("/search", "search", partial(_search, room))
    bp.add_url_rule("/events/<event_id>", "event", partial(_event, room))
    return bp


def _overview(room: Room) -> Response:
    visit, officer = room.look(request)
    day = counted(room, officer, {"bars": HOURS})
    week_ago = SearchForm.read({"range": "7d"}).asked(visit.now)
    week = counted(room, officer, {**week_ago, "bars": DAYS})
    asked = {**week_ago, "outcome": "failure", "limit": LATEST_FAILURES}
    failures = room.api.look(officer, "/audit/events", asked)
    findings = room.api.get(officer, "/audit/findings/count", {"level": "high"})
    return room.page(
        visit,
        "overview.html",
        waiting=findings["findings"],
        unjudged_since=findings["unjudged_since"],
        day=day,
        week=week,
        chart=None if day is None else chart(day),
        rows=rows_of(room, visit, officer, failures["events"]),
        broken=failures["broken"],
        back_to=failures["looked_back_to"],
    )


def counted(room: Room, officer: OfficerSession, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Count by steps of a time; None where the hub stopped because the log is too large for that."""
    try:
        return room.api.look(officer, "/audit/histogram", asked)
    except ApiRefused as error:
        if not any(flaw.get("code") == "takes_too_long" for flaw in error.errors):
            raise
        return None


def _search(room: Room) -> Response:
    visit, officer = room.look(request)
    form = SearchForm.read(request.args)
    names = room.client_names(officer)
    context: dict[str, Any] = {
        "form": form,
        "client_names": names,
        "people": [],
        "rows": [],
        "broken": [],
        "older": None,
        "back_to": None,
    }
    try:
        return _results(room, visit, officer, context)
    except ApiRefused as error:
        if error.status != 400:
            raise
        problems = _problems(error, visit.language, form)
        return room.page(
            visit, "search.html", 400, **context, searched=False, problem=True, problems=problems
        )


def _problems(error: ApiRefused, language: Language, form: SearchForm) -> dict[str, str]:
    """Return what the hub has against a search, by the fields of the form."""
    texts = parameter_texts(error, language) or {"range": refusal_text(error, language)}
    return {name if name in form.values else "range": text for name, text in texts.items()}


def _event(room: Room, event_id: str) -> Response:
    visit, officer = room.look(request)
    record = room.api.look(officer, f"/audit/events/{segment(event_id)}")
    names = room.client_names(officer)
    people: list[dict[str, Any]] = []
    if request.args.get("who") and record.get("account_id"):
        people = room.api.look(officer, "/audit/people", {"account_id": record["account_id"]})["people"]
    return room.page(
        visit,
        "event.html",
        record=record,
        sentence=sentence(record, names, visit.language),
        fields=[(name, record[name]) for name in FIELD_NAMES if name in record],
        linked=_LINKED,
        around=around(record["occurred_at"]),
        client_names=names,
        people=people,
        meant=(record.get("detail") or {}).get("record_id"),
        document=json.dumps(record, ensure_ascii=False, indent=2, sort_keys=False),
    )


def _results(room: Room, visit: Visit, officer: OfficerSession, context: dict[str, Any]) -> Response:
    form: SearchForm = context["form"]
    asked = form.asked(visit.now)
    if form.values["login_name"]:
        named = {"login_name": form.values["login_name"]}
        found = room.api.look(officer, "/audit/people", named)["people"]
        context["people"] = found
        if not found:
            return room.page(visit, "search.html", **context, searched=True, problems={})
        asked.setdefault("account_id", found[0]["account_id"])
    if before := request.args.get("before"):
        asked["before"] = before
    page = room.api.look(officer, "/audit/events", {**asked, "limit": PAGE_SIZE})
    if page["next_before"]:
        context["older"] = form.link(before=page["next_before"])
    context["broken"] = page["broken"]
    context["back_to"] = page["looked_back_to"]
    context["rows"] = rows_of(room, visit, officer, page["events"], context["client_names"])
    return room.page(visit, "search.html", **context, searched=True, problems={})


def rows_of(
    room: Room,
    visit: Visit,
    officer: OfficerSession,
    records: list[dict[str, Any]],
    names: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return records with their sentence and the application's name."""
    known = room.client_names(officer) if names is None else names
    return [
        {
            "record": record,
            "sentence": sentence(record, known, visit.language),
            "application": known.get(record.get("client_id", ""), record.get("client_id", "")),
        }
        for record in records
    ]
