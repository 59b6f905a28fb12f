"""RFC 9396: rich authorization requests, from what is asked to what a token carries."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sso.audit.record import Origin
from sso.oidc import authorize, decision
from sso.oidc.backchannel import authenticate_backchannel
from sso.oidc.client import Client, GrantType
from sso.oidc.details import DetailField, DetailType
from sso.oidc.device import authorize_device
from sso.oidc.errors import AuthorizationError, TokenError
from sso.oidc.interaction import ConsentRequired, Granted
from sso.oidc.introspection import introspect
from sso.oidc.request import AuthorizationRequest
from sso.oidc.response import TokenResponse
from sso.oidc.token_request import TokenRequest
from tests.oidc.examples import World, claims_of, client

EN = {"en": "words"}
PAYMENT = DetailType(
    type="payment",
    words=EN,
    lists={"actions": {"start": EN, "stop": EN}, "locations": {"https://pay.example.gov": EN}},
    fields={
        "amount.value": DetailField(EN, required=True),
        "amount.currency": DetailField(EN, required=True),
        "remark": DetailField(EN),
        "tags": DetailField(EN),
    },
)
FILES = DetailType(
    type="files",
    words=EN,
    ask_every_time=False,
    lists={"datatypes": {"letters": EN, "pictures": EN}, "privileges": {"owner": EN}},
    fields={"identifier": DetailField(EN)},
)
PAY: dict[str, Any] = {
    "type": "payment",
    "actions": ["start", "stop"],
    "amount": {"value": 12.5, "currency": "CNY"},
}
READ: dict[str, Any] = {"type": "files", "datatypes": ["letters", "pictures"]}


@pytest.fixture
def world() -> World:
    world = World(client=client(authorization_details_types=("payment", "files")))
    settings = replace(world.provider.settings, detail_types=(PAYMENT, FILES))
    world.provider = replace(world.provider, settings=settings)
    return world


def asking(*details: object) -> str:
    return json.dumps(list(details))


def details_of(tokens: TokenResponse) -> object:
    """What the access token is for; the token response says the same."""
    told = claims_of(tokens.access_token).get("authorization_details")
    assert tokens.as_json().get("authorization_details") == told
    return told


def allow(world: World, asked: AuthorizationRequest) -> None:
    authorize.allow(asked, world.session, world.stores, world.provider, world.now)


def test_what_was_asked_and_allowed_is_what_the_tokens_are_for(world: World) -> None:
    """RFC 9396 7, 9.1."""
    tokens = world.tokens(authorization_details=asking(PAY, READ))

    assert details_of(tokens) == [PAY, READ]
    assert details_of(world.refresh(tokens.refresh_token)) == [PAY, READ]


@pytest.mark.parametrize("absent", [None, "", "[]"])
def test_nothing_asked_is_nothing_carried(world: World, absent: str | None) -> None:
    assert details_of(world.tokens(authorization_details=absent)) is None


def test_a_resource_server_learns_them_by_introspection(world: World) -> None:
    """RFC 9396 9.2."""
    tokens = world.tokens(authorization_details=asking(PAY))

    told = introspect(tokens.access_token, world.client, world.stores, world.provider, world.now)

    assert told["authorization_details"] == [PAY]


def test_a_pushed_request_carries_them(world: World) -> None:
    """RFC 9396 3 with RFC 9126: what is long and personal belongs there."""
    request_uri = world.push(authorization_details=asking(PAY))

    assert world.arrive(client_id="housing", request_uri=request_uri).authorization_details == (PAY,)


WRONG: dict[str, str] = {
    "no JSON": "payment",
    "an object": json.dumps(PAY),
    "texts": '["payment"]',
    "nested without end": "[" * 5000,
    "too many": asking(*[READ] * 21),
    "without a type": asking({"actions": ["start"]}),
    "of an unknown type": asking({"type": "pay"}),
    "of a type that is a number": asking({"type": 1}),
    "with an unknown action": asking(PAY | {"actions": ["start", "delete"]}),
    "with an action twice": asking(PAY | {"actions": ["start", "start"]}),
    "with actions that are a text": asking(PAY | {"actions": "start"}),
    "with actions that are numbers": asking(PAY | {"actions": [1]}),
    "with a list that the type does not have": asking(PAY | {"datatypes": ["letters"]}),
    "with a location of others": asking(PAY | {"locations": ["https://evil.example"]}),
    "with an unknown field": asking(PAY | {"to": "Tuya"}),
    "with an unknown field below": asking(PAY | {"amount": {"value": 1, "currency": "CNY", "fee": 1}}),
    "with a dot in a name": asking(PAY | {"amount.value": 13}),
    "without a required field": asking({"type": "payment", "amount": {"value": 1}}),
    "with an empty object": asking(PAY | {"remark": {}}),
    "nested too deeply": asking(PAY | {"remark": {"a": {"b": {"c": {"d": 1}}}}}),
    "with a text too long": asking(PAY | {"remark": "x" * 501}),
    "with a text that turns letters over": asking(PAY | {"remark": "\u202egnp.exe"}),
    "with a text of two lines": asking(PAY | {"remark": "a\nb"}),
    "with half a character": asking(PAY | {"remark": "\ud800"}),
    "with a number that is none": '[{"type": "payment", "amount": {"value": NaN, "currency": "CNY"}}]',
    "with a number without end": '[{"type": "payment", "amount": {"value": 1e999, "currency": "CNY"}}]',
    "with an unheard-of number": asking(PAY | {"amount": {"value": 2**60, "currency": "CNY"}}),
    "with nothing for a value": asking(PAY | {"remark": None}),
    "with a list in a list": asking(PAY | {"tags": [["a"]]}),
    "with a list too long": asking(PAY | {"tags": ["a"] * 51}),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_what_nobody_could_be_asked_in_words_is_refused(world: World, text: str) -> None:
    """RFC 9396 5: unknown types, fields, values; missing and malformed ones."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(authorization_details=text)
    with pytest.raises(TokenError) as answered:
        world.push(authorization_details=text)

    assert told.value.code == answered.value.code == "invalid_authorization_details"


def test_a_client_asks_only_for_types_that_it_is_registered_for(world: World) -> None:
    """RFC 9396 10, 5."""
    world.register(client(authorization_details_types=("files",)))

    with pytest.raises(AuthorizationError) as told:
        world.ask(authorization_details=asking(PAY))

    assert told.value.code == "invalid_authorization_details"


def test_what_is_asked_every_time_is_never_covered_by_an_earlier_yes(world: World) -> None:
    asked = world.ask(authorization_details=asking(PAY))
    allow(world, asked)

    before = world.next_step(asked, world.session)
    after = world.next_step(
        asked, world.session, world.pending(consented_at=world.now, consented_by="account-1")
    )

    assert isinstance(before, ConsentRequired)
    assert before.authorization_details == (PAY,)
    assert isinstance(after, Granted)


def test_another_accounts_yes_is_not_ones_own(world: World) -> None:
    """Two people at one browser: who signs in meanwhile is asked anew."""
    asked = world.ask(authorization_details=asking(PAY))
    allow(world, asked)

    step = world.next_step(
        asked, world.session, world.pending(consented_at=world.now, consented_by="account-2")
    )

    assert isinstance(step, ConsentRequired)


def test_what_may_be_remembered_covers_the_same_and_nothing_else(world: World) -> None:
    asked = world.ask(authorization_details=asking(READ))
    allow(world, asked)

    same = world.next_step(asked, world.session)
    less = world.next_step(world.ask(authorization_details=asking({"type": "files"})), world.session)

    assert isinstance(same, Granted)
    assert isinstance(less, ConsentRequired)


def test_the_states_own_applications_ask_too_where_it_is_asked_every_time(world: World) -> None:
    world.register(client(trusted=True, authorization_details_types=("payment", "files")))

    once = world.next_step(world.ask(authorization_details=asking(READ)), world.session)
    always = world.next_step(world.ask(authorization_details=asking(PAY, READ)), world.session)

    assert isinstance(once, Granted)
    assert isinstance(always, ConsentRequired)


def test_nobody_is_asked_in_silence(world: World) -> None:
    """OpenID Connect Core 3.1.2.6."""
    allow(world, world.ask(authorization_details=asking(PAY)))

    with pytest.raises(AuthorizationError) as told:
        world.next_step(world.ask(authorization_details=asking(PAY), prompt="none"), world.session)

    assert told.value.code == "consent_required"


def test_only_what_may_be_remembered_is(world: World) -> None:
    allow(world, world.ask(authorization_details=asking(PAY, READ)))
    allow(world, world.ask(authorization_details=asking(READ, {"type": "files", "privileges": ["owner"]})))

    consent = world.stores.consents.get("account-1", "housing", world.now)

    assert consent is not None
    assert consent.authorization_details == (READ, {"type": "files", "privileges": ["owner"]})


def test_a_consent_does_not_grow_without_end(world: World) -> None:
    for number in range(60):
        detail = {"type": "files", "identifier": str(number)}
        allow(world, world.ask(authorization_details=asking(detail)))

    consent = world.stores.consents.get("account-1", "housing", world.now)

    assert consent is not None
    assert [each["identifier"] for each in consent.authorization_details] == [str(n) for n in range(10, 60)]


@pytest.mark.parametrize(
    "part",
    [
        [PAY, READ],
        [PAY],
        [PAY | {"actions": ["stop"]}],
        [PAY | {"actions": []}],
        [READ | {"datatypes": ["letters"]}, READ | {"datatypes": ["pictures"]}],
        [],
    ],
)
def test_a_token_may_be_for_a_part(world: World, part: list[dict[str, Any]]) -> None:
    """RFC 9396 6: the refresh token keeps the whole."""
    tokens = world.redeem(
        world.code(authorization_details=asking(PAY, READ)), authorization_details=asking(*part)
    )

    assert details_of(tokens) == (part or None)
    assert details_of(world.refresh(tokens.refresh_token)) == [PAY, READ]


@pytest.mark.parametrize(
    "more",
    [
        asking(PAY | {"amount": {"value": 12.6, "currency": "CNY"}}),
        asking(PAY | {"locations": ["https://pay.example.gov"]}),
        asking({name: value for name, value in PAY.items() if name != "actions"}),
        asking(PAY | {"remark": "more"}),
        asking({"type": "payment"}),
        asking(READ | {"privileges": ["owner"]}),
        asking({"type": "unknown"}),
        asking(PAY | {"actions": [{}]}),
        "no JSON",
        "[1]",
        "{}",
    ],
)
def test_a_token_is_never_for_more_and_the_attempt_spends_nothing(world: World, more: str) -> None:
    """RFC 9396 6."""
    code = world.code(authorization_details=asking(PAY, READ | {"datatypes": ["letters"]}))

    with pytest.raises(TokenError) as refused:
        world.redeem(code, authorization_details=more)

    assert refused.value.code == "invalid_authorization_details"
    assert world.redeem(code).access_token


def test_an_application_by_itself_is_given_none(world: World) -> None:
    """A detail is something that a person allows."""
    world.register(
        client(
            grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}), authorization_details_types=("payment",)
        )
    )

    with pytest.raises(TokenError) as refused:
        world.form(grant_type="client_credentials", scope="housing:read", authorization_details=asking(PAY))

    assert refused.value.code == "invalid_authorization_details"


def test_the_trail_tells_types_and_a_digest_never_what_was_said(world: World) -> None:
    asked = world.ask(authorization_details=asking(PAY | {"remark": "for my secret flat"}))
    allow(world, asked)
    world.redeem(world.code(authorization_details=asking(PAY | {"remark": "for my secret flat"})))

    allowed = next(record for record in world.stores.audit.records if record.event == "consent.granted")
    issued = next(record for record in world.stores.audit.records if record.event == "token.issued")
    assert allowed.detail["authorization_details"] == issued.detail["authorization_details"] == ["payment"]
    assert len(str(allowed.detail["details_digest"])) == 64
    assert "secret flat" not in repr(world.stores.audit.records)


def by_device(world: World, asking: Client, text: str) -> str:
    request = TokenRequest(asking, {"authorization_details": text})
    return authorize_device(request, Origin(), world.stores, world.provider, world.now).device_code


def by_backchannel(world: World, asking: Client, text: str) -> str:
    request = TokenRequest(asking, {"scope": "openid", "login_hint": "tuya", "authorization_details": text})
    return authenticate_backchannel(
        request, lambda _: "account-1", world.stores, world.provider, world.now
    ).auth_req_id


ELSEWHERE = pytest.mark.parametrize(
    ("grant_type", "name", "ask"),
    [
        (GrantType.DEVICE_CODE, "device_code", by_device),
        (GrantType.CIBA, "auth_req_id", by_backchannel),
    ],
)


def waiting_client(world: World, grant_type: GrantType) -> Client:
    return world.register(
        client(
            client_id="elsewhere",
            grant_types=frozenset({grant_type}),
            authorization_details_types=("payment",),
            backchannel_token_delivery_mode="poll",
        )
    )


@ELSEWHERE
def test_a_client_that_waits_elsewhere_asks_in_detail_too(
    world: World, grant_type: GrantType, name: str, ask: Any
) -> None:
    """RFC 9396 3: wherever scope can be used."""
    waits_elsewhere = waiting_client(world, grant_type)
    secret = ask(world, waits_elsewhere, asking(PAY))
    [request_id] = world.stores.deferred.asked
    found = decision.waiting(request_id, world.stores, world.now)
    assert found is not None

    decision.allow(found, world.session, world.stores, world.provider, world.now)
    tokens = world.form_of(waits_elsewhere, grant_type=grant_type.value, **{name: secret})

    assert details_of(tokens) == [PAY]


@ELSEWHERE
def test_and_is_refused_what_has_no_words(world: World, grant_type: GrantType, name: str, ask: Any) -> None:
    """RFC 9396 5."""
    waits_elsewhere = waiting_client(world, grant_type)

    with pytest.raises(TokenError) as refused:
        ask(world, waits_elsewhere, asking({"type": "files"}))

    assert refused.value.code == "invalid_authorization_details"
