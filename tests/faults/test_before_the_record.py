"""What must not happen before its record: nobody elsewhere is asked, no guess is free, no disk is filled."""

from collections.abc import Iterator

import pytest

from tests.faults.page_calls import come_back, device_code
from tests.faults.stage import Call, Place, opened_place
from tests.relying_parties.visitor import Page
from tests.storage.unwritable import everything, unwritable


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened_place(tmp_path_factory.mktemp("hub")) as opened:
        yield opened


def test_a_platform_is_not_asked_for_what_its_code_is_worth(place: Place) -> None:
    """It takes a code once (RFC 6749 4.1.2): redeemed too early, the browser would come back in vain."""
    place.stage.renew()
    call = come_back()(place)

    with unwritable(place.stage.hub.database):
        call.send()
    asked = place.stage.platform.asked["/token"]
    call.send()

    assert (asked, place.stage.platform.asked["/token"]) == (0, 1)


def test_a_guessed_user_code_counts_all_the_same(place: Place) -> None:
    """RFC 8628 5.1: else whoever finds the log away may guess as often as they like."""
    call = device_code(place)

    def counted() -> list[str]:
        return everything(place.stage.hub.database)["throttle"]

    with unwritable(place.stage.hub.database):
        statuses = [call.send().status_code]
        first = counted()
        statuses.append(call.send().status_code)

    assert statuses == [503, 503]
    assert len(first) == len(counted()) == 1
    assert first != counted()


@pytest.mark.parametrize("query", ["post_logout_redirect_uri=https://evil.example/", "id_token_hint=x"])
def test_a_stranger_cannot_fill_the_spool_with_sign_outs_that_end_nothing(place: Place, query: str) -> None:
    spool = place.stage.hub.configuration.audit_spool_file
    call = Call(place.stage.app.test_client(), "GET", f"/oauth2/logout?{query}")

    with unwritable(place.stage.hub.database):
        refused = call.send()

    assert refused.status_code == 503
    assert not spool.exists()
    assert call.send().status_code == 303


def test_the_fault_is_told_in_the_language_that_the_service_asked_for(place: Place) -> None:
    """OpenID Connect Core 3.1.2.1, ui_locales."""
    address = "/oauth2/authorize?client_id=nobody&ui_locales=zh-CN"
    call = Call(place.stage.app.test_client(), "GET", address, 400, headers={"Accept-Language": "en"})

    with unwritable(place.stage.hub.database):
        refused = call.send()

    done = call.send()
    languages = {Page("", each.status_code, each.text).language for each in (refused, done)}
    assert (refused.status_code, languages) == (503, {"zh-CN"})
