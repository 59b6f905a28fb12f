"""Who gives the command: the name that every event of the command line carries as its actor."""

import os
import pwd

from sso.audit.record import Origin

SOURCE = "command"
"""The `source` of events: through which door an officer's act came."""


def operator_origin() -> Origin:
    """Return the origin of what this command does.

    The name is the real user's in the system's own list; LOGNAME and SUDO_USER are anybody's to set.
    """
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)  # a container's user may have no name
    return Origin(actor=f"{SOURCE}:{name}")
