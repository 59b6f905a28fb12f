"""RFC 9126: pushed authorization requests, at both endpoints."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.oidc.client import ClientAuthMethod
from sso.oidc.digest import digest
from sso.oidc.errors import AuthorizationError, TokenError, UntrustedRequest
from sso.oidc.request.arrival import REFERENCE_PREFIX, arrive
from tests.oidc.examples import REDIRECT_URI, SECOND, SETTINGS, World, client


@pytest.fixture
def world() -> World:
    return World()


def demanding(world: World) -> World:
    """The same world, where every client must push."""
    world.provider = replace(world.provider, settings=replace(SETTINGS, require_pushed=True))
    return world


def test_the_answer_is_a_reference_that_cannot_be_guessed_and_its_lifetime(world: World) -> None:
    """RFC 9126 2.2."""
    answer = world.push_form(None, world.params())

    assert str(answer["request_uri"]).startswith(REFERENCE_PREFIX)
    assert len(str(answer["request_uri"])) == len(REFERENCE_PREFIX) + 43
    assert answer["expires_in"] == 90
    assert set(answer) == {"request_uri", "expires_in"}


def test_the_reference_stands_for_the_whole_request(world: World) -> None:
    """RFC 9126 4."""
    request_uri = world.push(max_age="5", claims='{"userinfo": {"name": null}}')

    asked = world.arrive(client_id="housing", request_uri=request_uri)

    assert asked == world.ask(max_age="5", claims='{"userinfo": {"name": null}}')


def test_what_a_browser_adds_beside_the_reference_is_ignored(world: World) -> None:
    """RFC 9101 5, as RFC 9126 4 demands: the reference alone counts."""
    request_uri = world.push(scope="openid", state="pushed")

    asked = world.arrive(
        client_id="housing",
        request_uri=request_uri,
        scope="openid email",
        state="added",
        prompt="none",
        redirect_uri="https://evil.example/cb",
    )

    assert asked == world.ask(scope="openid", state="pushed")


def test_only_the_digest_of_a_reference_is_kept(world: World) -> None:
    request_uri = world.push()

    assert list(world.stores.pushed.by_digest) == [digest(request_uri)]
    assert request_uri not in repr(world.stores.pushed) + repr(world.stores.audit.events)


@pytest.mark.parametrize("wrong", ["", "x", REFERENCE_PREFIX, REFERENCE_PREFIX + "A" * 43])
def test_an_unknown_reference_never_redirects(world: World, wrong: str) -> None:
    """RFC 9126 4."""
    request_uri = world.push() + wrong if not wrong.startswith("urn") else wrong

    if wrong == "":
        world.stores.pushed.spend(digest(request_uri))
    with pytest.raises(UntrustedRequest) as refused:
        world.arrive(client_id="housing", request_uri=request_uri, redirect_uri=REDIRECT_URI)

    assert refused.value.code == "invalid_request_uri"


def test_a_reference_belongs_to_its_client(world: World) -> None:
    """RFC 9126 2.2: bound to the client that pushed it; another one cannot even find out that it exists."""
    world.register(client(client_id="tax"))
    request_uri = world.push()

    with pytest.raises(UntrustedRequest) as refused:
        world.arrive(client_id="tax", request_uri=request_uri, redirect_uri=REDIRECT_URI)

    assert refused.value.code == "invalid_request_uri"
    assert world.arrive(client_id="housing", request_uri=request_uri)


def test_a_reference_expires_before_its_first_visit_only(world: World) -> None:
    """RFC 9126 2.2; its person may take as long as with any request."""
    request_uri = world.push()

    world.wait(timedelta(seconds=89))
    assert world.arrive(client_id="housing", request_uri=request_uri)
    world.wait(SECOND)
    with pytest.raises(UntrustedRequest):
        world.arrive(client_id="housing", request_uri=request_uri)

    kept = world.stores.pushed.by_digest[digest(request_uri)]
    assert kept.kept_until - kept.expires_at == SETTINGS.pending_lifetime


def test_a_visit_does_not_spend_it(world: World) -> None:
    """RFC 9126 4: a browser may load an address twice."""
    request_uri = world.push()

    arrivals = [
        arrive(
            {"client_id": ["housing"], "request_uri": [request_uri]}, world.stores, world.provider, world.now
        )
        for _ in range(2)
    ]

    assert arrivals[0] == arrivals[1]
    assert arrivals[0].pushed == digest(request_uri)


@pytest.mark.parametrize(
    "extra", [{"request": ["x.y.z"]}, {"request_uri": ["a", "b"]}, {"request_uri": [REFERENCE_PREFIX, "b"]}]
)
def test_a_reference_stands_alone(world: World, extra: dict[str, list[str]]) -> None:
    """RFC 9101 5: never request and request_uri together."""
    with pytest.raises(UntrustedRequest) as refused:
        params = {"client_id": ["housing"], "request_uri": [world.push()]}
        arrive(params | extra, world.stores, world.provider, world.now)

    assert refused.value.code == "invalid_request_uri"


def test_an_address_outside_is_never_fetched(world: World) -> None:
    """RFC 9101 10.4.1: whoever fetches what a browser names can be made to knock anywhere."""
    with pytest.raises(AuthorizationError) as refused:
        params = world.params(request_uri="https://housing.example/request.jwt")
        arrive(params, world.stores, world.provider, world.now)

    assert refused.value.code == "request_uri_not_supported"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "code token id_token none"}, "unsupported_response_type"),
        ({"scope": "unheard:of"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"claims": "["}, "invalid_request"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
        ({"state": "s" * 2049}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"request_uri": REFERENCE_PREFIX + "x"}, "invalid_request"),
        ({"request_uri": "https://housing.example/r"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_told_at_once_and_to_the_client_itself(
    world: World, changes: dict[str, str | None], code: str
) -> None:
    """RFC 9126 2.1, 2.3: a redirect_uri that is not registered is refused, whoever the client is."""
    with pytest.raises(TokenError) as refused:
        world.push(**changes)

    assert refused.value.code == code
    assert world.stores.pushed.by_digest == {}
    assert world.stores.audit.codes() == ["authz.request.rejected"]


def test_a_client_pushes_for_itself_alone(world: World) -> None:
    """RFC 9126 2.1: the client that was authenticated is the client of the request."""
    tax = world.register(client(client_id="tax"))

    request_uri = world.push(tax, client_id="housing")

    assert world.arrive(client_id="tax", request_uri=request_uri).client == tax


def test_what_proves_a_client_is_not_kept(world: World) -> None:
    request_uri = world.push(client_secret="hidden", client_assertion="a.b.c", client_assertion_type="x")

    assert "hidden" not in str(world.stores.pushed.by_digest[digest(request_uri)].params)


def test_public_clients_push_too(world: World) -> None:
    """RFC 9126 2: any client may."""
    app = world.register(client(client_id="app", auth_method=ClientAuthMethod.NONE, secrets=()))

    assert world.arrive(client_id="app", request_uri=world.push(app)).client == app


def test_where_pushing_is_demanded_of_all_nothing_else_is_taken(world: World) -> None:
    """RFC 9126 5."""
    demanding(world)

    with pytest.raises(AuthorizationError) as refused:
        arrive(world.params(), world.stores, world.provider, world.now)

    assert refused.value.code == "invalid_request"
    assert world.arrive(client_id="housing", request_uri=world.push())


def test_where_pushing_is_demanded_of_one_nothing_else_is_taken_of_it(world: World) -> None:
    """RFC 9126 6."""
    world.register(client(require_pushed_authorization_requests=True))

    with pytest.raises(AuthorizationError) as refused:
        arrive(world.params(), world.stores, world.provider, world.now)

    assert refused.value.code == "invalid_request"
    assert world.arrive(client_id="housing", request_uri=world.push())


def test_pushing_is_on_record(world: World) -> None:
    request_uri = world.push()

    record = world.stores.audit.records[0]
    assert (record.event, record.client_id) == ("authz.request.pushed", "housing")
    assert record.detail["reference_prefix"] == digest(request_uri).hex()[:16]


def test_a_request_that_no_longer_holds_is_told_at_the_second_look(world: World) -> None:
    """Between the two, an officer may have taken something away."""
    request_uri = world.push()
    world.register(client(scope=frozenset({"profile"})))

    with pytest.raises(AuthorizationError) as refused:
        world.arrive(client_id="housing", request_uri=request_uri)

    assert refused.value.code == "invalid_scope"
