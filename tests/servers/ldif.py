"""LDIF (RFC 2849) for tests. Every value is in base64, so none can break out of its line."""

import base64

Change = tuple[str, str, str | bytes]
"""What to do ("add", "replace", "delete"; "" in a new entry), the attribute, the value ("" means none)."""


def record(dn: str, changetype: str, *changes: Change) -> str:
    """One record. The first line of each change of a modification names the attribute."""
    lines = [f"dn:: {_base64(dn)}", f"changetype: {changetype}"]
    for kind, attribute, value in changes:
        if changetype == "modify":
            lines.append(f"{kind}: {attribute}")
        if value != "":
            lines.append(f"{attribute}:: {_base64(value)}")
        if changetype == "modify":
            lines.append("-")
    return "\n".join([*lines, ""])


def renamed(dn: str, new_rdn: str, new_superior: str | None = None) -> str:
    """A record that renames an entry, moves it, or both; the old name is not kept."""
    lines = [f"dn:: {_base64(dn)}", "changetype: modrdn", f"newrdn:: {_base64(new_rdn)}", "deleteoldrdn: 1"]
    if new_superior is not None:
        lines.append(f"newsuperior:: {_base64(new_superior)}")
    return "\n".join([*lines, ""])


def _base64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
