"""Applications that register themselves, against the core (RFC 7591, RFC 7592)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.authentication import self_registration
from sso.authentication.self_registration import Asked, Registered
from sso.oidc.client import GrantType
from sso.oidc.consent import Consent
from sso.oidc.digest import digest
from sso.oidc.errors import BearerError, RegistrationError
from sso.oidc.jose import generate_private_key, public_jwk
from sso.oidc.registration import FIELDS, InvalidClientMetadata, Proposal
from sso.oidc.registration_policy import RegistrationMode, RegistrationPolicy, TrustedIssuer
from sso.oidc.self_registration.access import InitialAccessToken
from sso.oidc.self_registration.policy import OFFICER_FIELDS, OWN_FIELDS, permitted
from sso.oidc.settings import Settings
from tests.fakes import FakeStores

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUSING: dict[str, Any] = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}
TRUST = generate_private_key("ES256")
POLICY = RegistrationPolicy(
    mode=RegistrationMode.OPEN,
    issuers=(TrustedIssuer("https://trust.example", {"keys": [public_jwk(TRUST, "ES256")]}),),
)


def statement(**claims: Any) -> str:
    return jwt.encode({"iss": "https://trust.example", **claims}, TRUST, "ES256")


@dataclass
class Desk:
    """Registrations over stores in memory, at a fixed time."""

    policy: RegistrationPolicy = POLICY
    stores: FakeStores = field(default_factory=FakeStores)
    now: datetime = NOW

    @property
    def settings(self) -> Settings:
        return Settings(issuer="https://id.example.gov", registration=self.policy)

    def token(self, **changes: Any) -> str:
        values: dict[str, Any] = {
            "id": "token-1",
            "digest": digest("initial"),
            "label": "Suppliers",
            "created_at": NOW,
            "expires_at": NOW + HOUR,
        }
        self.stores.initial_access_tokens.add(InitialAccessToken(**values | changes))
        return "initial"

    def register(self, bearer: str | None = None, **document: Any) -> Registered:
        asked = Asked("register", bearer, {**HOUSING, **document})
        admitted = self_registration.admit(asked, self.stores, self.settings, self.now)
        return self_registration.register(asked, admitted, Proposal(admitted.metadata), self.stores, self.now)

    def replace(self, registered: Registered, **document: Any) -> Registered:
        client_id = registered.client.client_id
        whole = {"client_id": client_id, **HOUSING, **document}
        asked = Asked("update", registered.access_token, whole, client_id)
        _, admitted = self_registration.admit_change(asked, self.stores, self.settings, self.now)
        return self_registration.change(asked, admitted, Proposal(admitted.metadata), self.stores, self.now)


def test_what_an_application_says_about_itself_is_counted_on_fingers() -> None:
    """A field that is new and not named here is an officer's: whoever adds one decides on purpose."""
    assert OWN_FIELDS < set(FIELDS)
    assert OFFICER_FIELDS == {
        *("accept_token_endpoint_audience", "audience", "authorization_details_types", "claims_in_id_token"),
        *("front_channel_tokens", "may_act", "may_impersonate", "request_uris", "require_pkce"),
        "resource",
        *(
            "role_mapping",
            "rotate_refresh_tokens",
            "sector",
            "security_event_delivery",
            "security_event_endpoint",
        ),
        *("security_events", "subject_type", "trusted"),
    }


def test_only_digests_of_both_tokens_and_the_secret_are_kept() -> None:
    desk = Desk()

    registered = desk.register(desk.token())

    kept = repr((vars(desk.stores), desk.stores.clients.by_id, desk.stores.registration_access.by_client))
    for secret in ("initial", registered.access_token, registered.client_secret or "?"):
        assert f"'{secret}'" not in kept
    assert desk.stores.registration_access.accepts(
        registered.client.client_id, digest(registered.access_token)
    )


@pytest.mark.parametrize(
    "changes", [{"uses_left": 0}, {"expires_at": NOW}, {"revoked_at": NOW}, {"digest": digest("other")}]
)
def test_a_token_that_does_not_work_registers_nobody(changes: dict[str, Any]) -> None:
    """RFC 7591 3: also where anybody may register without one."""
    desk = Desk()

    with pytest.raises(BearerError):
        desk.register(desk.token(**changes))

    assert desk.stores.clients.by_id == {}
    assert desk.stores.audit.codes() == ["client.registration.refused"]


def test_who_comes_back_to_a_secret_gets_a_new_one() -> None:
    """RFC 7592 2.2: the answer to an update may carry a new secret."""
    desk = Desk()
    first = desk.register()
    jwks = {"keys": [public_jwk(TRUST, "ES256")]}

    left = desk.replace(first, token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    back = desk.replace(left, token_endpoint_auth_method="client_secret_basic")

    assert (left.client_secret, left.client.secrets) == (None, ())
    assert back.client_secret not in (None, first.client_secret)
    assert [secret.digest for secret in back.client.secrets] == [digest(back.client_secret or "")]


def test_a_token_that_is_used_up_meanwhile_registers_nobody() -> None:
    desk = Desk()
    asked = Asked("register", desk.token(uses_left=1), HOUSING)
    admitted = self_registration.admit(asked, desk.stores, desk.settings, NOW)
    desk.register("initial")

    with pytest.raises(BearerError):
        self_registration.register(asked, admitted, Proposal(admitted.metadata), desk.stores, NOW)

    assert len(desk.stores.clients.by_id) == 1


def test_metadata_that_cannot_be_registered_spends_nothing() -> None:
    desk = Desk()
    token = desk.token(uses_left=1)

    with pytest.raises(RegistrationError):
        desk.register(token, redirect_uris=["http://a.example/"])

    assert desk.register(token).client.client_name == "Housing"


def test_an_officer_wins_over_a_statement_and_a_statement_over_the_application() -> None:
    """RFC 7591 2.3."""
    desk = Desk(replace(POLICY, imposed={"tos_uri": "https://hub.example/", "trusted": True}))
    token = desk.token(metadata={"contacts": ["officer@example"]})
    said = statement(client_name="Approved", contacts=["issuer@example"], audience=["https://api.example"])
    own = {"client_name": "Own", "contacts": ["own@example"], "tos_uri": "https://own.example/"}

    client = desk.register(token, software_statement=said, **own).client

    assert (client.client_name, client.contacts, client.tos_uri) == (
        *("Approved", ("officer@example",)),
        "https://hub.example/",
    )
    assert (client.trusted, client.audience) == (True, ())
    assert client.self_registration is not None
    assert (client.self_registration.token_id, client.self_registration.issuer) == (
        *("token-1",),
        "https://trust.example",
    )


def test_what_others_decided_survives_a_change_and_another_statement_replaces_the_first() -> None:
    """RFC 7592 2.2."""
    desk = Desk(replace(POLICY, imposed={"audience": ["https://api.example"]}))
    first = desk.register(software_statement=statement(client_name="First", software_id="1"))

    second = desk.replace(first, client_name="Own", software_version="2")
    third = desk.replace(second, software_statement=statement(client_name="Third"))

    assert (second.client.client_name, second.client.software_id) == ("First", "1")
    assert (third.client.client_name, third.client.software_id) == ("Third", None)
    assert third.client.audience == ("https://api.example",)
    assert third.client.software_version is None


def test_what_an_officer_changed_later_stays_when_the_application_changes_itself() -> None:
    desk = Desk()
    registered = desk.register()
    client = replace(registered.client, trusted=True, audience=("https://api.example",))
    desk.stores.clients.update(client, NOW)

    changed = desk.replace(registered, client_name="Homes").client

    assert (changed.client_name, changed.trusted, changed.audience) == (
        *("Homes", True),
        ("https://api.example",),
    )


@pytest.mark.parametrize(
    ("document", "asked_anew"),
    [
        ({"client_name": "Bank"}, True),
        ({"client_name#en": "Bank"}, True),
        ({"redirect_uris": ["https://evil.example/cb"]}, True),
        ({"redirect_uris": ["https://housing.example/cb", "https://housing.example/cb2"]}, False),
        ({"contacts": ["it@housing.example"]}, False),
    ],
)
def test_who_takes_another_face_is_allowed_nothing_any_more(
    document: dict[str, Any], asked_anew: bool
) -> None:
    desk = Desk()
    registered = desk.register()
    consent = Consent(
        account_id="account-1",
        client_id=registered.client.client_id,
        scope=frozenset({"openid"}),
        claims=frozenset(),
        granted_at=NOW,
        expires_at=NOW + HOUR,
    )
    desk.stores.consents.put(consent)

    desk.replace(registered, **document)

    assert (desk.stores.consents.by_key == {}) is asked_anew


def test_a_required_statement_that_is_missing_is_refused() -> None:
    desk = Desk(replace(POLICY, statement_required=True))

    with pytest.raises(RegistrationError) as caught:
        desk.register()

    assert caught.value.code == "unapproved_software_statement"


def test_no_more_register_themselves_than_may() -> None:
    desk = Desk(replace(POLICY, max_clients=2))
    desk.register()
    last = desk.register()

    with pytest.raises(RegistrationError) as caught:
        desk.register()
    asked = Asked("remove", last.access_token, client_id=last.client.client_id)
    self_registration.remove(asked, desk.stores, NOW)

    assert caught.value.code == "temporarily_unavailable"
    assert desk.register().client.client_name == "Housing"


def test_every_operation_is_on_record() -> None:
    desk = Desk()
    registered = desk.replace(desk.register(), client_name="Homes")
    asked = Asked("read", registered.access_token, client_id=registered.client.client_id)

    self_registration.read(asked, desk.stores, NOW)
    self_registration.adopt(registered.client, "command", desk.stores, NOW)

    assert desk.stores.audit.codes() == [
        "client.created",
        "client.updated",
        "client.registration.read",
        "client.adopted",
    ]
    with pytest.raises(BearerError):
        self_registration.read(asked, desk.stores, NOW)


def test_a_name_in_a_language_that_is_left_out_is_forgotten() -> None:
    desk = Desk()
    registered = desk.register(**{"client_name#zh-CN": "住房"})

    assert registered.client.names == {"zh-CN": "住房"}
    assert desk.replace(registered).client.names == {}


def test_response_types_bring_their_grants_where_none_are_named() -> None:
    """RFC 7591 2.1."""
    client = Desk().register(response_types=["code"]).client

    assert client.grant_types == {GrantType.AUTHORIZATION_CODE}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=30), JSON, max_size=8))
def test_whatever_an_application_says_it_is_no_officer(document: dict[str, Any]) -> None:
    try:
        metadata = permitted(document, {}, {}, POLICY)
    except InvalidClientMetadata as error:
        assert error.sentence.isascii()
        return

    assert not OFFICER_FIELDS & metadata.keys()
    assert set(str(metadata["scope"]).split()) <= set(POLICY.scopes) or not isinstance(
        document.get("scope"), str
    )


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=30), JSON, max_size=8))
def test_whatever_comes_is_registered_or_refused(document: dict[str, Any]) -> None:
    desk = Desk()

    try:
        registered = desk.register(**document)
    except RegistrationError as error:
        assert error.description.isascii()
    else:
        assert not registered.client.trusted
        assert not registered.client.scope & {"audit:read", "clients:manage"}
