"""Client-initiated backchannel authentication (OpenID Connect CIBA Core 1.0): poll and ping.

backchannel/asked.py      what the client asks for, from parameters to values that cannot be wrong
backchannel/signed.py     the same in a JWT that the client signed (7.1.1)
backchannel/endpoint.py   whom it is about, and what is remembered
"""

from sso.oidc.backchannel.asked import DELIVERY_MODES
from sso.oidc.backchannel.endpoint import BACKCHANNEL_PATH, authenticate_backchannel

__all__ = ["BACKCHANNEL_PATH", "DELIVERY_MODES", "authenticate_backchannel"]
