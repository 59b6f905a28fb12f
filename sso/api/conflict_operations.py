"""What directories say twice: the queue, and what a people manager decides."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sso.api.account_documents import AccountDocument, account_document, directory_names
from sso.api.audit_parameters import Reason
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.problem import Problem
from sso.audit.event.identity import DirectoryConflictsViewed
from sso.audit.record import JsonValue
from sso.authentication import conflicts
from sso.authentication.conflicts import NotResolvable
from sso.authentication.linking import Decision
from sso.directory.conflict import Conflict, Resolution, Side
from sso.storage.stores import SqlStores

SOURCE = "api"
QUEUE_MAX = 200
"""Conflicts of all directories that are told at once."""


class ConflictsAsked(Nothing):
    """With `resolved` those that are settled too."""

    resolved: bool = False


class SideDocument(BaseModel):
    """One of the two: an entry, or an account with its entry's id."""

    model_config = ConfigDict(extra="forbid")

    immutable_id: str
    login_name: str
    dn: str
    account_id: str | None


class ConflictDocument(BaseModel):
    """A conflict; the earlier account comes first."""

    model_config = ConfigDict(extra="forbid")

    conflict_id: str
    directory_id: str
    kind: str
    sides: list[SideDocument]
    found_at: str
    seen_at: str
    resolutions: list[str]
    resolution: str | None


class ConflictList(BaseModel):
    """Conflicts of one directory, the oldest first."""

    conflicts: list[ConflictDocument]


class ConflictQueue(BaseModel):
    """Open conflicts of all directories, each directory's oldest first."""

    conflicts: list[ConflictDocument]
    directories: dict[str, str] = Field(description="What the directories are called, by id.")
    more: bool = Field(description="Whether some are left out.")


class WholeConflict(ConflictDocument):
    """A conflict with what each side's account says of its holder; null for a side that has none."""

    directory_name: str
    settled: bool = Field(
        description="Whether it is open, but the accounts have parted by themselves: nothing can be decided."
    )
    accounts: list[AccountDocument | None]
    reason: str | None = Field(description="Why it was resolved like this.")
    resolved_at: str | None


class ResolutionAsked(Nothing):
    """The decision and its reason."""

    model_config = ConfigDict(extra="forbid")

    resolution: Resolution
    reason: Reason


def _list(call: Call[ConflictsAsked]) -> Answer:
    with call.hub.database.read() as stores:
        directory_id, wanted = call.path["directory_id"], call.asked.resolved
        found = (
            stores.conflicts.of_directory(directory_id, resolved=True)
            if wanted
            else conflicts.unsettled(directory_id, stores)
        )
    call.record(_look(call, {"directory_id": directory_id, "resolved": wanted}, len(found)))
    return Answer(ConflictList(conflicts=[_document(each) for each in found]).model_dump())


def _queue(call: Call[Nothing]) -> Answer:
    found: list[Conflict] = []
    with call.hub.database.read() as stores:
        for directory in call.hub.directories:
            if len(found) <= QUEUE_MAX:
                found += conflicts.unsettled(directory.id, stores)
    shown = found[:QUEUE_MAX]
    call.record(_look(call, {"resolved": False}, len(shown)))
    queue = ConflictQueue(
        conflicts=[_document(each) for each in shown],
        directories=directory_names(call.hub.directories),
        more=len(found) > len(shown),
    )
    return Answer(queue.model_dump())


def _view(call: Call[Nothing]) -> Answer:
    names = directory_names(call.hub.directories)
    with call.hub.database.read() as stores:
        conflict = _found(call, stores)
        settled = conflict.resolved_at is None and not conflicts.is_unsettled(conflict, stores)
        accounts = [_account(side, names, stores) for side in conflict.sides]
    looked: dict[str, JsonValue] = {"directory_id": conflict.directory_id, "conflict_id": conflict.id}
    about = [{**looked, "account_id": each.account_id} for each in accounts if each is not None]
    call.record(*(_look(call, asked, len(conflict.sides)) for asked in about or [looked]))
    whole = WholeConflict(
        **_document(conflict).model_dump(),
        directory_name=names.get(conflict.directory_id, conflict.directory_id),
        settled=settled,
        accounts=accounts,
        reason=conflict.reason or None,
        resolved_at=None if conflict.resolved_at is None else conflict.resolved_at.isoformat(),
    )
    return Answer(whole.model_dump())


def _look(call: Call[Any], query: dict[str, JsonValue], results: int) -> DirectoryConflictsViewed:
    return DirectoryConflictsViewed(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        query=query,
        results=results,
    )


def _found(call: Call[Any], stores: SqlStores) -> Conflict:
    conflict = stores.conflicts.get(call.path["conflict_id"])
    if conflict is None or conflict.directory_id != call.path["directory_id"]:
        raise Problem("not_found")
    return conflict


def _account(side: Side, names: dict[str, str], stores: SqlStores) -> AccountDocument | None:
    account = stores.people.account(side.account_id) if side.account_id is not None else None
    return None if account is None else account_document(account, names)


def _resolve(call: Call[ResolutionAsked]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        conflict = _found(call, stores)
        try:
            decision = Decision(SOURCE, call.asked.reason)
            conflicts.resolve(conflict, call.asked.resolution, decision, stores, call.now)
        except NotResolvable as refusal:
            raise Problem("conflict_not_resolvable", refusal.sentence, cause=refusal.why.value) from refusal
        resolved = stores.conflicts.get(conflict.id) or conflict
    return Answer(_document(resolved).model_dump())


def _document(conflict: Conflict) -> ConflictDocument:
    return ConflictDocument(
        conflict_id=conflict.id,
        directory_id=conflict.directory_id,
        kind=conflict.kind.value,
        sides=[
            SideDocument(
                immutable_id=side.immutable_id,
                login_name=side.login_name,
                dn=side.dn,
                account_id=side.account_id,
            )
            for side in conflict.sides
        ],
        found_at=conflict.found_at.isoformat(),
        seen_at=conflict.seen_at.isoformat(),
        resolutions=[each.value for each in conflict.resolutions],
        resolution=None if conflict.resolution is None else conflict.resolution.value,
    )


CONFLICT_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="list_conflict_queue",
        method="GET",
        path="/conflicts",
        summary="What the directories say twice, until somebody decides; recorded",
        need=Need.PEOPLE,
        asked=Nothing,
        answer=ConflictQueue,
        run=_queue,
    ),
    Operation(
        name="list_conflicts",
        method="GET",
        path="/directories/{directory_id}/conflicts",
        summary="What a directory says twice, with both sides; recorded",
        need=Need.PEOPLE,
        asked=ConflictsAsked,
        answer=ConflictList,
        run=_list,
    ),
    Operation(
        name="view_conflict",
        method="GET",
        path="/directories/{directory_id}/conflicts/{conflict_id}",
        summary="One conflict, with what both sides say; recorded",
        need=Need.PEOPLE,
        asked=Nothing,
        answer=WholeConflict,
        run=_view,
    ),
    Operation(
        name="resolve_conflict",
        method="POST",
        path="/directories/{directory_id}/conflicts/{conflict_id}",
        summary="Decide a conflict: two humans, the same one, or the directory was mended",
        need=Need.PEOPLE,
        asked=ResolutionAsked,
        answer=ConflictDocument,
        run=_resolve,
    ),
)
