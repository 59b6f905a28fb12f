"""The one way out: requests to addresses that clients registered or the operator named.

rules       where the hub may call
fetcher     the requests themselves
syslog      messages over TLS to who collects them
documents   what clients publish about themselves: their keys, the addresses of their sector
"""

from sso.outbound.fetcher import Answer, Form, NoAnswer, Outbound, Posting
from sso.outbound.rules import NotAllowed, OutboundRules

__all__ = ["Answer", "Form", "NoAnswer", "NotAllowed", "Outbound", "OutboundRules", "Posting"]
