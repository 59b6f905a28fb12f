"""What may be wrong with an archive."""


class ArchiveUnavailable(Exception):
    """The place cannot be reached, or refuses; the text says why, for the operator."""


class ArchiveBroken(Exception):
    """A file is not there, or is not the one that the log tells of; the text names it."""
