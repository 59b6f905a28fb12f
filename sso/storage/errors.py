"""What may go wrong beneath the stores."""


class StorageUnavailable(Exception):
    """The database could not do what was asked; nothing of the transaction was kept.

    Busy, unreachable, full, or without one of its tables: the answer is 503 and nothing is released.
    The driver's own error is the cause (`__cause__`) and goes to the log, never into an answer.
    """


class RowsRefused(StorageUnavailable):
    """The database is there, and refused what was to be added; other rows may have more luck."""


class SealBroken(Exception):
    """A sealed value does not open: another key sealed it, or it was tampered with."""
