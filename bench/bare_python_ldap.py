"""A child of `bench.directories`: search and bind with Debian's python-ldap as it is, by Debian's Python.

It imports nothing of the hub. Argument: a JSON file that says where, who, and for how long.
"""

import json
import sys
import time
from pathlib import Path

import ldap  # type: ignore[import-not-found]  # Debian's package, of Debian's interpreter


def main() -> None:
    """Print how many sign-ins were done in how many seconds."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    ldap.set_option(ldap.OPT_X_TLS_CACERTFILE, told["ca_file"])
    searching, binding = ldap.initialize(told["url"]), ldap.initialize(told["url"])
    searching.simple_bind_s(told["bind_dn"], told["bind_password"])

    def sign_in() -> None:
        searching.search_s(told["base_dn"], ldap.SCOPE_SUBTREE, told["filter"], told["attributes"])
        binding.simple_bind_s(told["dn"], told["password"])

    sign_in()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < told["seconds"]:
        sign_in()
        done += 1
    print(json.dumps({"done": done, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
