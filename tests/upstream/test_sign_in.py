"""Signing in at a real upstream: the journey, the account, the level, the time, each as it truly was."""

import pytest

from tests.requests.developer import REDIRECT_URI, answer_of
from tests.running.application import claims_of
from tests.upstream.conftest import ACR_PASSWORD, Pair, signed_in_there

pytestmark = pytest.mark.timeout(600)  # two hubs start first


def test_a_person_signs_in_at_the_upstream_and_reaches_the_service(pair: Pair) -> None:
    application = pair.application()
    with pair.begin(application) as visitor:
        answer = answer_of(signed_in_there(visitor, REDIRECT_URI))

    claims = claims_of(application.redeem(answer["code"]).json()["id_token"])
    assert (claims["acr"], claims["amr"]) == (ACR_PASSWORD, ["pwd"])
