"""Requests to other OpenID providers at which people sign in: within bounds, and the only door to Authlib.

published   what a provider says of itself, and its keys
client      the code flow as a client of it, through Authlib
provider    one provider for every thread of a process: with a deadline, a breaker and a bulkhead
answering   what a browser brought back, checked whole
probe       every step to a sign-in, tried out for the administrator
"""

from sso.outbound.upstream.answering import BroughtBack, answer_of
from sso.outbound.upstream.client import Question, UpstreamRefused
from sso.outbound.upstream.probe import probe, published_checks
from sso.outbound.upstream.provider import UpstreamProvider
from sso.outbound.upstream.published import UpstreamUnavailable

__all__ = [
    "BroughtBack",
    "Question",
    "UpstreamProvider",
    "UpstreamRefused",
    "UpstreamUnavailable",
    "answer_of",
    "probe",
    "published_checks",
]
