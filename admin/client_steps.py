"""The steps of registering and of changing an application: fill in, compare, save."""

from urllib.parse import quote

from flask import Response, request

from admin.api import ApiAnswer, ApiRefused, segment
from admin.client_form import FormInvalid, changes, filled_in, metadata_of
from admin.officer_sessions import OfficerSession
from admin.pages import Visit
from admin.refusals import refusal_text
from admin.room import Room, see_other

ROLE = "client_manager"
MAX_SECRETS_TO_SHOW = 20


def client_path(client_id: str) -> str:
    """Return the address of an application's page."""
    return f"/clients/{quote(client_id, safe='')}"


def register(room: Room, visit: Visit, officer: OfficerSession, values: dict[str, str]) -> Response:
    """Register what was filled in, and show its secret or its page."""
    try:
        metadata = {name: value for name, value in metadata_of(values).items() if value is not None}
        document = room.api.call(officer, "POST", "/clients", document=metadata).document
    except (FormInvalid, ApiRefused) as error:
        problem, field = _what_is_wrong(visit, error)
        return room.page(visit, "client_new.html", 400, values=values, problem=problem, field=field)
    client_id = str(document["client_id"])
    if document.get("client_secret"):
        while len(officer.secrets_to_show) >= MAX_SECRETS_TO_SHOW:
            officer.secrets_to_show.pop(next(iter(officer.secrets_to_show)))
        officer.secrets_to_show[client_id] = document["client_secret"]
        return see_other(f"{client_path(client_id)}/secret")
    return see_other(client_path(client_id))


def change(room: Room, visit: Visit, officer: OfficerSession, current: ApiAnswer) -> Response:
    """Compare what was filled in with what is registered; save it when the officer has seen that."""
    values, etag = filled_in(request.form), request.form.get("etag", "")
    client = current.document
    if etag != current.etag:
        raise ApiRefused(412, {"code": "changed_meanwhile"})
    try:
        metadata, shown = changes(client, values)
        if not metadata:
            return see_other(client_path(client["client_id"]))
        if request.form.get("confirmed") != "yes":
            return room.page(
                visit, "client_compare.html", client=client, values=values, etag=etag, changes=shown
            )
        path = f"/clients/{segment(client['client_id'])}"
        room.api.call(officer, "PATCH", path, document=metadata, if_match=etag)
    except (FormInvalid, ApiRefused) as error:
        problem, field = _what_is_wrong(visit, error)
        return room.page(
            visit,
            "client_edit.html",
            400,
            client=client,
            etag=etag,
            values=values,
            problem=problem,
            field=field,
        )
    return see_other(client_path(client["client_id"]))


def _what_is_wrong(visit: Visit, error: FormInvalid | ApiRefused) -> tuple[str, str]:
    """Return the sentence and the field that it speaks of; other refusals are not the form's fault."""
    if isinstance(error, FormInvalid):
        return visit.language.gettext(error.message), error.field
    if error.status != 400:
        raise error
    said = error.detail
    field = next(
        (name for name in filled_in({}) if said.startswith((name, f"unknown {name}"))), "client_name"
    )
    return refusal_text(error, visit.language), field
