"""How refusals look to a department's system (RFC 7644 3.12)."""

import pytest
from werkzeug.exceptions import UnsupportedMediaType

from sso.audit.record import Origin
from sso.scim.refusal import Refusals
from sso.storage.errors import StorageUnavailable
from tests.scim.conftest import Department, error

REFERENCE = "0f1e2d3c4b5a6978"


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (StorageUnavailable("away"), 503, f"try again (reference {REFERENCE})"),
        (RuntimeError("secret"), 500, f"something unexpected happened (reference {REFERENCE})"),
        (UnsupportedMediaType(), 415, "send application/scim+json"),
    ],
)
def test_a_failure_names_the_reference_in_the_log_and_a_mistake_what_to_mend(
    health: Department, raised: Exception, status: int, words: str
) -> None:
    refusals = Refusals(health.hub, lambda _: Origin(request_id=REFERENCE))

    with health.app.test_request_context("/scim/v2/health/Users"):
        sentence = error(refusals.raised(raised), status)  # type: ignore[arg-type]  # Flask's own response

    assert sentence.endswith(words)
