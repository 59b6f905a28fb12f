"""What may go wrong with a geography."""


class GeographyUnavailable(Exception):
    """Its file cannot be read, or is none; the text says why."""
