"""The stores of one transaction as sign-in needs them: the protocol's and the people's."""

from typing import Protocol

from sso.directory.conflict import Conflicts
from sso.directory.provisioned import Provisioned
from sso.directory.stores import Credentials, People, Throttles
from sso.directory.sync.stores import Departed
from sso.oidc import stores as oidc_stores


class Stores(oidc_stores.Stores, Protocol):
    """Everything the protocol remembers, and people, passwords and throttles."""

    @property
    def people(self) -> People: ...  # noqa: D102 - the noun says it
    @property
    def credentials(self) -> Credentials: ...  # noqa: D102
    @property
    def register(self) -> Departed: ...  # noqa: D102
    @property
    def provisioned(self) -> Provisioned: ...  # noqa: D102
    @property
    def throttles(self) -> Throttles: ...  # noqa: D102
    @property
    def conflicts(self) -> Conflicts: ...  # noqa: D102
