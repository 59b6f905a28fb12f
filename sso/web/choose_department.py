"""The page on which a clerk who types no realm says for which department they work, before any password.

The department is remembered in the browser as a preference, to be chosen again with one click.
"""

from collections.abc import Sequence

from flask import Blueprint, Request, Response, request

from sso.directory.department import Department
from sso.hub import Hub
from sso.web.answers import YEAR_SECONDS, Answers
from sso.web.door import journey_of
from sso.web.journey import check_form

COOKIE = "sso-department"


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page."""
    bp = Blueprint("choose_department", __name__)

    @bp.get("/sign-in/<pending_id>/department")
    def ask_department(pending_id: str) -> Response:
        """Ask for which department somebody works."""
        return _page(pending_id, hub, answers, refused=False)

    @bp.post("/sign-in/<pending_id>/department")
    def take_department(pending_id: str) -> Response:
        """Take the department and lead on to the name page."""
        visit, _ = journey_of(pending_id, hub, request)
        check_form(visit, request, pending_id, hub.settings.issuer)
        chosen = chosen_department(request.form.get("department"), hub.directories)
        if chosen is None:
            return _page(pending_id, hub, answers, refused=True)
        response = answers.to(f"/sign-in/{pending_id}?department={chosen.id}")
        response.set_cookie(
            COOKIE,
            chosen.id,
            max_age=YEAR_SECONDS,
            path="/sign-in",
            secure=hub.settings.secure,
            httponly=True,
            samesite="Lax",
        )
        return response

    return bp


def chosen_department(directory_id: str | None, directories: Sequence[Department]) -> Department | None:
    """Return the directory of that id; None when there is none."""
    return next((directory for directory in directories if directory.id == directory_id), None)


def _page(pending_id: str, hub: Hub, answers: Answers, *, refused: bool) -> Response:
    visit, journey = journey_of(pending_id, hub, request)
    tag = visit.language.tag
    return answers.page(
        "department.html",
        visit,
        request,
        target=journey.target,
        action=f"/sign-in/{pending_id}/department",
        csrf_token=visit.form_token(pending_id),
        service_name=journey.service_name(tag),
        departments=sorted((d.display_name(tag), d.id) for d in hub.directories),
        chosen=_remembered(request, hub),
        citizen_url=f"/sign-in/{pending_id}",
        error=refused,
        cancel_action=journey.cancel_action,
    )


def _remembered(request: Request, hub: Hub) -> str | None:
    known = chosen_department(request.cookies.get(COOKIE), hub.directories)
    return known.id if known is not None else None
