"""The OpenAPI 3.1 document, made from the operations and their pydantic models."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sso import __version__
from sso.api.flaw import MEANINGS, Flaw
from sso.api.officer import Need
from sso.api.operation import Operation
from sso.api.problem import MEDIA_TYPE, TITLES
from sso.authentication.conflicts import Why
from sso.authentication.linking import Obstacle
from sso.oidc.metadata import AUTHORIZATION_PATH, TOKEN_PATH
from sso.oidc.settings import API_AUDIENCE_PATH

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "code", "reference"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(TITLES)},
        "reference": {"type": "string", "description": "The request id, also in the audit log."},
        "detail": {"type": "string", "description": "For a developer; it may change."},
        "cause": {
            "type": "string",
            "description": "What speaks against a decision (link_refused, conflict_not_resolvable).",
            "enum": sorted({each.value for each in (*Obstacle, *Why)}),
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["parameter", "code", "detail"],
                "properties": {
                    "parameter": {
                        "type": "string",
                        "description": "Its name, with the place in a list: `event.0`. Empty: of several.",
                    },
                    "code": {
                        "type": "string",
                        "description": "; ".join(f"{flaw.value}: {MEANINGS[flaw]}" for flaw in Flaw),
                        "enum": [flaw.value for flaw in Flaw],
                    },
                    "detail": {"type": "string", "description": "For a developer; it may change."},
                },
            },
        },
    },
}


def openapi_document(operations: Sequence[Operation[Any]], issuer: str) -> dict[str, Any]:
    """Return the whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sso-hub management API",
            "version": __version__,
            "description": "Access tokens of the hub with this API's audience, a scope, and a person who "
            "holds the role at the moment of the call. Every look at the audit log is recorded in it.",
        },
        "servers": [{"url": f"{issuer}{API_AUDIENCE_PATH}"}],
        "paths": paths,
        "components": {
            "schemas": {**_schemas(operations), "Problem": _PROBLEM},
            "securitySchemes": {"hub": _security_scheme(issuer)},
        },
    }


def _schemas(operations: Sequence[Operation[Any]]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {}
    for operation in operations:
        if operation.in_body:
            models[operation.asked] = None
        if operation.answer is not None:
            models[operation.answer] = None
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    found: dict[str, Any] = schemas["$defs"]
    return found


def _security_scheme(issuer: str) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{issuer}{AUTHORIZATION_PATH}",
                "tokenUrl": f"{issuer}{TOKEN_PATH}",
                "scopes": {need.scope: f"with the role {need.role.value}" for need in Need},
            }
        },
    }


def _operation(operation: Operation[Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        answer["content"] = {"application/json": {"schema": _reference(operation.answer.__name__)}}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{"hub": [] if operation.need is None else [operation.need.scope]}],
        "parameters": [*_path_parameters(operation), *_headers(operation), *_query(operation)],
        "responses": {
            str(operation.status): answer,
            "default": {
                "description": "A problem",
                "content": {MEDIA_TYPE: {"schema": _reference("Problem")}},
            },
        },
    }
    if operation.in_body:
        described["requestBody"] = {
            "content": {"application/json": {"schema": _reference(operation.asked.__name__)}}
        }
    return described


def _path_parameters(operation: Operation[Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]


def _headers(operation: Operation[Any]) -> list[dict[str, Any]]:
    if not operation.conditional:
        return []
    required = operation.method == "PATCH"
    return [{"name": "If-Match", "in": "header", "required": required, "schema": {"type": "string"}}]


def _query(operation: Operation[Any]) -> list[dict[str, Any]]:
    if operation.in_body:
        return []
    properties: dict[str, Any] = operation.asked.model_json_schema().get("properties", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.get("description", ""),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in properties.items()
    ]


def _reference(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=name)}
