"""The last page: who was told of a sign-out, the frames that tell the rest, and the way on.

Its address carries what it tells of, sealed for the browser that signed out: loading it again, or pressing
twice, shows how things stand now, and nobody else's link leads anywhere from here. What this page does is
part of the sign-out: it goes on while the log cannot be written.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, request

from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.front_channel_logout import frames_to_load, report
from sso.oidc.logout_ledger import Standing, Told, ledger, surest
from sso.oidc.notice import LogoutFrame
from sso.web.answers import Answers
from sso.web.journey import check_form
from sso.web.upstream_farewell import RETURN_PATH, leave, provider_to_leave
from sso.web.visit import Visit, visit_of

PATH = "/signed-out"
REPORT_PATH = "/signed-out/frames"
PATIENCE_SECONDS = 2.0
"""How long the page waits for services to confirm; those that are slower are told of as waiting."""
FRAME_SECONDS = 4
"""How long frames may take to load before the browser goes on without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What the last page tells of: a session's end, the client that asked, where it wants the person back."""

    session_id: str | None = None
    client_id: str | None = None
    way_back: str | None = None

    def address(self, visit: Visit, ui_locales: str | None) -> str:
        """Return the address of the page, good in this browser only."""
        values = {"session": self.session_id, "client_id": self.client_id, "way_back": self.way_back}
        query = {**values, "seal": visit.form_token(self._purpose()), "ui_locales": ui_locales}
        return f"{PATH}?{urlencode({name: value for name, value in query.items() if value is not None})}"

    def state(self, visit: Visit) -> str:
        """Return the same as a text that another provider carries and gives back."""
        return urlsplit(self.address(visit, None)).query

    @classmethod
    def opened(cls, query: Mapping[str, str], visit: Visit) -> "Farewell":
        """Return what an address says if this browser was given it; else nothing is told."""
        said = cls(
            session_id=query.get("session"), client_id=query.get("client_id"), way_back=query.get("way_back")
        )
        return said if visit.owns(query.get("seal"), said._purpose()) else cls()

    def _purpose(self) -> str:
        return "farewell " + json.dumps([self.session_id, self.client_id, self.way_back])


@dataclass(frozen=True, slots=True)
class ToldService:
    """A line of the page: a service, by which channel it hears of the sign-out, and how far that has come."""

    name: str
    channel: str
    status: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the page: the address it loads, and whose it is."""

    client_id: str
    name: str
    address: str


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the page, and the address to which its script reports."""
    bp = Blueprint("signed_out", __name__)
    page = _LastPage(hub, answers)

    @bp.get(PATH)
    def signed_out() -> Response:
        """Say who was told of a sign-out, and load the frames that tell the others."""
        return page.show()

    @bp.post(RETURN_PATH)
    def leave_upstream() -> Response:
        """Send the browser to the provider where the session began, to sign out there too."""
        return page.leave_upstream()

    @bp.get(RETURN_PATH)
    def back_from_upstream() -> Response:
        """Come back from the provider to the last page."""
        visit = visit_of(hub, request)
        said = dict(parse_qsl(request.args.get("state", "")))
        return answers.to(Farewell.opened(said, visit).address(visit, None))

    @bp.post(REPORT_PATH)
    def take_report() -> Response:
        """Take the browser's word on which frames have loaded."""
        return page.take_report()

    return bp


class _LastPage:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def show(self) -> Response:
        visit = visit_of(self._hub, request, request.args.get("ui_locales"))
        farewell = Farewell.opened(request.args, visit)
        frames = self._frames(farewell, visit)
        told = self._told(farewell, 0.0 if frames else PATIENCE_SECONDS)
        client = self._clients([farewell.client_id or ""]).get(farewell.client_id or "")
        tag = visit.language.tag
        upstream = provider_to_leave(farewell.session_id, self._hub)
        page = self._answers.page(
            "signed_out.html",
            visit,
            request,
            target=upstream.settings.issuer if upstream is not None else None,
            upstream_name=upstream.settings.label(tag) if upstream is not None else None,
            upstream_fields=[*parse_qsl(farewell.state(visit))] if upstream is not None else [],
            upstream_action=RETURN_PATH,
            upstream_token=visit.form_token(_leave_purpose(farewell.session_id)),
            services=self._services(told, tag),
            confirmed=sum(line.standing is Standing.CONFIRMED for line in told),
            frames=frames,
            frame_seconds=FRAME_SECONDS,
            report_url=REPORT_PATH,
            report_token=visit.form_token(_report_purpose(farewell.session_id)),
            session_id=farewell.session_id,
            check_again_url=request.full_path if _any_waits(told) else None,
            way_back=farewell.way_back,
            return_url=client.client_uri if client is not None else None,
            service_name=client.name_in(tag) if client is not None else None,
            sign_in_url="/sign-in",
        )
        return self._answers.with_frames(page, [frame.address for frame in frames])

    def leave_upstream(self) -> Response:
        visit = visit_of(self._hub, request)
        farewell = Farewell.opened(request.form, visit)
        check_form(visit, request, _leave_purpose(farewell.session_id), self._hub.settings.issuer)
        address = leave(farewell.session_id, farewell.state(visit), self._hub, visit)
        return self._answers.to(address or farewell.address(visit, None))

    def take_report(self) -> Response:
        visit = visit_of(self._hub, request)
        session_id = request.form.get("session", "")
        check_form(visit, request, _report_purpose(session_id), self._hub.settings.issuer)

        def take(stores: Stores) -> None:
            record = stores.sessions.record(session_id)
            if record is not None:
                report(record, request.form.getlist("loaded"), stores, visit.now)

        self._hub.database.contain(visit.origin, take)
        return Response(status=204)

    def _frames(self, farewell: Farewell, visit: Visit) -> Sequence[Frame]:
        session_id = farewell.session_id
        if session_id is None or not self._has_frames(session_id):
            return ()

        def send(stores: Stores) -> Sequence[LogoutFrame]:
            record = stores.sessions.record(session_id)
            return frames_to_load(record, stores, visit.now) if record is not None else ()

        found = self._hub.database.contain(visit.origin, send)
        clients = self._clients([frame.client_id for frame in found])
        return [self._frame(frame, clients.get(frame.client_id), visit) for frame in found]

    def _has_frames(self, session_id: str) -> bool:
        with self._hub.database.read() as stores:
            return any(not frame.reported for frame in stores.frames.of_session(session_id))

    def _frame(self, frame: LogoutFrame, client: Client | None, visit: Visit) -> Frame:
        name = client.name_in(visit.language.tag) if client is not None else frame.client_id
        return Frame(frame.client_id, name, frame.address(self._hub.settings.issuer))

    def _told(self, farewell: Farewell, patience_seconds: float) -> Sequence[Told]:
        """Return a line a client, after giving the worker a moment to deliver its notices."""
        if farewell.session_id is None:
            return ()
        ends = time.monotonic() + patience_seconds
        while True:
            with self._hub.database.read() as stores:
                clients = stores.sessions.clients_of(farewell.session_id)
                notices = stores.outbox.of_session(farewell.session_id)
                lines = surest(ledger(clients, notices, stores.frames.of_session(farewell.session_id)))
            if not _any_waits(lines) or time.monotonic() > ends:
                return lines
            time.sleep(0.1)

    def _services(self, told: Sequence[Told], tag: str) -> list[ToldService]:
        clients = self._clients([line.client_id for line in told])
        names = {client_id: client.name_in(tag) for client_id, client in clients.items()}
        return [
            ToldService(names.get(line.client_id, line.client_id), line.channel.value, line.standing.value)
            for line in told
        ]

    def _clients(self, client_ids: Sequence[str]) -> dict[str, Client]:
        with self._hub.database.read() as stores:
            found = [stores.clients.get(client_id) for client_id in client_ids]
        return {client.client_id: client for client in found if client is not None}


def _any_waits(lines: Sequence[Told]) -> bool:
    return any(line.standing is Standing.WAITING for line in lines)


def _leave_purpose(session_id: str | None) -> str:
    return f"leave {session_id}"


def _report_purpose(session_id: str | None) -> str:
    return f"frames {session_id}"
