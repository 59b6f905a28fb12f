"""Read what a call asks: unknown, repeated and malformed parameters are errors that name themselves."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_origin

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from sso.api.audit_parameters import Look
from sso.api.flaw import Flaw, flaw_found
from sso.api.problem import Problem, flaw_of
from sso.oidc.strict_json import read_json

MAX_VALUE_LENGTH = 512
JSON_TYPES = ("application/json", "application/merge-patch+json")

_Asked = TypeVar("_Asked", bound=BaseModel)


def from_query(model: type[_Asked], query: "MultiDict[str, str]") -> _Asked:
    """Return the parameters of a query.

    Raises:
        Problem: invalid_parameter, naming each.
    """
    values: dict[str, Any] = {}
    for name, given in query.lists():
        field = model.model_fields.get(name)
        if field is None:
            raise Problem("invalid_parameter", errors=[_unknown(name, list(model.model_fields))])
        if any(len(value) > MAX_VALUE_LENGTH for value in given):
            raise Problem("invalid_parameter", errors=[_error(name, Flaw.TOO_LONG, "is too long")])
        repeatable = get_origin(field.annotation) is list
        if len(given) > 1 and not repeatable:
            raise Problem(
                "invalid_parameter", errors=[_error(name, Flaw.REPEATED, "is given more than once")]
            )
        values[name] = given if repeatable else given[0]
    return _validated(model, values)


def from_json(model: type[_Asked], request: Request) -> _Asked:
    """Return what a JSON object asks; an empty body is an empty object.

    Raises:
        Problem: unsupported_media_type, bad_request or invalid_parameter.
    """
    body = request.get_data()
    if not body:
        return _validated(model, {})
    if request.mimetype not in JSON_TYPES:
        raise Problem("unsupported_media_type")
    try:
        document = read_json(body)
    except ValueError as error:
        raise Problem("bad_request", "the body is not JSON, or has a name twice") from error
    if not isinstance(document, dict):
        raise Problem("bad_request", "the body is not a JSON object")
    return _validated(model, document)


def _validated(model: type[_Asked], values: dict[str, Any]) -> _Asked:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        silent = issubclass(model, Look) and any(_has_no_reason(each) for each in found)
        code = "reason_missing" if silent else "invalid_parameter"
        raise Problem(code, errors=_sentences(model, found[:20])) from error


def _has_no_reason(finding: Any) -> bool:
    """Whether it is that a look has no reason, or a blank one."""
    return finding["loc"] == ("reason",) and finding["type"] in ("missing", "string_too_short")


def _sentences(model: type[BaseModel], found: Sequence[Any]) -> list[Mapping[str, str]]:
    sentences = []
    for finding in found:
        name = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            sentences.append(_unknown(name, list(model.model_fields)))
        else:
            flaw = flaw_found(finding["type"], finding.get("ctx", {}).get("error"))
            sentences.append(_error(name, flaw, str(finding["msg"]).removeprefix("Value error, ")))
    return sentences


def _unknown(name: str, known: list[str]) -> Mapping[str, str]:
    close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.5)
    return _error(name, Flaw.UNKNOWN, f"is unknown{f'; did you mean {close[0]}?' if close else ''}")


def _error(name: str, flaw: Flaw, detail: str) -> Mapping[str, str]:
    safe = "".join(c for c in name[:80] if c.isascii() and c.isprintable() and c not in "\"'<>\\")
    return flaw_of(safe, flaw, detail)
