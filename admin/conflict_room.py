"""The people manager's queue: what directories say twice, both sides, and the decision with its reason."""

from functools import partial

from flask import Blueprint, Response, request

from admin.api import ApiRefused, segment
from admin.comparison import rows
from admin.people_room import ROLE, reason_given, refusal_of
from admin.refusals import NEEDED
from admin.room import Room, see_other


def blueprint(room: Room) -> Blueprint:
    """Return the pages of conflicts."""
    bp = Blueprint("conflicts", __name__)
    bp.add_url_rule("/conflicts", "conflicts", partial(_conflicts, room))
    path = "/conflicts/<directory_id>/<conflict_id>"
    bp.add_url_rule(path, "conflict", partial(_conflict, room), methods=["GET", "POST"])
    return bp


def _conflicts(room: Room) -> Response:
    visit, officer = room.enter(request, ROLE)
    queue = room.api.get(officer, "/conflicts")
    return room.page(visit, "conflicts.html", **queue, decided=request.args.get("done") == "decided")


def _conflict(room: Room, directory_id: str, conflict_id: str) -> Response:
    visit, officer = room.enter(request, ROLE)
    path = f"/directories/{segment(directory_id)}/conflicts/{segment(conflict_id)}"
    decision, problem, field = request.form.get("resolution", ""), None, None
    if request.method == "POST":
        asked = {"resolution": decision, "reason": reason_given()}
        if not all(asked.values()):
            field = "reason" if decision else "resolution"
            problem = visit.language.gettext(NEEDED[field])
        else:
            try:
                room.api.call(officer, "POST", path, document=asked)
            except ApiRefused as error:
                problem, field = refusal_of(visit, error)
            else:
                return see_other("/conflicts?done=decided")
    conflict = room.api.get(officer, path)
    return room.page(
        visit,
        "conflict.html",
        200 if problem is None else 400,
        conflict=conflict,
        rows=rows(conflict["accounts"], visit.language, conflict["sides"]),
        written={"resolution": decision, "reason": reason_given()},
        problem=problem,
        field=field,
    )
