"""A running hub whose files take nothing more, or whose database somebody holds: no token, and no restart."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

import httpx
import psutil
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered, signed_in
from tests.running.state import rows
from tests.running.test_fail_closed import at_the_password_page
from tests.running.tuned_hub import TunedHub, running_hub

pytestmark = pytest.mark.slow

Fault = Callable[[TunedHub], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TunedHub, Application]]:
    with running_hub(tmp_path_factory.mktemp("hub")) as hub, registered(hub) as application:
        hub.add_citizen()
        yield hub, application


@contextmanager
def no_room(hub: TunedHub) -> Iterator[None]:
    """The kernel refuses every write to a file (RLIMIT_FSIZE, EFBIG): database, spool and log alike."""
    before = {process: process.rlimit(psutil.RLIMIT_FSIZE) for process in hub.descendants()}
    with ExitStack() as ends:
        for process, (soft, hard) in before.items():
            ends.callback(process.rlimit, psutil.RLIMIT_FSIZE, (soft, hard))
            process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
        yield


@contextmanager
def held(hub: TunedHub) -> Iterator[None]:
    """Somebody else writes for longer than the hub waits."""
    with closing(sqlite3.connect(hub.folder / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("fault", [no_room, held])
def test_a_sign_in_leaves_nothing_and_succeeds_later(
    place: tuple[TunedHub, Application], fault: Fault
) -> None:
    hub, application = place
    with Visitor(language="zh-CN") as visitor:
        at_the_password_page(visitor, application)
        form, before = visitor.page, rows(hub)

        with fault(hub):
            visitor.press("sign_in")
        refused, after = visitor.page, rows(hub)
        cookies = visitor.cookies()
        visitor.page = form
        reached = visitor.press("sign_in", until=REDIRECT_URI)

    assert (refused.status, refused.language) == (503, "zh-CN")
    assert refused.texts["error_code"] == "temporarily_unavailable"
    assert "sso-session" not in cookies
    assert after == before
    assert "code=" in reached


@pytest.mark.parametrize("fault", [no_room, held])
def test_no_token_leaves_and_no_code_is_spent(place: tuple[TunedHub, Application], fault: Fault) -> None:
    hub, application = place
    verifier = secrets.token_urlsafe(32)
    code = application.ask_code(signed_in(application), verifier)
    assert code is not None

    with fault(hub):
        refused = application.redeem(code, verifier)

    assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert application.redeem(code, verifier).status_code == 200


def test_where_not_even_the_spool_has_room_nobody_is_told_that_they_are_signed_out(
    place: tuple[TunedHub, Application],
) -> None:
    hub, application = place
    verifier, cookies = secrets.token_urlsafe(32), signed_in(application)
    code = application.ask_code(cookies, verifier)
    assert code is not None
    hint = application.redeem(code, verifier).json()["id_token"]
    asked = {"params": {"id_token_hint": hint}, "cookies": cookies, "trust_env": False, "timeout": 30}

    with no_room(hub):
        refused = httpx.get(f"{hub.issuer}/oauth2/logout", **asked)
    still = application.ask_code(cookies, secrets.token_urlsafe(32))
    done = httpx.get(f"{hub.issuer}/oauth2/logout", **asked)

    assert refused.status_code == 503
    assert "sign_out_unavailable" in refused.text
    assert "Set-Cookie" not in refused.headers
    assert still is not None
    assert done.status_code == 303
    assert application.ask_code(cookies, secrets.token_urlsafe(32)) is None
