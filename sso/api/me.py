"""GET /me: who the caller is, and which roles they hold."""

from pydantic import BaseModel

from sso.api.operation import Answer, Call, Nothing, Operation


class Me(BaseModel):
    """The person behind the access token."""

    account_id: str
    name: str
    roles: list[str]
    client_id: str
    scope: str


def _me(call: Call[Nothing]) -> Answer:
    officer = call.officer
    document = Me(
        account_id=officer.account_id,
        name=officer.person.name,
        roles=sorted(officer.person.roles),
        client_id=officer.client_id,
        scope=" ".join(sorted(officer.scope)),
    )
    return Answer(document.model_dump())


ME = Operation(
    name="me",
    method="GET",
    path="/me",
    summary="Who the caller is and which roles they hold now",
    need=None,
    asked=Nothing,
    answer=Me,
    run=_me,
)
