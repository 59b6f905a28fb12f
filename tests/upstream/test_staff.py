"""Staff whom a platform vouches for: their accounts are keyed as the department's directory keys them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sso.audit.record import Origin
from sso.directory.sync.stages import Registered
from tests.upstream.platform import Platform
from tests.upstream.stage import Stage, open_stage

DIRECTORY = """
directory = "civil"
[[directory]]
id = "civil"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "active-directory"
urls = ["ldaps://127.0.0.1:13636"]
bind_dn = "cn=svc,dc=example"
bind_password_file = "svc.pw"
base_dn = "dc=example"
login_attribute = "sAMAccountName"
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "svc.pw").write_text("opensesame\n")
    with Platform() as platform:
        stage = open_stage(folder, platform, DIRECTORY)
        yield stage
        stage.hub.close()


@pytest.fixture
def stage(opened: Stage) -> Stage:
    opened.renew()
    return opened


def come(stage: Stage, sub: str) -> int:
    stage.platform.claims = {"sub": sub}
    stage.platform.userinfo = {"sub": sub, "name": "Bolor"}
    return stage.browser().sign_in().status


def test_one_guid_in_any_case_is_one_account(stage: Stage) -> None:
    """[MS-DTYP] 2.3.4: the text of a GUID; whatever reads the directory spells it in lower case."""
    guid = str(uuid4())

    assert come(stage, guid.upper()) == come(stage, guid) == 200

    one, two = (each["account_id"] for each in stage.log("auth.login.success")[:2])
    with stage.hub.database.read() as stores:
        account = stores.people.staff("civil", guid)
    assert account is not None
    assert one == two == account.id


@pytest.mark.parametrize("sub", ["citizen-1", "{9aa51c2e-8d3f-4f5e-9d0a-0123456789ab}", "9aa51c2e", "蒙古"])
def test_what_is_no_id_of_the_directory_signs_nobody_in(stage: Stage, sub: str) -> None:
    assert come(stage, sub) == 400

    assert stage.failure() == ("UPSTREAM_ANSWER_INVALID", "sub is no immutable id of civil")


def test_whoever_was_purged_gets_no_account_anew(stage: Stage) -> None:
    guid = str(uuid4())
    with stage.hub.database.begin(Origin()) as stores:
        stores.register.purge("civil", Registered(number=0, immutable_id=guid), datetime.now(UTC))

    assert come(stage, guid.upper()) == 400

    assert stage.failure()[0] == "UPSTREAM_UNKNOWN_PERSON"
    with stage.hub.database.read() as stores:
        assert stores.people.staff("civil", guid) is None
