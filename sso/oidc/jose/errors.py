"""What can be wrong with a token or with a key set."""


class TokenInvalid(Exception):
    """A JWT does not verify; the text is private."""


class KeySetInvalid(ValueError):
    """A JWK set cannot be used: the text says why and may be shown to the client's developer."""
