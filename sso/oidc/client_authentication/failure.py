"""The one way in which a proof of a client fails."""


class NotProven(Exception):
    """The credentials do not prove the client; the text is private."""
