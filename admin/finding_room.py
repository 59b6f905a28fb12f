"""The auditor's findings: a queue, a finding with what can be done about it, and what is kept quiet."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from admin.api import ApiRefused, segment
from admin.pages import Visit, with_query
from admin.refusals import parameter_of, refusal_text
from admin.room import Room, see_other

PAGE_SIZE = 50
SHOWN = ("closed", "mine", "level", "before")
_FACETS = ("client_id", "account_id", "session_id", "grant_id", "directory_id", "address")
_MINUTE = timedelta(minutes=1)


def blueprint(room: Room) -> Blueprint:
    """Return the pages of findings."""
    bp = Blueprint("findings", __name__)
    bp.add_url_rule("/findings", "findings", partial(_findings, room))
    bp.add_url_rule("/findings/<finding_id>", "finding", partial(_finding, room))
    bp.add_url_rule("/findings/<finding_id>", "act", partial(_act, room), methods=["POST"])
    bp.add_url_rule("/suppressions", "suppressions", partial(_suppressions, room))
    bp.add_url_rule("/suppressions", "lift", partial(_lift, room), methods=["POST"])
    return bp


def search_link(search: Mapping[str, Any]) -> str:
    """Return the search for the records of a finding: whole minutes, one kind of event, one id."""
    since, until = (datetime.fromisoformat(search[name]).astimezone(UTC) for name in ("since", "until"))
    codes = search.get("event") or []
    families = {code.partition(".")[0] + "." for code in codes}
    kind = codes[0] if len(codes) == 1 else next(iter(families)) if len(families) == 1 else ""
    values = {
        "range": "own",
        "since": f"{since:%Y-%m-%dT%H:%M}",
        "until": f"{until + _MINUTE:%Y-%m-%dT%H:%M}",
        "event": kind,
        "involving": next(iter(search.get("involving") or ()), ""),
        **{name: search[name] for name in _FACETS if search.get(name)},
    }
    return with_query("/search", values)


def _findings(room: Room) -> Response:
    visit, officer = room.look(request)
    shown = {name: request.args.get(name, "") for name in SHOWN}
    asked: dict[str, Any] = {"limit": PAGE_SIZE}
    asked |= {"closed": "true"} if shown["closed"] else {}
    asked |= {"assignee": "me"} if shown["mine"] else {}
    asked |= {name: shown[name] for name in ("level", "before") if shown[name]}
    page = room.api.look(officer, "/audit/findings", asked)
    older = page["next_before"] and with_query("/findings", {**shown, "before": page["next_before"]})
    return room.page(
        visit,
        "findings.html",
        findings=page["findings"],
        older=older,
        shown=shown,
        client_names=room.client_names(officer),
    )


def _finding(room: Room, finding_id: str) -> Response:
    visit, _officer = room.look(request)
    return _show(room, visit, finding_id)


def _show(room: Room, visit: Visit, finding_id: str, refused: ApiRefused | None = None) -> Response:
    officer = room.look(request)[1]
    finding = room.api.look(officer, f"/audit/findings/{segment(finding_id)}")
    return room.page(
        visit,
        "finding.html",
        200 if refused is None else refused.status,
        finding=finding,
        records_link=search_link(finding["search"]),
        mine=finding["assignee"] == officer.account_id,
        client_names=room.client_names(officer),
        written={name: request.form.get(name, "") for name in ("comment", "closed_as", "reason")},
        problem=None if refused is None else refusal_text(refused, visit.language),
        field=None if refused is None else _field(refused),
    )


def _act(room: Room, finding_id: str) -> Response:
    """Do what a form of the page asks; what the hub does not accept is said beside the form."""
    visit, officer = room.look(request)
    method, path, document = _asked(finding_id, request.form, officer.reason)
    try:
        room.api.call(officer, method, path, document=document)
    except ApiRefused as error:
        if error.status not in (400, 412):
            raise
        return _show(room, visit, finding_id, error)
    return see_other(f"/findings/{quote(finding_id, safe='')}")


def _asked(finding_id: str, form: Mapping[str, str], looks: str) -> tuple[str, str, dict[str, Any]]:
    """Return the call that a form stands for: method, path, document. `looks` is why the officer does."""
    action, comment = form.get("action", ""), form.get("comment", "").strip()
    words = {"comment": comment} if comment else {}
    seen = {"changed_at": form["changed_at"]} if form.get("changed_at") else {}
    grown = {"last_record_id": form["last_record_id"]} if form.get("last_record_id") else {}
    if action == "suppress":
        of = {"rule": form.get("rule", "")} if form.get("whole") == "yes" else {"finding_id": finding_id}
        days = form.get("days", "")
        number = int(days) if days.isdecimal() and len(days) < 4 else 0
        more = {"days": number, "reason": form.get("reason", "").strip()}
        return "POST", "/audit/suppressions", {**of, **more}
    changes: dict[str, dict[str, Any]] = {
        "take": {"assignee": "me", "state": "in_progress", **seen},
        "give_back": {"assignee": None, "state": "open", **seen},
        "comment": {"comment": comment},
        "close": {"state": "closed", "closed_as": form.get("closed_as") or None, **words, **seen, **grown},
        "reopen": {"state": "open", **seen},
    }
    return "PATCH", f"/audit/findings/{segment(finding_id)}", {**changes.get(action, {}), "reason": looks}


def _suppressions(room: Room) -> Response:
    visit, officer = room.look(request)
    found = room.api.look(officer, "/audit/suppressions")["suppressions"]
    return room.page(visit, "suppressions.html", suppressions=found, client_names=room.client_names(officer))


def _lift(room: Room) -> Response:
    _visit, officer = room.look(request)
    suppression_id = request.form.get("suppression_id", "")
    room.api.call(officer, "DELETE", f"/audit/suppressions/{segment(suppression_id)}")
    return see_other("/suppressions")


def _field(error: ApiRefused) -> str:
    """The field of the page that a refusal speaks of."""
    if error.code == "changed_meanwhile":
        return "state"
    named = map(parameter_of, error.errors)
    return next((name for name in named if name in ("comment", "closed_as", "reason", "days")), "comment")
