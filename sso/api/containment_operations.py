"""Signing somebody out and disabling an account, at once: also while the audit log cannot be written.

What is recorded then waits in the spool. An officer is signed out like anybody, but disabled on the command
line only: nobody rids themselves of the auditor over the API.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sso.api.audit_parameters import Reason
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.people_operations import SOURCE, Named
from sso.api.problem import Problem
from sso.authentication import people, sessions
from sso.authentication.hinted import account_called
from sso.authentication.stores import Stores
from sso.directory.person import Account
from sso.oidc.session import SessionEnd
from sso.storage.stores import SqlStores


class SignOutAsked(Nothing):
    """Whom to sign out everywhere."""

    model_config = ConfigDict(extra="forbid")

    account: Named
    reason: Reason


class DisableAsked(Nothing):
    """An account that nobody may use any more."""

    model_config = ConfigDict(extra="forbid")

    account: Named
    reason: Reason
    every_account: bool = Field(False, description="The person: every account that they have.")


class SessionsEnded(BaseModel):
    """How many sessions ended now."""

    sessions: int


class Disabled(BaseModel):
    """Whether that was so before."""

    already: bool


def _sign_out(call: Call[SignOutAsked]) -> Answer:
    def end(stores: SqlStores) -> int:
        person_id = _account(call, stores).person_id
        return sum(
            sessions.end(session, SessionEnd.OFFICER, stores, call.now, call.asked.reason)
            for account in stores.people.accounts_of(person_id)
            for session in stores.sessions.of_account(account.id)
        )

    ended = call.hub.database.contain(call.origin, end)
    return Answer(SessionsEnded(sessions=ended).model_dump())


def _disable(call: Call[DisableAsked]) -> Answer:
    def end(stores: SqlStores) -> bool:
        account = _account(call, stores)
        person = stores.people.person(account.person_id)
        if person is not None and person.roles:
            raise Problem("protected_person", "an officer is disabled on the command line only")
        if call.asked.every_account:
            return people.disable_person(account.person_id, SOURCE, call.asked.reason, stores, call.now)
        return people.disable(account, SOURCE, call.asked.reason, stores, call.now)

    changed = call.hub.database.contain(call.origin, end)
    return Answer(Disabled(already=not changed).model_dump())


def _account(call: Call[SignOutAsked] | Call[DisableAsked], stores: Stores) -> Account:
    account = account_called(call.asked.account, call.hub.directories, stores)
    if account is None:
        raise Problem("not_found", "the name means no account, or several")
    return account


CONTAINMENT_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="sign_person_out",
        method="POST",
        path="/people/sign-out",
        summary="End every session of a person, also while the audit log cannot be written",
        need=Need.PEOPLE,
        asked=SignOutAsked,
        answer=SessionsEnded,
        run=_sign_out,
    ),
    Operation(
        name="disable_account",
        method="POST",
        path="/people/disable",
        summary="Disable an account and end its sessions, also while the audit log cannot be written",
        need=Need.PEOPLE,
        asked=DisableAsked,
        answer=Disabled,
        run=_disable,
    ),
)
