"""A `[[directory]]` as text, and how it comes into the configuration: whole and checked, or not at all."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sso.audit.record import JsonValue
from sso.config import load


def block(values: Mapping[str, JsonValue]) -> str:
    """Return a table of TOML; what is None or empty is left out. JSON's strings are strings of TOML."""
    lines = ["[[directory]]"]
    tables = []
    for name, value in values.items():
        if isinstance(value, dict):
            tables.append((name, value))
        elif value not in (None, "", [], False):
            lines.append(f"{name} = {_toml(value)}")
    for name, table in tables:
        if any(table.values()):
            lines += ["", f"[directory.{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in table.items() if value]
    return "\n".join([*lines, ""])


def save(file: Path, text: str, secret: tuple[str, bytes] | None) -> None:
    """Append a block to the configuration, and write the file of its password beside it.

    The new file is tried together with the environment, as the hub will read it: what only the environment
    says, such as the hub's own secrets, stays there.

    Raises:
        ConfigurationError: the configuration would not be valid; nothing has changed.
        OSError: a file cannot be written, or that of the password is there already.
    """
    file = file.resolve()
    created = None
    new = file.with_name(f".{file.name}.new")
    try:
        if secret is not None:
            created = _secret_file(file.with_name(secret[0]), secret[1])
        whole = f"{file.read_text(encoding='utf-8').rstrip()}\n\n{text}"
        _like(new, file)
        new.write_text(whole, encoding="utf-8")
        load(str(new))
        os.replace(new, file)
    except BaseException:
        new.unlink(missing_ok=True)
        if created is not None:
            created.unlink(missing_ok=True)
        raise


def _secret_file(file: Path, secret: bytes) -> Path:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secret + b"\n")
    return file


def _like(new: Path, file: Path) -> None:
    """Make an empty file that belongs to whom the other belongs, and that the same may read."""
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    shutil.copymode(file, new)
    if os.geteuid() == 0:
        owner = file.stat()
        os.chown(new, owner.st_uid, owner.st_gid)


def _toml(value: JsonValue) -> str:
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items())
            + " }"
        )
    return json.dumps(value, ensure_ascii=False)
