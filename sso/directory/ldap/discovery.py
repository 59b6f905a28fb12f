"""The way to a server of which nothing is known yet, and what it says of itself to everybody."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sso.directory.address import ServerAddress
from sso.directory.check import Check
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.probe import reach, silence
from sso.directory.ldap.root_dse import RootDse, root_dse_of
from sso.directory.ldap.session import Session
from sso.directory.ldap.transport import Unreachable, trusting


@dataclass(frozen=True, slots=True)
class Discovery:
    """The steps that were taken, and the root DSE; None when the server was not reached."""

    checks: tuple[Check, ...]
    root: RootDse | None


def discover(
    address: ServerAddress, ca_file: Path | None, seconds: float, now: datetime, *, encrypted: bool = True
) -> Discovery:
    """Go there without an account. `seconds` bounds each step; `encrypted` is false for a loopback test."""

    def open_session(deadline: Deadline) -> Session:
        return Session.open(address, trusting(ca_file) if encrypted else None, deadline)

    checks, session = reach(address, open_session, seconds, now)
    if session is None:
        return Discovery(tuple(checks), None)
    try:
        return Discovery(tuple(checks), root_dse_of(session, Deadline.after(seconds)))
    except (Unreachable, DeadlineExceeded):
        return Discovery((*checks, silence(address)), None)
    finally:
        session.close()
