"""A clerk's groups and roles reach the application that may ask for them, under the names that it knows."""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from sso.directory.groups import GroupRules
from sso.directory.presets import preset_of
from sso.directory.settings import Vendor
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import directory_of, settings_of
from tests.servers.directory_people import PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.directories]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    with directory_of(Vendor.OPENLDAP) as server:
        rules = GroupRules(
            base_dn=server.group_base_dn,
            words=preset_of(Vendor.OPENLDAP).groups,
            released={"outer": "registry-clerks"},
            roles={f"cn=inner,{server.group_base_dn}": "approver"},
        )
        directories = (settings_of(server, groups=rules),)
        with running_hub(tmp_path_factory.mktemp("hub"), directories=directories, settings={}) as running:
            yield running


def _userinfo(hub: TunedHub, application: Application, uid: str) -> dict[str, object]:
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier, scope="openid groups roles"))
        reached = visitor.sign_in(f"{uid}@civil.example", PASSWORD, until=REDIRECT_URI)
    code = httpx.URL(reached).params["code"]
    token = application.redeem(code, verifier).json()["access_token"]
    answer = application.http.get(
        f"{hub.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}
    )
    told: dict[str, object] = answer.json()
    return told


def test_groups_in_groups_become_the_names_that_an_officer_chose(hub: TunedHub) -> None:
    """Groups are the department's; roles are the application's own, made of what the department releases."""
    roles = ("signer=civil-affairs/roles/approver", "reader=civil-affairs/groups/registry-clerks")
    options = (part for rule in roles for part in ("--role", rule))
    with registered(hub, "--scope", "openid groups roles", *options, name="Register") as application:
        alice, bob = (_userinfo(hub, application, uid) for uid in ("alice", "bob"))

    assert (alice["groups"], alice["roles"]) == (["registry-clerks"], ["reader", "signer"])
    assert (bob["groups"], bob["roles"]) == ([], [])
