"""Between what is kept of a resource and the SCIM documents that are read and shown."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    Group,
    InvalidSyntaxException,
    InvalidValueException,
    Meta,
    SCIMException,
)

from sso.audit.record import JsonValue
from sso.directory.provisioned import IndexedValue, Link, Resource, ResourceKind
from sso.scim.call import Call
from sso.scim.filtering import indexed_values
from sso.scim.resource_types import POLICY, PROVIDER, AnyResource, HubUser

VALUE_MAX_CHARACTERS = 512
"""Of a value that filters find."""
ATTRIBUTES_MAX_BYTES = 65_536
"""Of everything that is kept of one resource."""
ENDPOINTS = {ResourceKind.USER: "Users", ResourceKind.GROUP: "Groups"}
_NOT_KEPT = ("schemas", "id", "meta", "password", "active", "groups", "members")


def validated(model: Any, document: JsonValue, context: Context) -> Any:
    """Return a document as a model.

    Raises:
        SCIMException: invalidSyntax or invalidValue, with a sentence that names the attribute.
    """
    _check_text(document)
    try:
        return model.model_validate(document, scim_ctx=context, scim_policy=POLICY, scim_provider=PROVIDER)
    except ValidationError as error:
        raise SCIMException.from_error(Error.from_validation_errors(error)[0]) from error
    except RecursionError as error:
        raise InvalidSyntaxException(detail="nested too deeply") from error


def kept(model: AnyResource) -> Mapping[str, JsonValue]:
    """Return the attributes of a model that are kept as they are.

    Raises:
        InvalidValueException: there is too much of them.
    """
    whole = model.model_dump(scim_ctx=Context.DEFAULT)
    attributes = {name: value for name, value in whole.items() if name not in _NOT_KEPT}
    if len(json.dumps(attributes).encode()) > ATTRIBUTES_MAX_BYTES:
        raise InvalidValueException(detail=f"a resource has at most {ATTRIBUTES_MAX_BYTES} bytes")
    return attributes


def indexed(kind: ResourceKind, attributes: Mapping[str, JsonValue]) -> Sequence[IndexedValue]:
    """Return the values by which a resource is found.

    Raises:
        InvalidValueException: one is too long.
    """
    values = indexed_values(kind, attributes)
    for value in values:
        if len(value.key) > VALUE_MAX_CHARACTERS:
            raise InvalidValueException(
                detail=f"{value.attribute} has at most {VALUE_MAX_CHARACTERS} characters"
            )
    return values


def etag(resource: Resource) -> str:
    """Return the entity tag of a resource (RFC 7644 3.14)."""
    return f'W/"{resource.version}"'


def location(call: Call, kind: ResourceKind, resource_id: str) -> str:
    """Return a resource's address."""
    return f"{call.place}/{ENDPOINTS[kind]}/{resource_id}"


def user_document(call: Call, user: Resource, groups: Sequence[Link]) -> AnyResource:
    """Return a user as it is shown, with the groups that it is in."""
    links = [
        {
            "value": group.id,
            "$ref": location(call, ResourceKind.GROUP, group.id),
            "display": group.display,
            "type": "direct",
        }
        for group in groups
    ]
    return _document(call, HubUser, user, {"active": user.active, "groups": links or None})


def group_document(call: Call, group: Resource, members: Sequence[Link] | None) -> AnyResource:
    """Return a group as it is shown; `members` are None where nobody asks for them."""
    links = [
        {
            "value": member.id,
            "$ref": location(call, ResourceKind.USER, member.id),
            "display": member.display,
            "type": "User",
        }
        for member in members or ()
    ]
    return _document(call, Group, group, {"members": links or None})


def _document(call: Call, model: Any, resource: Resource, more: Mapping[str, Any]) -> AnyResource:
    made: AnyResource = model.model_validate({**resource.attributes, **more, "id": resource.id})
    made.meta = Meta(
        resource_type=resource.kind.value,
        created=resource.created_at,
        last_modified=resource.updated_at,
        location=location(call, resource.kind, resource.id),
        version=etag(resource),
    )
    return made


def _check_text(document: JsonValue) -> None:
    """Half a surrogate pair is no text: no database keeps it, and no answer can hold it."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidSyntaxException(detail="a text is not Unicode, or nested too deeply") from error
