"""Where a typed name leads, and the journey of a page under /sign-in: what its pages have in common."""

from dataclasses import dataclass, replace

from flask import Request, Response

from sso.authentication.sign_in import SignedIn
from sso.authentication.stores import Stores
from sso.authentication.throttling import Throttled
from sso.directory.department import Department
from sso.directory.routing import CitizenRoute, DirectoryRoute, route, with_realm
from sso.hub import Hub
from sso.oidc.digest import digest
from sso.web.journey import Journey, in_its_language, load
from sso.web.visit import Visit, visit_of


@dataclass(frozen=True, slots=True)
class Door:
    """A name as it was typed, and where it leads."""

    typed: str
    destination: CitizenRoute | DirectoryRoute

    def directory_name(self, language_tag: str) -> str | None:
        """The department's name in a language, None for a citizen."""
        if isinstance(self.destination, CitizenRoute):
            return None
        return self.destination.directory.display_name(language_tag)

    @property
    def changes_passwords(self) -> bool:
        """Whether a password can be changed behind this door."""
        if isinstance(self.destination, CitizenRoute):
            return False
        return self.destination.directory.changes_passwords


def door_of(typed: str, hub: Hub, department: Department | None = None) -> Door | str:
    """Return where a name leads, or the key of what is wrong with it.

    A name that leads to no department belongs to the one that was chosen, and is made whole.
    """
    if not typed.strip():
        return "empty"
    try:
        destination = route(typed, hub.directories)
        if department is not None and isinstance(destination, CitizenRoute):
            typed = with_realm(typed, department)
            destination = route(typed, hub.directories)
        return Door(typed, destination)
    except ValueError:
        return "invalid"


def journey_of(pending_id: str, hub: Hub, request: Request) -> tuple[Visit, Journey]:
    """Return the visit, in the journey's language, and the journey of a page's address.

    Raises:
        ExpiredPage: unknown, of another browser, finished or too old.
    """
    visit = visit_of(hub, request)
    with hub.database.read() as stores:
        journey = load(hub, pending_id, visit, stores)
    return in_its_language(hub, journey, visit, request), journey


def settle(journey: Journey, outcome: object, stores: Stores) -> None:
    """Note that the account is the one that was asked for, when the person chose one in this journey."""
    if isinstance(outcome, SignedIn) and journey.pending.account_selected_at is not None:
        settled = replace(outcome.session, persona_chosen=True)
        stores.sessions.renew(settled, digest(outcome.cookie))


def throttled(response: Response, refusal: Throttled) -> Response:
    """Mark a page as the answer to too many attempts."""
    response.status_code = 429
    response.headers["Retry-After"] = str(int(refusal.retry_after.total_seconds()) + 1)
    return response
