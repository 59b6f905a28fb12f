"""The client manager's room: applications, their registration, their secrets, and how to connect them."""

from typing import Any

from flask import Blueprint, Response, request

from admin import client_form, client_steps
from admin.api import segment
from admin.client_steps import ROLE, client_path
from admin.room import Room, see_other
from admin.snippets import snippets

PAGE_SIZE = 100


def blueprint(room: Room) -> Blueprint:
    """Return the client manager's pages."""
    bp = Blueprint("clients", __name__)
    _register_listing(bp, room)
    _register_changes(bp, room)
    _register_secrets(bp, room)
    _register_adoption(bp, room)
    return bp


def _register_listing(bp: Blueprint, room: Room) -> None:
    @bp.get("/clients")
    def clients() -> Response:
        visit, officer = room.enter(request, ROLE)
        asked: dict[str, Any] = {"limit": PAGE_SIZE}
        if after := request.args.get("after"):
            asked["after"] = after
        page = room.api.get(officer, "/clients", asked)
        return room.page(visit, "clients.html", clients=page["clients"], next_after=page["next_after"])

    @bp.get("/clients/<client_id>")
    def client(client_id: str) -> Response:
        visit, officer = room.enter(request, ROLE)
        document = room.api.get(officer, f"/clients/{segment(client_id)}")
        return room.page(
            visit,
            "client.html",
            client=document,
            values=client_form.values_of(document),
            others=client_form.others_of(document),
            snippets=snippets(document, room.settings.issuer),
        )


def _register_changes(bp: Blueprint, room: Room) -> None:
    @bp.route("/clients/new", methods=["GET", "POST"])
    def new() -> Response:
        visit, officer = room.enter(request, ROLE)
        if request.method == "GET":
            values = {**client_form.filled_in({}), **client_form.DEFAULTS}
            return room.page(visit, "client_new.html", values=values, field=None)
        return client_steps.register(room, visit, officer, client_form.filled_in(request.form))

    @bp.route("/clients/<client_id>/edit", methods=["GET", "POST"])
    def edit(client_id: str) -> Response:
        visit, officer = room.enter(request, ROLE)
        answer = room.api.call(officer, "GET", f"/clients/{segment(client_id)}")
        if request.method == "GET":
            return room.page(
                visit,
                "client_edit.html",
                client=answer.document,
                etag=answer.etag or "",
                values=client_form.values_of(answer.document),
                field=None,
            )
        return client_steps.change(room, visit, officer, answer)

    @bp.route("/clients/<client_id>/remove", methods=["GET", "POST"])
    def remove(client_id: str) -> Response:
        visit, officer = room.enter(request, ROLE)
        path = f"/clients/{segment(client_id)}"
        if request.method == "POST":
            room.api.call(officer, "DELETE", path)
            return see_other("/clients")
        return room.page(visit, "client_remove.html", client=room.api.get(officer, path))


def _register_adoption(bp: Blueprint, room: Room) -> None:
    @bp.post("/clients/<client_id>/adopt")
    def adopt(client_id: str) -> Response:
        """Take over an application that registered itself."""
        _visit, officer = room.enter(request, ROLE)
        room.api.call(officer, "POST", f"/clients/{segment(client_id)}/adoption", document={})
        return see_other(client_path(client_id))


def _register_secrets(bp: Blueprint, room: Room) -> None:
    @bp.post("/clients/<client_id>/secret")
    def new_secret(client_id: str) -> Response:
        _visit, officer = room.enter(request, ROLE)
        at_once = request.form.get("at_once") == "yes"
        overlap = {"overlap_seconds": 0} if at_once else {}
        path = f"/clients/{segment(client_id)}/secret"
        document = room.api.call(officer, "POST", path, document=overlap).document
        officer.secrets_to_show[client_id] = document["client_secret"]
        return see_other(f"{client_path(client_id)}/secret")

    @bp.get("/clients/<client_id>/secret")
    def secret(client_id: str) -> Response:
        """Show a new secret once: a second look at this page finds none."""
        visit, officer = room.enter(request, ROLE)
        client = room.api.get(officer, f"/clients/{segment(client_id)}")
        shown = officer.secrets_to_show.pop(client_id, None)
        return room.page(visit, "client_secret.html", client=client, secret=shown)
