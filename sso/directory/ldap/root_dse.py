"""What a server says of itself to everybody: the root DSE (RFC 4512 section 5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.messages import Question
from sso.directory.ldap.session import Session
from sso.directory.ppolicy import PASSWORD_POLICY_OID
from sso.directory.presets import Vendor, recognise
from sso.directory.states import SUCCESS

MODIFY_PASSWORD = "1.3.6.1.4.1.4203.1.11.1"  # RFC 3062
PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
_ATTRIBUTES = (
    "objectClass",
    "vendorName",
    "vendorVersion",
    "ipaTopologyPluginVersion",
    "supportedCapabilities",
    "supportedControl",
    "supportedExtension",
    "supportedSASLMechanisms",
    "namingContexts",
    "dsServiceName",
    "defaultNamingContext",
)


@dataclass(frozen=True, slots=True)
class RootDse:
    """The attributes as they came, names in lower case."""

    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)

    @property
    def vendor(self) -> Vendor | None:
        """Whose server it is; None when it does not show."""
        return recognise(self.attributes)

    @property
    def base_dns(self) -> tuple[str, ...]:
        """The suffixes that it holds, the usual one first."""
        usual = self._texts("defaultnamingcontext")
        return tuple(dict.fromkeys((*usual, *self._texts("namingcontexts"))))

    def suffix_of(self, base_dn: str) -> str:
        """The suffix that holds a base; the base itself when the server shows none."""
        folded = base_dn.replace(", ", ",").lower()
        holding = (dn for dn in self.base_dns if dn and f",{folded}".endswith(f",{dn.lower()}"))
        return min(holding, key=len, default=base_dn)

    def has_control(self, oid: str) -> bool:
        """Whether it knows a control."""
        return oid in self._texts("supportedcontrol")

    def has_extension(self, oid: str) -> bool:
        """Whether it knows an extended operation."""
        return oid in self._texts("supportedextension")

    def has_mechanism(self, name: str) -> bool:
        """Whether it offers a SASL mechanism on this connection."""
        return name in self._texts("supportedsaslmechanisms")

    @property
    def tells_states(self) -> bool:
        """Whether it tells the state of an account with the bind."""
        return self.has_control(PASSWORD_POLICY_OID)

    def _texts(self, attribute: str) -> tuple[str, ...]:
        return tuple(value.decode("utf-8", "replace") for value in self.attributes.get(attribute, ()))


def root_dse_of(session: Session, deadline: Deadline) -> RootDse:
    """Read it; empty when the server shows none. Raises Unreachable."""
    question = Question(base_dn="", condition=None, attributes=_ATTRIBUTES, base_only=True)
    answer = session.search(question, deadline)
    if answer.result != SUCCESS or not answer.entries:
        return RootDse({})
    return RootDse(answer.entries[0].attributes)
