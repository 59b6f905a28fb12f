"""The one way out: requests to addresses that clients registered.

rules       where the hub may call
fetcher     the requests themselves
documents   what clients publish about themselves: their keys, the addresses of their sector
"""

from sso.outbound.fetcher import Form, NoAnswer, Outbound
from sso.outbound.rules import NotAllowed, OutboundRules

__all__ = ["Form", "NoAnswer", "NotAllowed", "Outbound", "OutboundRules"]
