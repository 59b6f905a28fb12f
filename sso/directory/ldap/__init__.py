"""The only door to ldap3: signing a clerk in at a real LDAP server (RFC 4511), within a deadline.

ldap3's defaults verify no certificate, follow referrals with our password, rewrite passwords and know no
total deadline. Nothing outside this package touches ldap3, and inside it every default is set by hand:

    library     imports ldap3 and nothing else does
    deadline    a moment after which every read and write fails
    transport   name resolution, sockets with a deadline, StrictTls
    session     one connection: open, bind, search
    server      one server: two pools of sessions and a breaker
    departures  who may still use an account, by immutable id
    client      `LdapDirectory`: order of servers, bulkhead, equal answers, account states
    probe       the steps of `sso directory test` and `sso directory add`
"""

from sso.directory.ldap.client import LdapDirectory
from sso.directory.ldap.discovery import Discovery, discover

__all__ = ["Discovery", "LdapDirectory", "discover"]
