"""What a call asks: its query and its JSON body; unknown, repeated and malformed parts are errors."""

from flask import request
from scim2_models import InvalidSyntaxException, InvalidValueException
from werkzeug.exceptions import UnsupportedMediaType

from sso.audit.record import JsonValue
from sso.oidc.strict_json import read_json

MEDIA_TYPES = ("application/scim+json", "application/json")


def query_of(known: tuple[str, ...]) -> dict[str, JsonValue]:
    """Return the parameters of the query.

    Raises:
        InvalidValueException: one is unknown (a typing error would find everything) or given twice.
    """
    asked: dict[str, JsonValue] = {}
    for name, values in request.args.lists():
        if name not in known:
            raise InvalidValueException(
                detail=f"{name[:64]!r} is no parameter here; known: {', '.join(known)}"
            )
        if len(values) > 1:
            raise InvalidValueException(detail=f"{name} is given more than once")
        asked[name] = values[0]
    return asked


def body_of() -> JsonValue:
    """Return the JSON object of the body.

    Raises:
        InvalidSyntaxException: it is none, or has a name twice.
        UnsupportedMediaType: it does not say that it is JSON.
    """
    if request.mimetype not in MEDIA_TYPES:
        raise UnsupportedMediaType
    try:
        document = read_json(request.get_data())
    except ValueError as error:
        raise InvalidSyntaxException(detail="the body is not JSON, or has a name twice") from error
    if not isinstance(document, dict):
        raise InvalidSyntaxException(detail="the body is not a JSON object")
    return document
