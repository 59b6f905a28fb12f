"""Sign-in at another provider: the browser is sent there, and comes back with a code, once.

Begun by a form of the name page, it ends where every page of a journey ends: at the authorization endpoint.
"""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from sso.audit.event.upstream import UpstreamAnswerReceived, UpstreamSignInStarted
from sso.authentication.upstream import sign_in as upstream_sign_in
from sso.authentication.upstream.journey import UpstreamJourney, Wish, nonce_of, verifier_of
from sso.authentication.upstream.sign_in import Answer, NotVouched, Return, UpstreamFailure
from sso.hub import Hub
from sso.oidc.digest import digest, new_secret
from sso.oidc.metadata import AUTHORIZATION_PATH
from sso.outbound.upstream import BroughtBack, Question, UpstreamProvider, UpstreamUnavailable, answer_of
from sso.web.answers import Answers
from sso.web.door import journey_of, settle
from sso.web.journey import TIE, Journey, begin_own, check_form, in_its_language, load
from sso.web.refusals import ExpiredPage, PageRefused
from sso.web.upstream_words import upstream_problem
from sso.web.visit import Visit, request_id_of, visit_of

_LEVEL = '{"id_token":{"acr":null}}'
"""The claims parameter that asks for `acr`, as a wish (OpenID Connect Core 5.5.1)."""

_STATUS = {UpstreamFailure.UNAVAILABLE: 503, UpstreamFailure.ACCOUNT_DISABLED: 403}


def blueprint(hub: Hub, answers: Answers) -> Blueprint:
    """Return the way out, and the way back."""
    bp = Blueprint("upstream", __name__)
    pages = UpstreamPages(hub, answers)

    @bp.post("/sign-in/<pending_id>/upstream/<upstream_id>")
    def start(pending_id: str, upstream_id: str) -> Response:
        """Send the browser to another provider to sign in there."""
        return pages.start(pending_id, upstream_id)

    @bp.get("/sign-in/upstream/<upstream_id>/callback")
    def come_back(upstream_id: str) -> Response:
        """Take the provider's answer and go on with the journey (OpenID Connect Core 3.1.2.5)."""
        return pages.come_back(upstream_id)

    return bp


class UpstreamPages:
    """The way out to a provider, and what follows when the browser is back."""

    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def start(self, pending_id: str, upstream_id: str) -> Response:
        """Take the form of the name page."""
        visit, journey = journey_of(pending_id, self._hub, request)
        check_form(visit, request, pending_id, self._hub.settings.issuer)
        return self.depart(upstream_id, journey, visit)

    def depart(self, upstream_id: str, journey: Journey, visit: Visit, *, new: bool = False) -> Response:
        """Send the browser to the provider, for what the journey needs; or say why that is in vain.

        A new journey is remembered with that, or not at all.
        """
        provider, wish, state = self._provider(upstream_id), _wish_of(journey), new_secret()
        try:
            address = provider.address(self._question(provider, wish, state, visit))
        except UpstreamUnavailable as error:
            return self._failed(provider, journey, visit, NotVouched(UpstreamFailure.UNAVAILABLE, str(error)))
        if wish.essential and not provider.settings.acr.reached & {*wish.essential}:
            too_low = NotVouched(UpstreamFailure.LEVEL_TOO_LOW, "no level there is worth what is asked")
            return self._failed(provider, journey, visit, too_low)
        under_way = UpstreamJourney(
            state=digest(state),
            upstream_id=upstream_id,
            pending_id=journey.pending.id,
            browser=visit.browser_digest,
            started_at=visit.now,
            expires_at=journey.pending.expires_at,
        )
        started = UpstreamSignInStarted(
            upstream_id=upstream_id,
            client_id=journey.client_id,
            prompt=wish.prompt,
            max_age=wish.max_age,
            acr_values=wish.acr_values,
        )
        with self._hub.database.begin(visit.origin) as stores:
            if new:
                stores.pending.add(journey.pending)
            stores.upstreams.add_journey(under_way)
            stores.audit.append(started, visit.now)
        return self._answers.with_cookies(self._answers.to(address), visit, request)

    def come_back(self, upstream_id: str) -> Response:
        """Check what the provider answered, and go on with it."""
        provider, visit = self._provider(upstream_id), visit_of(self._hub, request)
        params = {name: values[0] for name, values in request.args.lists() if len(values) == 1}
        under_way, journey = self._taken(provider, params.get("state", ""), visit)
        visit = in_its_language(self._hub, journey, visit, request)
        try:
            answer = answer_of(provider, BroughtBack(params, self._hub.upstream_key), visit.now)
            if journey.ties_account:
                return self._proven(answer, under_way, journey, visit)
            return self._signed_in(answer, under_way, journey, visit)
        except NotVouched as refusal:
            return self._failed(provider, journey, visit, refusal)

    def _provider(self, upstream_id: str) -> UpstreamProvider:
        provider = self._hub.upstreams.get(upstream_id)
        if provider is None:
            raise NotFound
        return provider

    def _question(self, provider: UpstreamProvider, wish: Wish, state: str, visit: Visit) -> Question:
        """What is asked of the provider: by max_age when the person signed in, by claims at which level.

        Without being asked some providers do not tell the level, and none told is worth nothing here.

        Raises:
            UpstreamUnavailable: the metadata cannot be read.
        """
        key, longest = self._hub.upstream_key, int(self._hub.settings.session_lifetime.total_seconds())
        levels = provider.settings.acr
        theirs = levels.asking_for(wish.acr_values)
        wishes = {
            "max_age": str(longest if wish.max_age is None else min(wish.max_age, longest)),
            "ui_locales": visit.language.tag,
            **({"prompt": wish.prompt} if wish.prompt else {}),
            **({"acr_values": " ".join(theirs)} if theirs else {}),
            **({"claims": _LEVEL} if levels.pairs and provider.metadata().answers_claims else {}),
        }
        return Question(state, nonce_of(state, key), verifier_of(state, key), wishes)

    def _taken(self, provider: UpstreamProvider, state: str, visit: Visit) -> tuple[UpstreamJourney, Journey]:
        """Return where the browser was going: for one answer, in this browser, before it is too old.

        The answer is on record before its code is redeemed, which works once: while nothing can be recorded
        both stay good.
        """
        with self._hub.database.begin(visit.origin) as stores:
            under_way = stores.upstreams.take_journey(
                digest(state), provider.settings.id, visit.browser_digest, visit.now
            )
            if under_way is None:
                unknown = NotVouched(
                    UpstreamFailure.ANSWER_UNKNOWN, "state was used, or is of another browser"
                )
                upstream_sign_in.failed(provider.settings.id, unknown, None, stores, visit.now)
            else:
                stores.audit.append(UpstreamAnswerReceived(upstream_id=provider.settings.id), visit.now)
        if under_way is None:
            raise PageRefused("upstream_answer_unknown", 400)
        with self._hub.database.read() as stores:
            return under_way, load(self._hub, under_way.pending_id, visit, stores)

    def _signed_in(
        self, answer: Answer, under_way: UpstreamJourney, journey: Journey, visit: Visit
    ) -> Response:
        back = Return(
            answer=answer,
            wish=_wish_of(journey),
            journey=under_way,
            client_id=journey.client_id,
            previous=journey.session,
        )
        now = visit_of(self._hub, request).now
        with self._hub.database.begin(visit.origin) as stores:
            outcome = upstream_sign_in.conclude(back, stores, self._hub.settings, now)
            settle(journey, outcome, stores)
        response = self._answers.to(f"{AUTHORIZATION_PATH}/{journey.pending.id}")
        return self._answers.with_session(
            self._answers.with_cookies(response, visit, request), outcome.cookie
        )

    def _proven(self, answer: Answer, under_way: UpstreamJourney, journey: Journey, visit: Visit) -> Response:
        """Remember whom the provider vouches for until the person has said yes to a tie with that account."""
        upstream_sign_in.authenticated(answer.identity, _wish_of(journey), under_way, visit.now)
        named, upstream_id = upstream_sign_in.named(answer.vouchee), answer.settings.id
        proof = {"upstream": upstream_id, "identifier": named.identifier, "shown": named.shown}
        proof = {**journey.pending.params, **proof}
        pending = begin_own(TIE, proof, self._hub, visit)
        with self._hub.database.begin(visit.origin) as stores:
            if not stores.pending.remove(journey.pending.id):
                raise ExpiredPage
            stores.pending.add(pending)
        return self._answers.to(f"{TIE}/{upstream_id}/{pending.id}")

    def _failed(
        self, provider: UpstreamProvider, journey: Journey, visit: Visit, refusal: NotVouched
    ) -> Response:
        """Record why nobody is signed in, and show a page that leads back."""
        settings, pending_id, tag = provider.settings, journey.pending.id, visit.language.tag
        with self._hub.database.begin(visit.origin) as stores:
            upstream_sign_in.failed(settings.id, refusal, journey.client_id, stores, visit.now)
        text = upstream_problem(visit.language, refusal.failure, settings.label(tag))
        return self._answers.page(
            "upstream_problem.html",
            visit,
            request,
            target=journey.target,
            status=_STATUS.get(refusal.failure, 400),
            sentence=text.sentence,
            advice=text.advice,
            again_url="/account" if journey.ties_account else f"/sign-in/{pending_id}",
            tying=journey.ties_account,
            error_code=refusal.failure.value.lower(),
            reference=request_id_of(request),
            csrf_token=visit.form_token(pending_id),
            service_name=journey.service_name(tag),
            cancel_action=journey.cancel_action,
        )


def _wish_of(journey: Journey) -> Wish:
    """Return what a journey needs of the sign-in there, so that it does not come back in vain."""
    own_and_fresh = journey.asked is None and bool(journey.pending.params.get("fresh"))
    if journey.adds_account or journey.ties_account or own_and_fresh:
        return Wish(prompt="login")
    if journey.waiting is not None:
        again = "login" if journey.waits_for_another else None
        return Wish(prompt=again, max_age=journey.waiting.client.default_max_age)
    return Wish.of(journey.asked, someone_is_signed_in=journey.session is not None)
