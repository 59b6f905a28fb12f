"""Applications fetch their slice of the log: entries in the order of their places, from a cursor on.

Who may is in the configuration: `[[audit.sink]]` of kind `pull` names its reader. Every answer bears the
cursor to go on from (`Audit-Next`), and whether there is more to look at now (`Audit-More`). The cursor that
comes back says that everything before it has arrived: a page that is lost comes again, and none is left out.

410 says that the entries at a cursor have gone, how many, and where to go on: nobody misses them unawares.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request

from sso import __version__
from sso.audit.event.sinks import SinkMissed, SinkOpened, SlicePulled
from sso.audit.ocsf import Reporter
from sso.audit.record import JsonValue
from sso.audit.telling import Teller
from sso.config.sinks import PullTarget, SinkSettings
from sso.hub import Hub
from sso.oidc.client_authentication import Presented
from sso.oidc.errors import ErrorCode, RequestDenied, TokenError
from sso.oidc.token_request import single_values
from sso.storage.audit_sinks import size_of
from sso.storage.audit_slices import EntriesGone, SlicePage
from sso.storage.audit_tree import Head
from sso.storage.detection import Place
from sso.storage.stores import SqlStores
from sso.web.confidential import confidential_client, presented_to
from sso.web.visit import origin_of

SLICE_PATH = "/audit/slice"
MEDIA_TYPE = "application/jsonl"
NEXT, MORE = "Audit-Next", "Audit-More"
DEFAULT_LIMIT, MOST = 500, 1_000
BUSY_SECONDS = 2
NOT_A_READER = (
    "this client reads no slice of the log: the hub's operator may name it as reader of an [[audit.sink]]"
)
_CURSOR = re.compile(r"([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,15})")
_LIMIT = re.compile(r"[1-9][0-9]{0,3}")


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint; GET for clients with Basic credentials, POST for every way of authentication."""
    bp = Blueprint("slices", __name__)
    readers = {
        sink.target.reader: sink
        for sink in hub.configuration.audit_sinks
        if isinstance(sink.target, PullTarget)
    }
    reading = threading.BoundedSemaphore(max(1, hub.configuration.settings.server.threads // 4))

    @bp.route(SLICE_PATH, methods=["GET", "POST"])
    def pull() -> Response:
        """Return entries of the calling client's slice of the log, from the cursor `after` on (JSONL)."""
        presented = presented_to("slice", hub, request)
        reader = _reader(presented, hub)
        asked = _Asked.of(presented)
        sink = readers.get(reader)
        if sink is None:
            raise RequestDenied(ErrorCode.ACCESS_DENIED, NOT_A_READER)
        if not reading.acquire(blocking=False):
            return _refusal(429, {"error": ErrorCode.SLOW_DOWN.value}, {"Retry-After": str(BUSY_SECONDS)})
        try:
            return _Pull(hub, reader, sink, asked).answer()
        finally:
            reading.release()

    return bp


@dataclass(frozen=True, slots=True)
class _Asked:
    """For how many entries a reader asks, from where on: None is where it is."""

    after: Place | None
    limit: int

    @classmethod
    def of(cls, presented: Presented) -> "_Asked":
        """Read the parameters, of the address or the form.

        Raises:
            TokenError: one of them is not what it must be.
        """
        given = single_values(request.args.to_dict(flat=False)) | dict(presented.form)
        after, limit = given.get("after"), given.get("limit", str(DEFAULT_LIMIT))
        cursor = None if after is None else _CURSOR.fullmatch(after)
        if after is not None and cursor is None:
            raise TokenError(ErrorCode.INVALID_REQUEST, "after is no cursor of this endpoint")
        if not _LIMIT.fullmatch(limit) or int(limit) > MOST:
            raise TokenError(ErrorCode.INVALID_REQUEST, f"limit is a number from 1 to {MOST}")
        return cls(None if cursor is None else Place(int(cursor[1]), int(cursor[2])), int(limit))


def _reader(presented: Presented, hub: Hub) -> str:
    """Return the client that has proven itself.

    Raises:
        TokenError: it has not.
    """
    with _transaction(hub) as stores:
        return confidential_client(presented, stores, hub, "a public client has no slice").client_id


@dataclass(frozen=True, slots=True)
class _Begin:
    """Where a page begins, and up to where entries have arrived; None: no more than was known."""

    place: Place
    arrived: Place | None = None


@dataclass(frozen=True, slots=True)
class _Pull:
    """One call of a reader: it is read first, and noted and recorded then, before anything leaves."""

    hub: Hub
    reader: str
    sink: SinkSettings
    asked: _Asked

    def answer(self) -> Response:
        """Return the page, or what has gone."""
        begin, limit = self._begin(), self.asked.limit
        try:
            with self.hub.database.read() as stores:
                heads = stores.audit_tree.heads()
                page = stores.audit_slices.page(begin.place, self.sink.slice, limit, heads)
        except EntriesGone as gone:
            return self._gone(begin, gone)
        return self._page(begin, page)

    def _begin(self) -> _Begin:
        """Return where the page begins.

        Raises:
            TokenError: the log does not reach so far.
        """
        after = self.asked.after
        with self.hub.database.read() as stores:
            heads, state = stores.audit_tree.heads(), stores.audit_sinks.state(self.sink.name)
        if not heads and after in (None, Place(1, 0)):
            return _Begin(Place(1, 0))
        if after is not None and not _reaches(after, heads):
            raise TokenError(ErrorCode.INVALID_REQUEST, "after is beyond the end of the log")
        known = self._open(heads[-1]) if state is None else state.place
        return _Begin(known) if after is None else _Begin(after, after if after > known else None)

    def _open(self, head: Head) -> Place:
        """Begin where the log ends now, or at its begin, unless another call has just done so."""
        place = Place(1, 0) if self.sink.from_oldest else Place(head.epoch, head.frontier.size)
        name, kind = self.sink.name, self.sink.kind
        with _transaction(self.hub) as stores:
            if stores.audit_sinks.open(name, place):
                event = SinkOpened(sink=name, kind=kind, epoch=place.epoch, begin=place.index)
                stores.audit.append(event, datetime.now(UTC))
            state = stores.audit_sinks.state(name)
        return place if state is None else state.place

    def _page(self, begin: _Begin, page: SlicePage) -> Response:
        """Note what has arrived, record what leaves, and answer."""
        if page.told or begin.arrived is not None:
            with _transaction(self.hub) as stores:
                self._note_arrival(begin, stores)
                if page.told:
                    stores.audit.append(self._pulled(begin, page), datetime.now(UTC))
        teller = Teller(Reporter.of(self.hub.settings.issuer, __version__), ocsf=self.sink.ocsf)
        body = "".join(teller.line(told.record, *told.at) for told in page.told)
        response = Response(body, mimetype=MEDIA_TYPE)
        response.headers[NEXT] = _cursor(page.next)
        response.headers[MORE] = "true" if page.more else "false"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _gone(self, begin: _Begin, gone: EntriesGone) -> Response:
        """Say what has gone; an officer is told once of each gap, as far as it was looked at."""
        with _transaction(self.hub) as stores:
            self._note_arrival(begin, stores)
            if stores.audit_slices.missed(self.sink.name, gone):
                epoch, index = gone.place.epoch, gone.place.index
                event = SinkMissed(sink=self.sink.name, epoch=epoch, begin=index, entries=gone.entries)
                stores.audit.append(event, datetime.now(UTC))
        text = "entries were dropped or cannot be read: go on after the cursor in next, without them"
        cursor = _cursor(gone.next)
        told: dict[str, JsonValue] = {"error": "entries_gone", "error_description": text}
        told |= {"entries": gone.entries, "next": cursor}
        return _refusal(410, told, {NEXT: cursor, MORE: "true"})

    def _note_arrival(self, begin: _Begin, stores: SqlStores) -> None:
        if begin.arrived is not None:
            stores.audit_slices.acknowledge(self.sink.name, begin.arrived, datetime.now(UTC))

    def _pulled(self, begin: _Begin, page: SlicePage) -> SlicePulled:
        return SlicePulled(
            client_id=self.reader,
            sink=self.sink.name,
            epoch=begin.place.epoch,
            begin=begin.place.index,
            next_epoch=page.next.epoch,
            next_index=page.next.index,
            entries=len(page.told),
        )


def _transaction(hub: Hub) -> AbstractContextManager[SqlStores]:
    return hub.database.begin(origin_of(request, hub.configuration.settings.server.trusted_proxies))


def _reaches(place: Place, heads: Sequence[Head]) -> bool:
    """Whether a log has a place, or has one just before it; of a tree that was cut, whatever it once had."""
    newest = heads[-1] if heads else None
    if newest is None or place.epoch > newest.epoch:
        return False
    return place.epoch < newest.epoch or place.index <= size_of(place.epoch, heads)


def _cursor(place: Place) -> str:
    return f"{place.epoch}.{place.index}"


def _refusal(status: int, told: Mapping[str, JsonValue], headers: Mapping[str, str]) -> Response:
    response = jsonify(told)
    response.status_code = status
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store"
    return response
