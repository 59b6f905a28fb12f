"""Staff whom a platform vouches for: their accounts are keyed as the department's directory keys them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.directory.entry import Entry
from sso.directory.person import Account
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


def come(stage: Stage, sub: str, **claims: str) -> int:
    stage.platform.claims = {"sub": sub}
    stage.platform.userinfo = {"sub": sub, "name": "Bolor", **claims}
    return stage.browser().sign_in().status


def read_from_the_directory(stage: Stage, guid: str) -> None:
    """The clerk's entry, as a reading of the directory or a sign-in there brings it."""
    entry = Entry(
        directory_id="civil",
        immutable_id=guid,
        dn="cn=bolor,dc=example",
        login_name="bolor",
        attributes={"displayname": (b"Bolor Bat",)},
    )
    with stage.hub.database.begin(Origin()) as stores:
        assert account_of(entry, stage.hub.directories[0], stores, datetime.now(UTC)) is not None


def account(stage: Stage, guid: str) -> Account:
    with stage.hub.database.read() as stores:
        found = stores.people.staff("civil", guid)
    assert found is not None
    return found


def test_one_guid_in_any_case_is_one_account(stage: Stage) -> None:
    """[MS-DTYP] 2.3.4: the text of a GUID; whatever reads the directory spells it in lower case."""
    guid = str(uuid4())

    assert come(stage, guid.upper()) == come(stage, guid) == 200

    one, two = (each["account_id"] for each in stage.log("auth.login.success")[:2])
    assert one == two == account(stage, guid).id


@pytest.mark.parametrize("made_by_the_platform", [True, False])
def test_the_platform_adds_only_what_the_directory_does_not_say(
    stage: Stage, made_by_the_platform: bool
) -> None:
    guid = str(uuid4())
    if made_by_the_platform:
        assert come(stage, guid, name="B. Bat") == 200
        assert account(stage, guid).text_claim("name") == "B. Bat"
    read_from_the_directory(stage, guid)

    assert come(stage, guid, name="B. Bat", email="bolor@platform.example") == 200

    known = account(stage, guid)
    assert known.login_name == "bolor"
    assert known.text_claim("name") == "Bolor Bat"
    assert known.text_claim("email") == "bolor@platform.example"


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
