"""A citizen's account at a platform becomes a way to sign in here: by proof of both and a yes, and back."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sso.audit.record import Origin
from sso.authentication import sessions
from sso.authentication.evidence import Assurance
from sso.authentication.linking import PROOF, Decision, LinkRefused, Obstacle
from sso.authentication.sessions import SignedInAs
from sso.authentication.upstream import tying
from sso.authentication.upstream.stores import UpstreamSession
from sso.authentication.upstream.tying import AccountThere, Untying
from sso.directory.person import Account, Role
from sso.directory.stores import PasswordCredential
from sso.oidc.digest import new_id
from sso.oidc.session import Session, SessionEnd
from sso.web.visit import CookieNames
from tests.relying_parties.visitor import Page
from tests.storage import examples
from tests.upstream.stage import ISSUER, Browser, Stage

ORIGIN = Origin()
OFFICER = Decision("command", "as the file shows")
PROVEN = Decision(PROOF)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.let_in_only_the_known()
    stage.platform.claims = {"sub": new_id(), "auth_time": int(time.time())}
    stage.platform.userinfo = {
        "sub": stage.platform.claims["sub"],
        "name": "Tuya B.",
        "email": "t@there.example",
    }
    return stage


@dataclass
class Citizen:
    """Somebody with an account here, signed in in a browser."""

    stage: Stage
    account: Account
    browser: Browser

    @classmethod
    def of(cls, stage: Stage, *, password: bool = True, minutes_ago: int = 0) -> "Citizen":
        someone = examples.person()
        account = examples.citizen(someone.id, login_name=new_id().lower())
        now = datetime.now(UTC)
        with stage.hub.database.begin(ORIGIN) as stores:
            stores.people.add_person(someone)
            stores.people.add_account(account, now)
            if password:
                stores.credentials.put(PasswordCredential(account.id, "$argon2id$", now))
        citizen = cls(stage, account, stage.browser())
        citizen.signed_in(minutes_ago)
        return citizen

    def signed_in(self, minutes_ago: int = 0) -> Session:
        then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        who = SignedInAs(self.account, Assurance("urn:sso-hub:acr:password", ("pwd",)), None, then)
        with self.stage.hub.database.begin(ORIGIN) as stores:
            session, cookie = sessions.begin(who, stores, self.stage.hub.settings, datetime.now(UTC))
        name = CookieNames.for_hub(self.stage.hub).session
        self.browser.client.set_cookie(name, cookie, domain="127.0.0.1")
        return session

    def press(self, page: Page, element_id: str) -> Page:
        """Press a button or link of a page, and follow where it leads within the hub."""
        control = page.controls[element_id]
        if control.form is None:
            return self.browser.open(urlsplit(control.href or "").path)
        fields = control.form.fields | ({control.name: control.value} if control.name else {})
        path = urlsplit(control.form.action).path
        answer = self.browser.client.post(path, base_url=ISSUER, data=fields, follow_redirects=True)
        return Page(f"{ISSUER}{path}", answer.status_code, answer.text)

    def goes(self) -> dict[str, str]:
        """Go to the platform from the page of accounts: what the browser is sent there with."""
        page = self.press(self.browser.open("/account"), "tie_1")
        form = page.controls["continue"].form
        assert form is not None
        sent = self.browser.client.post(urlsplit(form.action).path, base_url=ISSUER, data=form.fields)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()
        }
        self.stage.platform.nonce = query["nonce"]
        return query

    def asked(self) -> Page:
        """The page that shows both and asks for a yes."""
        return self.browser.come_back(self.goes()["state"])


def tied(stage: Stage, account: Account) -> list[str]:
    with stage.hub.database.read() as stores:
        return list(stores.upstreams.ties_of(account.id))


def test_who_proved_both_and_said_yes_signs_in_there_from_then_on(stage: Stage) -> None:
    citizen = Citizen.of(stage)
    sent = citizen.goes()
    page = citizen.browser.come_back(sent["state"])
    before = tied(stage, citizen.account)

    after = citizen.press(page, "link")

    assert sent["prompt"] == "login"
    assert (page.texts["account_1"], page.texts["account_2"]) == ("Tuya Bat", "Tuya B.")
    assert (before, tied(stage, citizen.account)) == ([], ["national"])
    assert "untie_1" in after.controls
    event = stage.log("upstream.account.tied")[0]
    assert (event["account_id"], event["detail"]["rule"]) == (citizen.account.id, "proof")
    stage.browser().sign_in()
    assert stage.log("auth.login.success")[0]["account_id"] == citizen.account.id
    with stage.hub.database.read() as stores:
        known = stores.people.account(citizen.account.id)
    assert known is not None
    assert known.claims == citizen.account.claims, "what the hub knows of the person stands"


def test_who_says_no_ties_nothing(stage: Stage) -> None:
    citizen = Citizen.of(stage)

    citizen.press(citizen.asked(), "leave")

    assert tied(stage, citizen.account) == []


def test_an_old_proof_there_is_refused_and_leads_back_to_the_accounts(stage: Stage) -> None:
    """Whoever left a platform signed in on a shared computer has not proven anything now."""
    citizen = Citizen.of(stage)
    stage.platform.claims["auth_time"] = int(time.time()) - 600

    page = citizen.asked()

    assert page.texts["error_code"] == "upstream_not_fresh"
    assert page.controls["another_way"].href == f"{ISSUER}/account"


def test_an_old_sign_in_here_is_asked_for_anew_before_anybody_goes(stage: Stage) -> None:
    citizen = Citizen.of(stage, minutes_ago=11)

    assert "login_name" in citizen.press(citizen.browser.open("/account"), "tie_1").texts


def test_another_person_who_signed_in_meanwhile_gets_nothing_of_it(stage: Stage) -> None:
    citizen = Citizen.of(stage)
    page = citizen.asked()
    other = Citizen.of(stage)
    form = page.controls["link"].form
    assert form is not None
    citizen.account, first = other.account, citizen.account
    citizen.signed_in()

    assert citizen.press(page, "link").texts["error_code"] == "expired_page"
    assert tied(stage, first) == tied(stage, other.account) == []


def test_a_yes_is_for_one_answer_of_the_platform(stage: Stage) -> None:
    citizen = Citizen.of(stage)
    first = citizen.asked()
    stage.platform.claims["sub"] = stage.platform.userinfo["sub"] = new_id()
    second = citizen.asked()
    first_form, second_form = first.controls["link"].form, second.controls["link"].form
    assert first_form is not None
    assert second_form is not None
    second_form.fields["csrf_token"] = first_form.fields["csrf_token"]

    assert citizen.press(second, "link").texts["error_code"] == "form_expired"
    assert tied(stage, citizen.account) == []


def test_the_account_of_somebody_else_there_cannot_be_taken(stage: Stage) -> None:
    first, second = Citizen.of(stage), Citizen.of(stage)
    first.press(first.asked(), "link")

    page = second.asked()

    assert "link" not in page.controls
    assert "belongs to another account" in page.html
    form = page.controls["leave"].form
    assert form is not None
    form.fields["decision"] = "link"
    page.controls["leave"].name = None
    second.press(page, "leave")
    assert tied(stage, second.account) == []


def test_who_unties_ends_what_began_there_and_stays(stage: Stage) -> None:
    citizen = Citizen.of(stage)
    citizen.press(citizen.asked(), "link")
    elsewhere = stage.browser()
    elsewhere.sign_in()

    page = citizen.press(citizen.browser.open("/account"), "untie_1")

    assert "tie_1" in page.controls
    assert "login_name" in elsewhere.open("/account").texts
    event = stage.log("upstream.account.untied")[0]
    assert (event["account_id"], event["detail"]["rule"]) == (citizen.account.id, "proof")
    stage.browser().sign_in()
    assert stage.failure()[0] == "UPSTREAM_UNKNOWN_PERSON"


def test_who_unties_revokes_what_outlives_the_sessions_that_began_there(stage: Stage) -> None:
    """Offline grants survive a sign-out, so that of an ended session is revoked as well."""
    citizen, now = Citizen.of(stage), datetime.now(UTC)
    there, ended, own = (citizen.signed_in() for _ in range(3))
    client = examples.client()
    grants = [
        examples.grant(
            client_id=client.client_id, account_id=citizen.account.id, session_id=session.id, offline=True
        )
        for session in (there, ended, own)
    ]
    with stage.hub.database.begin(ORIGIN) as stores:
        assert stores.upstreams.link("national", new_id(), citizen.account.id, now)
        stores.clients.add(client, now)
        for session in (there, ended):
            begun = UpstreamSession(
                session_id=session.id, upstream_id="national", sub="s", sid=None, id_token="a.b.c"
            )
            stores.upstreams.put_session(begun, now)
        for grant in grants:
            stores.grants.add(grant)
        sessions.end(ended, SessionEnd.SIGNED_OUT, stores, now)
        assert tying.untie(citizen.account, Untying("national", (), PROVEN, own), stores, now)

    with stage.hub.database.read() as stores:
        kept = [stores.grants.get(grant.id) for grant in grants]
    assert [grant is not None and grant.revoked_at is None for grant in kept] == [False, False, True]


def test_the_last_way_to_sign_in_stays(stage: Stage) -> None:
    citizen = Citizen.of(stage, password=False)
    citizen.press(citizen.asked(), "link")

    page = citizen.press(citizen.browser.open("/account"), "untie_1")

    assert (page.status, tied(stage, citizen.account)) == (409, ["national"])
    assert "could not sign in to this account any more" in page.html


def test_a_way_that_is_not_configured_any_more_is_none(stage: Stage) -> None:
    citizen = Citizen.of(stage, password=False)
    with stage.hub.database.begin(ORIGIN) as stores:
        for upstream_id in ("national", "closed"):
            assert stores.upstreams.link(upstream_id, new_id(), citizen.account.id, datetime.now(UTC))
        untying = Untying("national", ("national",), OFFICER)
        with pytest.raises(LinkRefused) as caught:
            tying.untie(citizen.account, untying, stores, datetime.now(UTC))
        both = replace(untying, usable_upstreams=("national", "closed"))
        assert tying.untie(citizen.account, both, stores, datetime.now(UTC))

    assert caught.value.obstacle is Obstacle.LAST_WAY
    assert tied(stage, citizen.account) == ["closed"]


def test_an_account_made_there_is_tied_anew_by_an_officer_only(stage: Stage) -> None:
    """What the platform says of another person would become what the hub says of this one."""
    someone, now = examples.person(), datetime.now(UTC)
    account = examples.citizen(someone.id, login_name=f"national:{new_id().lower()}")
    there = AccountThere(stage.hub.upstreams["national"].settings, new_id())
    with stage.hub.database.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, now)
        with pytest.raises(LinkRefused) as caught:
            tying.tie(account, there, PROVEN, stores, now)
        tying.tie(account, there, OFFICER, stores, now)

    assert caught.value.obstacle is Obstacle.MADE_THERE
    assert tied(stage, account) == ["national"]


@pytest.mark.parametrize("case", ["staff", "role", "disabled", "second"])
def test_some_accounts_are_never_tied(stage: Stage, case: str) -> None:
    citizen = Citizen.of(stage)
    account, now = citizen.account, datetime.now(UTC)
    there = AccountThere(stage.hub.upstreams["national"].settings, "sub-there")
    expected = {
        "staff": Obstacle.NO_CITIZEN,
        "role": Obstacle.ROLE,
        "disabled": Obstacle.DISABLED,
        "second": Obstacle.ONE_THERE,
    }
    with stage.hub.database.begin(ORIGIN) as stores:
        if case == "staff":
            someone = examples.person()
            account = examples.clerk(someone.id, login_name=new_id())
            stores.people.add_person(someone)
            stores.people.add_account(account, now)
        if case == "role":
            stores.people.grant_role(account.person_id, Role.AUDITOR, now)
        if case == "disabled":
            stores.people.disable_person(account.person_id, now)
        if case == "second":
            tying.tie(account, replace(there, identifier=new_id()), OFFICER, stores, now)
        with pytest.raises(LinkRefused) as caught:
            tying.tie(account, there, OFFICER, stores, now)

    assert caught.value.obstacle is expected[case]


def test_an_officer_who_unties_ends_every_session(stage: Stage) -> None:
    citizen, now = Citizen.of(stage), datetime.now(UTC)
    there = AccountThere(stage.hub.upstreams["national"].settings, new_id())
    with stage.hub.database.begin(ORIGIN) as stores:
        tying.tie(citizen.account, there, OFFICER, stores, now)
        assert tying.untie(citizen.account, Untying("national", (), OFFICER), stores, now)
        again = tying.untie(citizen.account, Untying("national", (), OFFICER), stores, now)

    assert again is False
    assert "login_name" in citizen.browser.open("/account").texts
