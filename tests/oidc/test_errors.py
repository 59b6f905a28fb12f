"""Refusals: the characters that may stand in them, and what they never tell (RFC 6749 5.2, RFC 6750 3)."""

import ast
import re
from pathlib import Path

import pytest

from sso.oidc.errors import ErrorCode, ReturnAddress
from sso.oidc.response import error_response
from tests.oidc.examples import client

OIDC = Path(__file__).resolve().parents[2] / "sso" / "oidc"
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*")
REFUSALS = {"TokenError", "AuthorizationError", "BearerError", "UntrustedRequest", "invalid"}


def descriptions() -> list[tuple[str, ast.expr]]:
    """Every description that the core can send, as written in the source."""
    found = []
    for path in sorted(OIDC.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in REFUSALS:
                position = 0 if ast.unparse(call.func) == "invalid" else 1
                found.append((f"{path.name}:{call.lineno}", call.args[position]))
    return found


def test_every_description_is_constant_and_of_the_allowed_characters() -> None:
    """RFC 6749 4.1.2.1 and 5.2: %x20-21 / %x23-5B / %x5D-7E."""
    found = descriptions()

    assert len(found) > 30
    for place, text in found:
        if isinstance(text, ast.Constant):
            assert DESCRIPTION.fullmatch(str(text.value)), place
        else:  # a parameter's name that we chose, a module constant, or what a caller passes on
            assert ast.unparse(text) in {
                "f'{name} is missing'",
                "_REFUSED",
                "description",
                "refusal.description",
            }, place


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_is_of_the_allowed_characters(code: ErrorCode) -> None:
    """RFC 6749 4.1.2.1."""
    assert re.fullmatch(r"[a-z_]+", code.value)


def test_an_error_response_carries_state_and_iss() -> None:
    """RFC 6749 4.1.2.1, RFC 9207 2."""
    to = ReturnAddress("https://housing.example/cb", " a&b ", client())

    answer = error_response(to, "https://id.example.gov", ErrorCode.LOGIN_REQUIRED, "sign in")

    assert answer.params == (
        ("error", "login_required"),
        ("error_description", "sign in"),
        ("state", " a&b "),
        ("iss", "https://id.example.gov"),
    )
