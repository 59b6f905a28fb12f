"""A child of `bench.directory_sync`: read every entry with ldap3 as it is, and keep nothing.

It imports nothing of the hub, so that its memory is ldap3's own. Argument: a JSON file that says where.
"""

import json
import ssl
import sys
import time
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3

# What the hub asks of a person in OpenLDAP: the preset's mapping, the id, and the state of the account.
ATTRIBUTES = (
    *("uid", "entryUUID", "cn", "givenName", "sn", "mail", "telephoneNumber", "departmentNumber", "title"),
    *("pwdAccountLockedTime", "pwdEndTime"),
)


def main() -> None:
    """Print how many people were read in how many seconds.

    Raises:
        RuntimeError: the bind was refused, or the reading did not come to its end.
    """
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=told["ca_file"])
    server = ldap3.Server("localhost", port=told["port"], use_ssl=True, tls=tls, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, told["bind_dn"], told["bind_password"], check_names=False, auto_referrals=False
    )
    began, seen = time.monotonic(), 0
    if not connection.bind(read_server_info=False):
        raise RuntimeError(str(connection.result))
    entries = connection.extend.standard.paged_search(
        told["base_dn"],
        "(objectClass=inetOrgPerson)",
        attributes=list(ATTRIBUTES),
        paged_size=told["page"],
        generator=True,
    )
    for entry in entries:
        seen += entry["type"] == "searchResEntry"
    if connection.result["result"] != 0:
        raise RuntimeError(str(connection.result))
    print(json.dumps({"seen": seen, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
