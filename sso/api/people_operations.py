"""Whose accounts are whose: a people manager links and separates accounts, with a reason."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sso.api.account_documents import AccountsFound, with_their_persons
from sso.api.audit_documents import PersonDocument
from sso.api.audit_parameters import Identifier, Reason, readable
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.people import PeopleAsked, accounts_asked_for, accounts_of_person, looks
from sso.api.problem import Problem
from sso.audit.event.identity import PeopleLookedUp
from sso.audit.record import JsonValue
from sso.authentication import linking
from sso.authentication.hinted import account_called
from sso.authentication.linking import Decision, LinkRefused
from sso.authentication.stores import Stores
from sso.directory.person import Account

SOURCE = "api"
Named = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        description="An account id, or a name as typed at sign-in: tuya, or bolor@civil.example.",
    ),
    AfterValidator(readable),
]


class LinkAsked(Nothing):
    """Two accounts of one human."""

    model_config = ConfigDict(extra="forbid")

    account: Named
    other: Named
    reason: Reason
    seen: list[Identifier] | None = Field(
        None,
        max_length=100,
        description="Ids of every account of both persons as you read them; with others, nothing is done.",
    )


class UnlinkAsked(Nothing):
    """An account that is somebody else's after all."""

    model_config = ConfigDict(extra="forbid")

    account: Named
    reason: Reason


class PersonAccounts(BaseModel):
    """A person's accounts after the decision."""

    accounts: list[PersonDocument]


def _find(call: Call[PeopleAsked]) -> Answer:
    with call.hub.database.read() as stores:
        matching = accounts_asked_for(call.asked, stores, call.hub.directories)
        found = with_their_persons(matching, stores, call.hub.directories)
    shown = {account.person_id: account.account_id for account in found.accounts}.values()
    call.record(*(_look(call, query, len(shown)) for query in looks(call.asked, call.hub, shown)))
    return Answer(found.model_dump())


def _look(call: Call[PeopleAsked], query: dict[str, JsonValue], results: int) -> PeopleLookedUp:
    return PeopleLookedUp(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        query=query,
        results=results,
        reason=call.asked.reason,
    )


def _link(call: Call[LinkAsked]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        one = _account("account", call.asked.account, call, stores)
        other = _account("other", call.asked.other, call, stores)
        try:
            seen = None if call.asked.seen is None else frozenset(call.asked.seen)
            linking.link(one, other, Decision(SOURCE, call.asked.reason, seen), stores, call.now)
        except LinkRefused as refusal:
            raise _refused(refusal) from refusal
        return _accounts(one.person_id, call, stores)


def _unlink(call: Call[UnlinkAsked]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        account = _account("account", call.asked.account, call, stores)
        try:
            alone = linking.unlink(account, Decision(SOURCE, call.asked.reason), stores, call.now)
        except LinkRefused as refusal:
            raise _refused(refusal) from refusal
        return _accounts(alone, call, stores)


def _refused(refusal: LinkRefused) -> Problem:
    return Problem("link_refused", refusal.obstacle.sentence, cause=refusal.obstacle.value)


def _account(
    parameter: str, named: str, call: Call[LinkAsked] | Call[UnlinkAsked], stores: Stores
) -> Account:
    account = account_called(named, call.hub.directories, stores)
    if account is None:
        raise Problem("not_found", f"the name in {parameter} means no account, or several")
    return account


def _accounts(person_id: str, call: Call[LinkAsked] | Call[UnlinkAsked], stores: Stores) -> Answer:
    found = accounts_of_person(person_id, stores, call.hub.directories)
    return Answer(PersonAccounts(accounts=found).model_dump())


PEOPLE_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="find_accounts",
        method="GET",
        path="/people",
        summary="Find accounts to compare, with those of the same persons; recorded as person.viewed",
        need=Need.PEOPLE,
        asked=PeopleAsked,
        answer=AccountsFound,
        run=_find,
    ),
    Operation(
        name="link_accounts",
        method="POST",
        path="/people/link",
        summary="Give an account to the person of another; its sessions end",
        need=Need.PEOPLE,
        asked=LinkAsked,
        answer=PersonAccounts,
        run=_link,
    ),
    Operation(
        name="unlink_account",
        method="POST",
        path="/people/unlink",
        summary="Give an account to a person of its own; its sessions end",
        need=Need.PEOPLE,
        asked=UnlinkAsked,
        answer=PersonAccounts,
        run=_unlink,
    ),
)
