"""Creating, replacing, patching, removing, showing and searching (RFC 7644 3.3 to 3.6), for both kinds.

A write reads what is known, works outside of any transaction (a password is hashed), and then changes it only
if it is still the same version: so a slow hash holds nothing up and no change is lost. What ends a person's
access does not wait for the audit log.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from scim2_models import (
    ConflictException,
    Context,
    InvalidPathException,
    ListResponse,
    NotFoundException,
    PreconditionFailedException,
    ResponseParameters,
    SearchRequest,
    TooManyException,
    UniquenessException,
)

from sso.audit.event.provisioning import ProvisionedRead
from sso.audit.record import JsonValue
from sso.authentication.stores import Stores
from sso.directory.provisioned import NameTaken, Resource, ResourceKind
from sso.directory.provisioned_query import Always, Order, Question
from sso.scim import documents
from sso.scim.call import Call
from sso.scim.documents import validated
from sso.scim.filtering import Asked, asked, attributes_in, index_of
from sso.scim.kinds import Groups, Kind, Users
from sso.scim.resource_types import (
    FILTER_MAX_CHARACTERS,
    PAGE_DEFAULT,
    PAGE_MAX,
    POLICY,
    SCAN_MAX,
    AnyResource,
)
from sso.storage.stores import SqlStores

TRIES = 5
"""How often a change is begun anew when somebody else was quicker."""
KINDS: Mapping[ResourceKind, Kind[Any]] = {ResourceKind.USER: Users(), ResourceKind.GROUP: Groups()}
_ALL: ResponseParameters[Any] = ResponseParameters()


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as it is answered."""

    document: AnyResource
    resource: Resource


def create(kind: Kind[Any], call: Call, document: JsonValue) -> Shown:
    """Create a resource.

    Raises:
        SCIMException: it cannot be; nothing was kept.
    """
    model = validated(kind.model, document, Context.RESOURCE_CREATION_REQUEST)
    written = kind.written(call, model, None)
    try:
        with call.begin() as stores:
            return _shown(kind, call, kind.add(call, written, stores), stores)
    except NameTaken as taken:
        raise _taken(kind) from taken


def replace(
    kind: Kind[Any], call: Call, resource_id: str, document: JsonValue, if_match: str | None
) -> Shown:
    """Put a document in the place of a resource (3.5.1)."""

    def changed(known: AnyResource) -> AnyResource:
        model: AnyResource = validated(kind.model, document, Context.RESOURCE_REPLACEMENT_REQUEST)
        model.replace(known)
        return model

    return _change(kind, call, resource_id, changed, if_match)


def patch(kind: Kind[Any], call: Call, resource_id: str, document: JsonValue, if_match: str | None) -> Shown:
    """Apply operations to a resource, all or none (3.5.2)."""
    operations = validated(kind.patches, document, Context.RESOURCE_PATCH_REQUEST)

    def changed(known: AnyResource) -> AnyResource:
        operations.patch(known, POLICY)
        return known

    return _change(kind, call, resource_id, changed, if_match)


def remove(kind: Kind[Any], call: Call, resource_id: str, if_match: str | None) -> None:
    """Remove a resource (3.6)."""
    for _ in range(TRIES):
        with suppress(_Overtaken):
            return _remove(kind, call, resource_id, if_match)
    raise ConflictException(detail="others change it again and again")


class _Overtaken(Exception):
    """Somebody else was quicker: nothing of the transaction is kept."""


def _remove(kind: Kind[Any], call: Call, resource_id: str, if_match: str | None) -> None:
    def removed(stores: SqlStores) -> None:
        known = _known(kind, call, resource_id, stores)
        _check_version(known, if_match)
        if not kind.remove(call, known, stores):
            raise _Overtaken

    call.write(removed, ends=kind.kind is ResourceKind.USER)


def show(kind: Kind[Any], call: Call, resource_id: str, wanted: ResponseParameters[Any]) -> Shown:
    """Return a resource and record that it was read (3.4.1)."""
    with call.begin() as stores:
        known = _known(kind, call, resource_id, stores)
        event = ProvisionedRead(
            client_id=call.by.client_id,
            directory_id=call.by.directory_id,
            kind=kind.kind.value,
            resource_id=resource_id,
        )
        stores.audit.append(event, call.now)
        return _shown(kind, call, known, stores, wanted)


def search(kind: Kind[Any], call: Call, request: "SearchRequest[Any]") -> "ListResponse[Any]":
    """Return a page of what a request finds and record that it was read (3.4.2, 3.4.3)."""
    if request.filter is not None and len(request.filter) > FILTER_MAX_CHARACTERS:
        raise TooManyException(detail=f"a filter has at most {FILTER_MAX_CHARACTERS} characters")
    with call.read() as stores:
        total, page = _found(kind, call, request, stores)
    named = frozenset() if request.filter is None else frozenset(attributes_in(request.filter.ast))
    event = ProvisionedRead(
        client_id=call.by.client_id,
        directory_id=call.by.directory_id,
        kind=kind.kind.value,
        filtered_by=named,
        results=len(page),
    )
    with call.begin() as stores:
        stores.audit.append(event, call.now)
    made: ListResponse[Any] = kind.lists(
        total_results=total, start_index=request.start_index or 1, items_per_page=len(page), resources=page
    )
    return made


def _found(
    kind: Kind[Any], call: Call, request: "SearchRequest[Any]", stores: Stores
) -> tuple[int, list[AnyResource]]:
    question = Asked(Always(), exact=True)
    if request.filter is not None:
        question = asked(kind.kind, request.filter)
    first = (request.start_index or 1) - 1
    size = min(PAGE_DEFAULT if request.count is None else request.count, PAGE_MAX)
    if not question.exact:
        matching = _one_by_one(kind, call, request, question, stores)
        return len(matching), matching[first : first + size]
    asks = Question(
        directory_id=call.by.directory_id,
        kind=kind.kind.value,
        condition=question.condition,
        order=_order(kind, request),
        offset=min(first, 2**31),
        limit=size,
    )
    total = stores.provisioned.count(asks)
    found = stores.provisioned.search(asks) if size and first < total else []
    return total, kind.shown(call, found, stores, request)


def _one_by_one(
    kind: Kind[Any], call: Call, request: "SearchRequest[Any]", question: Asked, stores: Stores
) -> list[AnyResource]:
    """Look at each candidate of a filter that no index answers; there may not be many."""
    asks = Question(
        directory_id=call.by.directory_id,
        kind=kind.kind.value,
        condition=question.condition,
        limit=SCAN_MAX + 1,
    )
    found = stores.provisioned.search(asks)
    if len(found) > SCAN_MAX:
        raise TooManyException(detail="add an indexed attribute with eq or sw: userName, externalId, emails")
    documents_found = kind.shown(call, found, stores, _ALL)
    matching = [each for each in documents_found if request.filter is None or request.filter.match(each)]
    return request.sort(matching)


def _order(kind: Kind[Any], request: "SearchRequest[Any]") -> Order | None:
    if request.sort_by is None:
        return None
    index = index_of(kind.kind, request.sort_binding(kind.model))
    if index is None:
        raise InvalidPathException(detail=f"resources are not sorted by {str(request.sort_by)[:64]}")
    descending = request.sort_order == SearchRequest.SortOrder.descending
    return Order(by=index[0], is_column=index[1], descending=descending)


def _change(
    kind: Kind[Any],
    call: Call,
    resource_id: str,
    changed: Callable[[AnyResource], AnyResource],
    if_match: str | None,
) -> Shown:
    for _ in range(TRIES):
        with call.read() as stores:
            known = _known(kind, call, resource_id, stores)
            _check_version(known, if_match)
            document = _shown(kind, call, known, stores).document
        written = kind.written(call, changed(document), known)
        keep = partial(_kept, kind, call, known, written)
        try:
            kept = call.write(keep, ends=kind.ends(known, written))
        except NameTaken as taken:
            raise _taken(kind) from taken
        if kept is not None:
            return kept
    raise ConflictException(detail="others change it again and again")


def _kept(kind: Kind[Any], call: Call, known: Resource, written: Any, stores: Stores) -> Shown | None:
    """The resource as it is now; None if somebody else has changed what was known."""
    resource = kind.change(call, known, written, stores)
    return None if resource is None else _shown(kind, call, resource, stores)


def _known(kind: Kind[Any], call: Call, resource_id: str, stores: Stores) -> Resource:
    known = stores.provisioned.get(call.by.directory_id, kind.kind, resource_id)
    if known is None:
        raise NotFoundException(detail=f"no {kind.kind.value} has this id")
    return known


def _shown(
    kind: Kind[Any], call: Call, resource: Resource, stores: Stores, wanted: ResponseParameters[Any] = _ALL
) -> Shown:
    [document] = kind.shown(call, [resource], stores, wanted)
    return Shown(document, resource)


def _check_version(known: Resource, if_match: str | None) -> None:
    """RFC 9110 13.1.1; entity tags are compared weakly, as RFC 7644 3.14 has it."""
    if if_match is not None and not matches(known, if_match):
        raise PreconditionFailedException(detail="somebody else has changed it: read it again")


def matches(known: Resource, header: str) -> bool:
    """Whether an If-Match or If-None-Match header names the present version."""
    named = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in named or documents.etag(known).removeprefix("W/") in named


def _taken(kind: Kind[Any]) -> UniquenessException:
    name = "userName" if kind.kind is ResourceKind.USER else "displayName"
    return UniquenessException(detail=f"another {kind.kind.value} of this department has this {name}")
