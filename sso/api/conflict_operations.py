"""What directories say twice: the queue, and what a people manager decides."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from sso.api.audit_parameters import Reason
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.problem import Problem
from sso.authentication import conflicts
from sso.authentication.conflicts import NotResolvable
from sso.authentication.linking import Decision
from sso.directory.conflict import Conflict, Resolution

SOURCE = "api"


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
    return Answer(ConflictList(conflicts=[_document(each) for each in found]).model_dump())


def _resolve(call: Call[ResolutionAsked]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        conflict = stores.conflicts.get(call.path["conflict_id"])
        if conflict is None or conflict.directory_id != call.path["directory_id"]:
            raise Problem("not_found")
        try:
            decision = Decision(SOURCE, call.asked.reason)
            conflicts.resolve(conflict, call.asked.resolution, decision, stores, call.now)
        except NotResolvable as refusal:
            raise Problem("conflict_not_resolvable", refusal.sentence) from refusal
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
        name="list_conflicts",
        method="GET",
        path="/directories/{directory_id}/conflicts",
        summary="What a directory says twice, with both sides",
        need=Need.PEOPLE,
        asked=ConflictsAsked,
        answer=ConflictList,
        run=_list,
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
