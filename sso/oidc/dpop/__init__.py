"""Proof of possession by a signed JWT for each call (RFC 9449)."""

from sso.oidc.dpop.nonce import new_nonce
from sso.oidc.dpop.proof import DPOP_ALGORITHMS, Expected, ProofRefused, thumbprint_of_proof

__all__ = ["DPOP_ALGORITHMS", "Expected", "ProofRefused", "new_nonce", "thumbprint_of_proof"]
