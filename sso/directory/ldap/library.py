"""ldap3 2.9.1 as the rest of this package sees it.

Its import reads names that pyasn1 0.6 deprecates; the warning is kept from the processes of others.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import (
        BASE,
        DEREF_NEVER,
        EXTERNAL,
        MODIFY_ADD,
        MODIFY_DELETE,
        NONE,
        SASL,
        SIMPLE,
        SUBTREE,
        SYNC,
        Connection,
        Server,
        Tls,
    )
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.protocol.rfc3062 import PasswdModifyRequestValue
    from pyasn1.error import PyAsn1Error

__all__ = [
    "BASE",
    "DEREF_NEVER",
    "EXTERNAL",
    "FAULTS",
    "MODIFY_ADD",
    "MODIFY_DELETE",
    "NONE",
    "SASL",
    "SIMPLE",
    "SUBTREE",
    "SYNC",
    "Connection",
    "PasswdModifyRequestValue",
    "Server",
    "Tls",
]

# What ldap3 raises for a broken connection and, undocumented, for bytes that are no LDAP message.
FAULTS = (
    LDAPExceptionError,
    PyAsn1Error,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
