"""The people manager's room: whose accounts are whose. An officer compares, says why, and decides.

Nothing here proposes a decision: equal names and addresses prove nothing.
"""

import re
from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from admin.api import ApiRefused
from admin.comparison import rows
from admin.officer_sessions import OfficerSession
from admin.pages import Visit, with_query
from admin.refusals import NEEDED, refusal_text
from admin.room import Room, see_other

ROLE = "people_manager"
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
FIELDS = ("one", "other", "why")
DONE = ("linked", "separated")
MAX_REASON_LENGTH = 200
"""As the hub records it with a look."""


def _(message: str) -> str:
    """Mark a message for translation; `Language.gettext` translates it when a page is made."""
    return message


def blueprint(room: Room) -> Blueprint:
    """Return the pages of accounts."""
    bp = Blueprint("people", __name__)
    both = ["GET", "POST"]
    bp.add_url_rule("/people", "people", partial(_people, room))
    bp.add_url_rule("/people/<account_id>", "person", partial(_person, room))
    bp.add_url_rule("/people/<account_id>/link/<other_id>", "link", partial(_link, room), methods=both)
    bp.add_url_rule("/people/<account_id>/separate", "separate", partial(_separate, room), methods=both)
    return bp


def reason_given() -> str:
    """Return why an officer decides, as it was filled in."""
    return request.form.get("reason", "").strip()


def why() -> str:
    """Return why an officer looks: what was said on the way here, or the reason of the decision."""
    return (request.args.get("why", "").strip() or reason_given())[:MAX_REASON_LENGTH]


def refusal_of(visit: Visit, error: ApiRefused) -> tuple[str, str]:
    """Return what a page says of a refused decision, and the field that it is about.

    Raises:
        ApiRefused: it is no answer to the decision.
    """
    if error.status not in (400, 409):
        raise error
    return refusal_text(error, visit.language), "reason"


def _people(room: Room) -> Response:
    visit, officer = room.enter(request, ROLE)
    values = {name: request.args.get(name, "").strip() for name in FIELDS}
    found: dict[str, list[dict[str, Any]]] = {}
    problem = field = None
    if (values["one"] or values["other"]) and not values["why"]:
        problem, field = visit.language.gettext(NEEDED["reason"]), "why"
    for name in ("one", "other"):
        if not values[name] or problem:
            continue
        try:
            found[name] = _matching(room, officer, values[name])
        except ApiRefused as error:
            problem, field = refusal_of(visit, error)[0], name
            continue
        if not found[name]:
            problem, field = visit.language.gettext(_("Nobody has this sign-in name.")), name
    ones, others = found.get("one", []), found.get("other", [])
    if len(ones) == 1 and len(others) == 1 and problem is None:
        path = link_path(ones[0]["account_id"], others[0]["account_id"])
        return see_other(with_query(path, {"why": why()}))
    if len(ones) == 1 and not values["other"]:
        return see_other(with_query(person_path(ones[0]["account_id"]), {"why": why()}))
    context = {"values": values, "found": found, "problem": problem, "field": field}
    return room.page(visit, "people.html", 200 if problem is None else 400, **context)


def _matching(room: Room, officer: OfficerSession, named: str) -> list[dict[str, Any]]:
    """Return the accounts of a sign-in name, or of an account id."""
    found = _looked_up(room, officer, login_name=named)
    if not found["matching"] and _ID.fullmatch(named):
        found = _looked_up(room, officer, account_id=named)
    return [account for account in found["accounts"] if account["account_id"] in found["matching"]]


def _person(room: Room, account_id: str) -> Response:
    visit, officer = room.enter(request, ROLE)
    accounts = _of_person(room, officer, account_id)
    done = request.args.get("done")
    return room.page(
        visit,
        "person.html",
        accounts=accounts,
        rows=rows(accounts, visit.language),
        done=done if done in DONE else None,
        why=why(),
    )


def _link(room: Room, account_id: str, other_id: str) -> Response:
    visit, officer = room.enter(request, ROLE)
    refused = None
    if request.method == "POST":
        seen = request.form.get("seen", "").split()
        asked = {"account": account_id, "other": other_id, "reason": reason_given(), "seen": seen}
        refused = _refused(room, visit, officer, "/people/link", asked)
        if refused is None:
            return see_other(with_query(person_path(account_id), {"done": "linked", "why": why()}))
    accounts: list[dict[str, Any]] = []
    for each in (account_id, other_id):
        of_person = _of_person(room, officer, each)
        of_person.sort(key=lambda account: account["account_id"] != each)
        accounts += [account for account in of_person if account not in accounts]
    return _decision(room, visit, "people_link.html", accounts, refused)


def _separate(room: Room, account_id: str) -> Response:
    visit, officer = room.enter(request, ROLE)
    refused = None
    if request.method == "POST":
        asked = {"account": account_id, "reason": reason_given()}
        refused = _refused(room, visit, officer, "/people/unlink", asked)
        if refused is None:
            return see_other(with_query(person_path(account_id), {"done": "separated", "why": why()}))
    accounts = _of_person(room, officer, account_id)
    accounts.sort(key=lambda account: account["account_id"] != account_id)
    return _decision(room, visit, "people_separate.html", accounts, refused)


def _decision(
    room: Room,
    visit: Visit,
    template: str,
    accounts: list[dict[str, Any]],
    refused: tuple[str, str] | None,
) -> Response:
    """Return the page with the accounts side by side and the form of the decision."""
    problem, field = refused or (None, None)
    return room.page(
        visit,
        template,
        200 if refused is None else 400,
        accounts=accounts,
        rows=rows(accounts, visit.language),
        reason=reason_given(),
        why=why(),
        problem=problem,
        field=field,
    )


def _refused(
    room: Room, visit: Visit, officer: OfficerSession, path: str, asked: dict[str, Any]
) -> tuple[str, str] | None:
    """Carry a decision out; return what is against it and the field that says so, or None."""
    if not asked["reason"]:
        return visit.language.gettext(NEEDED["reason"]), "reason"
    try:
        room.api.call(officer, "POST", path, document=asked)
    except ApiRefused as error:
        return refusal_of(visit, error)
    return None


def _of_person(room: Room, officer: OfficerSession, account_id: str) -> list[dict[str, Any]]:
    """Return every account of an account's person.

    Raises:
        ApiRefused: not_found, there is no such account.
    """
    found: list[dict[str, Any]] = _looked_up(room, officer, account_id=account_id)["accounts"]
    if not found:
        raise ApiRefused(404, {"code": "not_found"})
    return found


def _looked_up(room: Room, officer: OfficerSession, **asked: str) -> dict[str, Any]:
    reason = why()
    return room.api.get(officer, "/people", {**asked, "reason": reason} if reason else asked)


def person_path(account_id: str) -> str:
    """Return the address of the page of an account's person."""
    return f"/people/{quote(account_id, safe='')}"


def link_path(account_id: str, other_id: str) -> str:
    """Return the address of the page that compares two accounts."""
    return f"{person_path(account_id)}/link/{quote(other_id, safe='')}"
