"""What officers do in the console that the hub records: each function leads there, to the last step."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sso.audit.rules import queue
from sso.audit.rules.engine import Match
from sso.audit.rules.shipped import shipped_rule
from sso.authentication.linking import PROOF, Decision, link
from sso.oidc.client import Client, ClientSecret, SelfRegistration
from sso.oidc.digest import digest, new_id, new_secret
from tests.admin.conftest import ConsoleServer
from tests.admin.people import add_clerk, inside
from tests.api.test_findings import ROTATED
from tests.relying_parties.visitor import Visitor
from tests.storage import examples

WHY = "as the file shows"
DETAILS = {"client_name": "Other", "redirect_uris": "https://housing.example/cb"}


@dataclass(frozen=True)
class Step:
    """Something that an officer does, as often as a test wants."""

    officer: Visitor
    do: Callable[[], object]


@dataclass(frozen=True)
class Desk:
    """A console with an officer of each kind, signed in."""

    console: ConsoleServer
    officers: dict[str, Visitor]

    def opens(self, role: str, path: str) -> Step:
        """An officer opens a page."""
        officer = self.officers[role]
        return Step(officer, lambda: officer.open(f"{self.console.address}{path}"))

    def presses(self, role: str, path: str, button: str, **typed: str) -> Step:
        """An officer fills in a form of a page and presses a button."""
        officer = self.officers[role]
        officer.open(f"{self.console.address}{path}")
        return self.goes_on(role, button, **typed)

    def goes_on(self, role: str, button: str, **typed: str) -> Step:
        """The same on the page that is open already."""
        officer, page = self.officers[role], self.officers[role].page
        form = page.controls[button].form
        assert form is not None
        form.fields |= typed

        def press() -> None:
            officer.page = page
            officer.press(button)

        return Step(officer, press)

    def client(self, **changes: Any) -> Client:
        """An application that is registered at the hub."""
        made = examples.client(
            sector="housing.example", secrets=(ClientSecret(digest(new_secret())),), **changes
        )
        with inside(self.console.hub) as (_, stores):
            stores.clients.add(made, datetime.now(UTC))
        return made

    def finding(self) -> str:
        """A finding of the detection rules."""
        now = datetime.now(UTC)
        with inside(self.console.hub) as (_, stores):
            event_id = stores.audit.append(ROTATED, now)
            found = queue.file(
                Match(shipped_rule("r17_client_changed"), (event_id,), now, event_id), stores, now
            )
        assert found is not None
        return found.id

    def accounts(self, *, linked: bool = False) -> tuple[str, str]:
        """The accounts of a citizen and of a clerk, of one person or of two."""
        name, person, now = new_id().lower(), examples.person(), datetime.now(UTC)
        citizen = examples.citizen(person.id, login_name=name)
        clerk_id = add_clerk(self.console.hub, name, new_id(), displayname="Clerk")
        with inside(self.console.hub) as (_, stores):
            stores.people.add_person(person)
            stores.people.add_account(citizen, now)
            clerk = stores.people.account(clerk_id)
            if linked and clerk is not None:
                link(citizen, clerk, Decision(PROOF), stores, now)
        return citizen.id, clerk_id

    def conflict(self) -> str:
        """The address of a conflict: one name with two ids in a department."""
        name = new_id().lower()
        add_clerk(self.console.hub, name, new_id(), displayname="Earlier")
        later = add_clerk(self.console.hub, name, new_id(), displayname="Later")
        with inside(self.console.hub) as (_, stores):
            [found] = [each for each in stores.conflicts.of_directory("civil") if later in str(each.sides)]
        return f"/conflicts/civil/{found.id}"

    def newest_event(self) -> str:
        """The id of the newest record."""
        return str(self.console.hub.audit("--limit", "1")[0]["id"])


def change(desk: Desk) -> Step:
    path = f"/clients/{desk.client().client_id}/edit"
    desk.presses("client_manager", path, "compare", **DETAILS).do()
    return desk.goes_on("client_manager", "save")


def adopt(desk: Desk) -> Step:
    client = desk.client(self_registration=SelfRegistration())
    return desk.presses("client_manager", f"/clients/{client.client_id}", "adopt")


def rotate(desk: Desk) -> Step:
    return desk.presses("client_manager", f"/clients/{desk.client().client_id}", "new_secret")


def remove(desk: Desk) -> Step:
    path = f"/clients/{desk.client().client_id}/remove"
    return desk.presses("client_manager", path, "confirm_remove")


def take(desk: Desk) -> Step:
    return desk.presses("auditor", f"/findings/{desk.finding()}", "take")


def suppress(desk: Desk) -> Step:
    return desk.presses("auditor", f"/findings/{desk.finding()}", "suppress", reason=WHY, days="1")


def lift(desk: Desk) -> Step:
    suppress(desk).do()
    return desk.presses("auditor", "/suppressions", "lift_1")


def decide(desk: Desk) -> Step:
    return desk.presses("people_manager", desk.conflict(), "decide", resolution="different", reason=WHY)


def join(desk: Desk) -> Step:
    one, other = desk.accounts()
    return desk.presses("people_manager", f"/people/{one}/link/{other}?why=7", "link", reason=WHY)


def compare(desk: Desk) -> Step:
    one, other = desk.accounts()
    return desk.opens("people_manager", f"/people/{one}/link/{other}?why=7")


def part(desk: Desk) -> Step:
    _, clerk = desk.accounts(linked=True)
    return desk.presses("people_manager", f"/people/{clerk}/separate?why=7", "separate", reason=WHY)


REFUSED: dict[tuple[str, str], Callable[[Desk], Step]] = {
    ("audit.event", "view_audit_event"): lambda desk: desk.opens("auditor", f"/events/{desk.newest_event()}"),
    ("audit.overview", "count_audit_events"): lambda desk: desk.opens("auditor", "/overview"),
    ("audit.search", "search_audit_events"): lambda desk: desk.opens("auditor", "/search?range=24h"),
    ("audit.search", "find_people"): lambda desk: desk.opens("auditor", "/search?login_name=ana"),
    ("clients.adopt", "adopt_client"): adopt,
    ("clients.edit", "change_client"): change,
    ("clients.new", "register_client"): lambda desk: desk.presses(
        "client_manager", "/clients/new", "register", **DETAILS
    ),
    ("clients.new_secret", "rotate_client_secret"): rotate,
    ("conflicts.conflict", "view_conflict"): lambda desk: desk.opens("people_manager", desk.conflict()),
    ("conflicts.conflict", "resolve_conflict"): decide,
    ("conflicts.conflicts", "list_conflict_queue"): lambda desk: desk.opens("people_manager", "/conflicts"),
    ("findings.act", "change_finding"): take,
    ("findings.act", "suppress_findings"): suppress,
    ("findings.finding", "view_finding"): lambda desk: desk.opens("auditor", f"/findings/{desk.finding()}"),
    ("findings.findings", "list_findings"): lambda desk: desk.opens("auditor", "/findings"),
    ("findings.lift", "lift_suppression"): lift,
    ("findings.suppressions", "list_suppressions"): lambda desk: desk.opens("auditor", "/suppressions"),
    ("people.link", "find_accounts"): compare,
    ("people.link", "link_accounts"): join,
    ("people.people", "find_accounts"): lambda desk: desk.opens("people_manager", "/people?one=ana&why=7"),
    ("people.person", "find_accounts"): lambda desk: desk.opens(
        "people_manager", f"/people/{desk.accounts()[0]}?why=7"
    ),
    ("people.separate", "unlink_account"): part,
    ("questions.question", "ask_audit_question"): lambda desk: desk.opens("auditor", "/questions/Q9?ask=1"),
}
"""By route of the console, and the operation of the API that records it."""

NOTHING_RECORDED = {
    "door.backchannel_logout": "the hub tells what it has recorded itself",
    "door.healthz": "the same for everybody",
    "door.home": "leads on",
    "door.refused": "asks only who the officer is",
    "door.sign_in": "leads to the hub, which records it",
    "door.signed_out": "the same for everybody",
    "clients.client": "shows a registration",
    "clients.clients": "shows registrations",
    "clients.secret": "shows what clients.new_secret brought",
    "questions.questions": "the same for every auditor",
    "reason.ask": "asks for the reason that looks are recorded with",
    "reason.take": "keeps the reason that looks are recorded with",
    "static": "the same for everybody",
}
