"""Completeness of the audit log: every route of the hub and of its API names its events, or why it has none.

A new route fails here until somebody has thought about what it records (audit.md P1, J10).
"""

import base64
from pathlib import Path

import pytest

from sso.audit.event import EVENT_CLASSES
from sso.config import load
from sso.hub import Hub, build
from sso.wsgi import application_of

CODES = {event.code for event in EVENT_CLASSES}

SIGN_IN = ("auth.login.success", "auth.login.failure", "session.created", "ratelimit.triggered")
CHANGE = ("credential.password.change.begun", "credential.password.changed")
AUTHORIZE = ("authz.request.accepted", "authz.request.rejected", "session.sso_reused", "code.issued")
CONSENT = ("consent.granted", "consent.denied")
DEFERRED = ("authz.deferred.allowed", "authz.deferred.rejected")
SIGN_OUT = ("session.ended.user", "logout.request.rejected", "upstream.sign_out.sent")
ELSEWHERE = ("account.signed_out_elsewhere", "session.ended.user")
CLIENT = ("client.auth.failed",)
ASKED = ("authz.deferred.requested", "authz.deferred.rejected", *CLIENT)
REGISTRATION = ("client.registration.read", "client.registration.refused")
LOOKED = ("audit.searched",)
PROVISIONED = {
    f"scim.{kind}s_{verb}": (f"provisioning.{kind.lower()}.{done}", "bearer.rejected")
    for kind in ("User", "Group")
    for verb, done in (
        ("create", "created"),
        ("replace", "changed"),
        ("patch", "changed"),
        ("remove", "deleted"),
    )
}
BROUGHT = ("provisioning.read", "bearer.rejected")

RECORDED: dict[str, tuple[str, ...]] = {
    "accounts.decide": ("account.linked",),
    "accounts.separate": ("account.unlinked",),
    "answer.take_answer": (*CONSENT, *DEFERRED),
    "authorize.authorize": AUTHORIZE,
    "authorize.resume": AUTHORIZE,
    "consent.cancel": ("consent.denied",),
    "consent.take_consent": CONSENT,
    "device.take_code": ("authz.user_code.rejected", "ratelimit.triggered"),
    "new_password.take_new_password": CHANGE,
    "receipts.receipt": ("audit.receipt.given", *CLIENT),
    "slices.pull": ("audit.slice.pulled", "audit.sink.opened", "audit.sink.missed", *CLIENT),
    "registration.read_registration": REGISTRATION,
    "registration.register_client": ("client.created", *REGISTRATION),
    "registration.remove_registration": ("client.deleted", *REGISTRATION),
    "registration.replace_registration": ("client.updated", *REGISTRATION),
    "security_events.poll": ("security_event.delivered", "bearer.rejected"),
    "sign_in.take_password": SIGN_IN,
    "sign_out.end_session": SIGN_OUT,
    "sign_out.sign_out": SIGN_OUT,
    "signed_out.leave_upstream": ("upstream.sign_out.sent",),
    "signed_out.signed_out": ("logout.frontchannel.sent",),
    "signed_out.take_report": ("logout.frontchannel.loaded",),
    "token.backchannel_authentication": ASKED,
    "token.device_authorization": ASKED,
    "token.introspect": ("token.introspected", *CLIENT),
    "token.push": ("authz.request.pushed", *CLIENT),
    "token.revoke": ("token.revoked", *CLIENT),
    "token.token": ("token.issued", "token.refreshed", "token.exchanged", "token.request.failed", *CLIENT),
    "upstream.come_back": ("upstream.answer.received", *SIGN_IN),
    "uses.look": ("account.use.viewed",),
    "uses.report": ("account.use.reported", *ELSEWHERE, "ratelimit.triggered"),
    "uses.sign_out_elsewhere": ELSEWHERE,
    "upstream.start": ("upstream.sign_in.started",),
    "upstream_accounts.decide": ("upstream.account.tied",),
    "upstream_accounts.prove": ("upstream.sign_in.started",),
    "upstream_accounts.untie": ("upstream.account.untied",),
    "upstream_logout.hear": ("upstream.logout.received", "upstream.logout.rejected"),
    "userinfo.userinfo": ("userinfo.accessed", "bearer.rejected"),
    "api.adopt_client": ("client.adopted",),
    "api.ask_audit_question": LOOKED,
    "api.change_client": ("client.updated",),
    "api.change_finding": ("finding.changed", "finding.viewed"),
    "api.count_audit_events": LOOKED,
    "api.disable_account": ("account.disabled", "person.disabled"),
    "api.find_accounts": ("person.viewed",),
    "api.find_people": LOOKED,
    "api.lift_suppression": ("finding.suppression.ended",),
    "api.link_accounts": ("account.linked",),
    "api.list_conflict_queue": ("directory.conflict.viewed",),
    "api.list_conflicts": ("directory.conflict.viewed",),
    "api.list_findings": ("finding.listed",),
    "api.list_suppressions": ("finding.listed",),
    "api.register_client": ("client.created",),
    "api.remove_client": ("client.deleted",),
    "api.resolve_conflict": ("directory.conflict.resolved",),
    "api.rotate_client_secret": ("client.secret.rotated",),
    "api.search_audit_events": LOOKED,
    "api.sign_person_out": ("session.ended.admin",),
    "api.suppress_findings": ("finding.suppressed",),
    "api.unlink_account": ("account.unlinked",),
    "api.view_audit_event": ("audit.viewed",),
    "api.view_conflict": ("directory.conflict.viewed",),
    "api.view_finding": ("finding.viewed",),
    "scim.bulk": ("provisioning.user.created", "provisioning.group.deleted", "bearer.rejected"),
    **{f"scim.{kind}_{verb}": BROUGHT for kind in ("Users", "Groups") for verb in ("list", "search", "show")},
    **PROVISIONED,
}

PAGE = "asks or shows; what is done with it comes by another route"
PUBLIC = "the same for everybody, and tells of nobody"
OWN = "shows people their own"
LEADS_ON = "keeps a choice, or begins a journey: what comes of it is recorded by the page where it ends"
APPLICATIONS = "shows registrations of applications to officers; a bad token is bearer.rejected"
NOTHING = "nothing is there"

EXPLAINED: dict[str, str] = {
    "accounts.accounts": OWN,
    "accounts.add": LEADS_ON,
    "accounts.before_adding": PAGE,
    "accounts.confirm": PAGE,
    "upstream_accounts.before_tying": PAGE,
    "upstream_accounts.confirm": PAGE,
    "answer.ask_answer": PAGE,
    "uses.ask": PAGE,
    "approvals.approvals": OWN,
    "approvals.look": LEADS_ON,
    "authorize.authorize_by_post": "goes on by GET",
    "choose_account.ask_account": PAGE,
    "choose_account.take_account": LEADS_ON,
    "choose_department.ask_department": PAGE,
    "choose_department.take_department": LEADS_ON,
    "consent.ask_consent": PAGE,
    "device.ask_code": PAGE,
    "api.count_findings": "tells auditors a number, and of nobody",
    "home.home": OWN,
    "metadata.discovery": PUBLIC,
    "metadata.jwks": PUBLIC,
    "metadata.protected_resource": PUBLIC,
    "new_password.ask_new_password": PAGE,
    "new_password.warn": PAGE,
    "readiness.readyz": PUBLIC,
    "security_events.configuration": PUBLIC,
    "sign_in.ask_name": PAGE,
    "sign_in.ask_password": PAGE,
    "sign_in.begin": PAGE,
    "sign_in.take_name": LEADS_ON,
    "sign_out.ask": PAGE,
    "signed_out.back_from_upstream": PAGE,
    "sign_out.end_session_by_post": "goes on by GET",
    "static": PUBLIC,
    "api.elsewhere": NOTHING,
    "api.list_audit_questions": PUBLIC,
    "api.list_client_names": APPLICATIONS,
    "api.list_clients": APPLICATIONS,
    "api.list_event_types": PUBLIC,
    "api.me": OWN,
    "api.openapi": PUBLIC,
    "api.root": NOTHING,
    "api.show_client": APPLICATIONS,
    **{f"scim.{name}": NOTHING for name in ("elsewhere", "me", "root", "search")},
    **{f"scim.{name}": PUBLIC for name in ("ResourceTypes", "Schemas", "ServiceProviderConfig")},
    **{f"scim.{name}": PUBLIC for name in ("resource_type", "schema")},
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every endpoint of the hub with its API."""
    folder: Path = tmp_path_factory.mktemp("routes")
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    (folder / "sso.toml").write_text(
        '[server]\nissuer = "https://id.example.gov"\n[database]\nurl = "sqlite:///hub.db"\n'
        f'[secrets]\nkey_encryption_key = "{key}"\npepper = "{key}"\n'
        '[[directory]]\nid = "civil"\nname = "Civil"\nkind = "scim"\nrealms = ["civil.example"]\n',
        encoding="utf-8",
    )
    hub: Hub = build(load(str(folder / "sso.toml"), {}))
    app = application_of(hub)
    hub.close()
    return {rule.endpoint for rule in app.url_map.iter_rules()}


def test_every_route_names_its_events_or_why_it_has_none(routes: set[str]) -> None:
    unknown = routes - RECORDED.keys() - EXPLAINED.keys()

    assert unknown == set(), "say in this file what these routes record, or why they record nothing"


def test_no_route_is_named_that_is_gone_or_named_twice(routes: set[str]) -> None:
    assert (RECORDED.keys() | EXPLAINED.keys()) - routes == set()
    assert RECORDED.keys() & EXPLAINED.keys() == set()


@pytest.mark.parametrize("route", RECORDED)
def test_what_a_route_records_are_events_that_exist(route: str) -> None:
    assert RECORDED[route]
    assert set(RECORDED[route]) <= CODES
