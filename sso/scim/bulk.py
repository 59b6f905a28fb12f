"""Several operations in one request (RFC 7644 3.7): each for itself, in a transaction of its own.

An operation that refers to a resource which another one creates (`bulkId:...`) waits for it; those that wait
for each other in a circle fail, every one with a conflict (3.7.1).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from scim2_models import (
    ConflictException,
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    PayloadTooLargeException,
)

from sso.audit.record import JsonValue
from sso.directory.provisioned import ResourceKind
from sso.scim.call import Call
from sso.scim.documents import ENDPOINTS, etag, location
from sso.scim.operations import KINDS, Shown, create, patch, remove
from sso.scim.operations import replace as put
from sso.scim.resource_types import BULK_OPERATIONS_MAX

SCHEMA_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SCHEMA_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
REFERENCE = "bulkId:"
_KINDS = {f"/{name}": kind for kind, name in ENDPOINTS.items()}
Refusal = Callable[[Exception], tuple[int, Mapping[str, Any]]]
"""The status and the SCIM error of what an operation raised."""


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    bulk_id: str | None
    data: JsonValue
    version: str | None

    def references(self) -> frozenset[str]:
        """The bulkIds that must be known before."""
        path = self.path.rpartition("/")[2]
        within = _references(self.data)
        return within | {path.removeprefix(REFERENCE)} if path.startswith(REFERENCE) else within


@dataclass(slots=True)
class _Job:
    call: Call
    refusal: Refusal
    known: dict[str, str] = field(default_factory=dict)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    errors: int = 0


def bulk(call: Call, document: JsonValue, refusal: Refusal) -> Mapping[str, Any]:
    """Return the BulkResponse.

    Raises:
        SCIMException: the request as a whole cannot be read, or is too long; nothing was done.
    """
    operations, limit = _read(document)
    job, waiting = _Job(call, refusal), dict(enumerate(operations))
    created = {each.bulk_id for each in operations if each.method == "POST" and each.bulk_id is not None}
    while waiting and not _enough(job, limit):
        missing = created - job.known.keys()
        ready = {number: each for number, each in waiting.items() if not each.references() & missing}
        for number, operation in (ready or _circles(waiting)).items():
            if _enough(job, limit):
                break
            _perform(job, number, operation, circular=not ready)
            created -= _failed(job, number, operation)
            del waiting[number]
    return {"schemas": [SCHEMA_RESPONSE], "Operations": [job.answers[n] for n in sorted(job.answers)]}


def _circles(waiting: Mapping[int, _Operation]) -> Mapping[int, _Operation]:
    """Those of the operations that wait, in the end, for themselves."""
    creators = {each.bulk_id: number for number, each in waiting.items() if each.method == "POST"}
    waits_for = {
        number: [creators[name] for name in each.references() if name in creators]
        for number, each in waiting.items()
    }
    return {number: each for number, each in waiting.items() if number in _reached(number, waits_for)}


def _reached(first: int, waits_for: Mapping[int, Sequence[int]]) -> set[int]:
    reached: set[int] = set()
    ahead = [*waits_for[first]]
    while ahead:
        number = ahead.pop()
        if number not in reached:
            reached.add(number)
            ahead += waits_for[number]
    return reached


def _enough(job: _Job, limit: int | None) -> bool:
    return limit is not None and job.errors >= limit


def _failed(job: _Job, number: int, operation: _Operation) -> set[str]:
    """The bulkId of what was not created: nobody waits for it any longer."""
    failed = operation.bulk_id is not None and operation.bulk_id not in job.known
    return {operation.bulk_id} if failed and operation.bulk_id is not None else set()


def _perform(job: _Job, number: int, operation: _Operation, *, circular: bool) -> None:
    answer: dict[str, Any] = {"method": operation.method}
    if operation.bulk_id is not None:
        answer["bulkId"] = operation.bulk_id
    try:
        answer |= _done(job, operation, circular=circular)
    except Exception as raised:  # noqa: BLE001 - it becomes the operation's own answer
        status, body = job.refusal(raised)
        job.errors += 1
        answer |= {"status": str(status), "response": body}
        target = _target(operation.path)
        if target is not None and target[1]:
            answer["location"] = location(job.call, target[0], target[1])
    job.answers[number] = answer


def _done(job: _Job, operation: _Operation, *, circular: bool) -> dict[str, Any]:
    if circular:
        raise ConflictException(detail="operations wait for each other")
    target = _target(_resolved(operation.path, job.known))
    if target is None:
        raise InvalidPathException(detail="path is /Users, /Groups, or one of them with an id")
    kind, resource_id = KINDS[target[0]], target[1]
    if (operation.method == "POST") == bool(resource_id):
        raise InvalidPathException(detail="POST names an endpoint, every other method a resource")
    call = replace(job.call, now=datetime.now(UTC))
    data = _resolved(operation.data, job.known)
    if operation.method == "DELETE":
        remove(kind, call, resource_id, operation.version)
        return {"status": "204", "location": location(call, target[0], resource_id)}
    if operation.method == "POST":
        shown = create(kind, call, data)
        job.known[operation.bulk_id or ""] = shown.resource.id
        return _answer(call, shown, "201")
    change = put if operation.method == "PUT" else patch
    return _answer(call, change(kind, call, resource_id, data, operation.version), "200")


def _answer(call: Call, shown: Shown, status: str) -> dict[str, Any]:
    resource = shown.resource
    return {
        "status": status,
        "version": etag(resource),
        "location": location(call, resource.kind, resource.id),
    }


def _target(path: str) -> tuple[ResourceKind, str] | None:
    endpoint, _, resource_id = path.lstrip("/").partition("/")
    kind = _KINDS.get(f"/{endpoint}")
    return None if kind is None or "/" in resource_id else (kind, resource_id)


def _read(document: JsonValue) -> tuple[Sequence[_Operation], int | None]:
    if not isinstance(document, Mapping) or SCHEMA_REQUEST not in _list(document.get("schemas")):
        raise InvalidSyntaxException(detail=f"schemas must hold {SCHEMA_REQUEST}")
    operations, limit = _list(document.get("Operations")), document.get("failOnErrors")
    if not operations:
        raise InvalidValueException(detail="Operations must hold at least one")
    if len(operations) > BULK_OPERATIONS_MAX:
        raise PayloadTooLargeException(detail=f"at most {BULK_OPERATIONS_MAX} operations in one request")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InvalidValueException(detail="failOnErrors is a number from 1 on")
    read = [_operation(each) for each in operations]
    ids = [each.bulk_id for each in read if each.bulk_id is not None]
    if len(set(ids)) != len(ids):
        raise InvalidValueException(detail="a bulkId is used twice")
    return read, limit


def _operation(told: JsonValue) -> _Operation:
    if not isinstance(told, Mapping):
        raise InvalidSyntaxException(detail="an operation is not an object")
    method, path, bulk_id = told.get("method"), told.get("path"), told.get("bulkId")
    version = told.get("version")
    if not isinstance(method, str) or method.upper() not in ("POST", "PUT", "PATCH", "DELETE"):
        raise InvalidValueException(detail="method is POST, PUT, PATCH or DELETE")
    if not isinstance(path, str):
        raise InvalidValueException(detail="each operation needs a path")
    if not isinstance(bulk_id, str | None) or not isinstance(version, str | None):
        raise InvalidValueException(detail="bulkId and version are texts")
    if method.upper() == "POST" and not bulk_id:
        raise InvalidValueException(detail="POST needs a bulkId")
    return _Operation(method.upper(), path, bulk_id, told.get("data"), version)


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _references(data: JsonValue) -> frozenset[str]:
    if isinstance(data, str):
        return frozenset({data.removeprefix(REFERENCE)}) if data.startswith(REFERENCE) else frozenset()
    if isinstance(data, Mapping):
        return frozenset().union(*map(_references, data.values()))
    if isinstance(data, Sequence):
        return frozenset().union(*map(_references, data))
    return frozenset()


def _resolved(data: Any, known: Mapping[str, str]) -> Any:
    """The data with the ids of what was created; what was not stays, and is refused where it stands."""
    if isinstance(data, str):
        head, slash, tail = data.rpartition("/")
        is_path = data.startswith("/") and tail.startswith(REFERENCE)
        name = (tail if is_path else data).removeprefix(REFERENCE)
        if not (is_path or data.startswith(REFERENCE)) or name not in known:
            return data
        return f"{head}{slash}{known[name]}" if is_path else known[name]
    if isinstance(data, Mapping):
        return {key: _resolved(value, known) for key, value in data.items()}
    if isinstance(data, list):
        return [_resolved(each, known) for each in data]
    return data
