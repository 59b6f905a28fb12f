"""Read a TOML file and the environment into one tree, remembering on which line each key stands."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sso.audit.record import JsonValue

PREFIX = "SSO__"
_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-]+)\s*=")
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)")

Path_ = tuple[str | int, ...]
Tree = dict[str, JsonValue]


class ConfigurationError(Exception):
    """The configuration cannot be used; the text names file, line, key and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The merged tree, and where each of its keys came from."""

    tree: Tree = field(repr=False)
    file: Path
    lines: Mapping[Path_, int]
    variables: Mapping[Path_, str]

    def place(self, path: Path_) -> str:
        """Return `FILE:LINE` or the variable's name for a key, of the nearest table above it, or below."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.variables:
                return f"environment variable {self.variables[path[:length]]}"
            if path[:length] in self.lines:
                return f"{self.file}:{self.lines[path[:length]]}"
        below = next((name for key, name in self.variables.items() if key[: len(path)] == path), None)
        return f"environment variable {below}" if below else str(self.file)


def read(file: Path, environment: Mapping[str, str]) -> Source:
    """Return the file's tree with the environment laid over it.

    Raises:
        ConfigurationError: the file is missing, unreadable or not TOML, or a secret's file is.
    """
    text = _text(file)
    tree = _parsed(text, file)
    variables: dict[Path_, str] = {}
    for name in sorted(environment):
        if name.startswith(PREFIX):
            path, value = _override(name, environment[name])
            if path in variables:
                raise ConfigurationError(
                    f"environment variables {variables[path]} and {name}: set one of them"
                )
            _lay_over(tree, path, value, variables)
            variables[path] = name
    return Source(tree, file, _lines_of(text), variables)


def _parsed(text: str, file: Path) -> Tree:
    try:
        tree: Tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a plain ValueError
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        place = _TOML_PLACE.search(reason)
        line = f":{place[1]}" if place else ""
        raise ConfigurationError(f"{file}{line}: not valid TOML: {_TOML_PLACE.sub('', reason)}") from error
    return tree


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{file}: no such file; make one with `sso init`, or name it with --config or SSO_CONFIG"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: cannot be read: it is not UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error


def _override(name: str, value: str) -> tuple[Path_, JsonValue]:
    """Read `SSO__SECTION__KEY`, or `SSO__SECTION__KEY__FILE` whose value names a file holding the value.

    A table in a section has its own name in between: `SSO__KEYS__PKCS11__PIN`.
    """
    parts = [part.lower() for part in name.removeprefix(PREFIX).split("__")]
    if len(parts) > 2 and parts[-1] == "file":
        try:
            value = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigurationError(f"environment variable {name}: cannot read {value}: {reason}") from error
        parts = parts[:-1]
    if len(parts) not in (2, 3) or not all(parts):
        raise ConfigurationError(f"environment variable {name}: use SSO__SECTION__KEY")
    return tuple(parts), _typed(value)


def _typed(value: str) -> JsonValue:
    """Read a variable as TOML where it is an array or a table, otherwise as text.

    Numbers and truth values stay text: the schema reads them where it wants one, and a name or a secret
    made of digits stays what it is.
    """
    if re.fullmatch(r"\[.*\]|\{.*\}", value, flags=re.DOTALL):
        try:
            typed: JsonValue = tomllib.loads(f"value = {value}")["value"]
        except (ValueError, RecursionError):
            return value
        return typed
    return value


def _lay_over(tree: Tree, path: Path_, value: JsonValue, earlier: Mapping[Path_, str]) -> None:
    *sections, key = (str(part) for part in path)
    table: object = tree
    for section in sections:
        table = table.setdefault(section, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        name = PREFIX + "__".join((*sections, key)).upper()
        advice = "use SSO__SECTION__KEY" if len(sections) > 1 else f"{sections[0]} is set in the file only"
        raise ConfigurationError(f"environment variable {name}: {advice}")
    for other in (f"{key}_file", key.removesuffix("_file")):
        if other != key and (*sections, other) not in earlier:
            table.pop(other, None)  # the environment's source of a secret replaces the file's
    table[key] = value


def _lines_of(text: str) -> dict[Path_, int]:
    """Return the line of each `[table]` and `key =`; enough to point an operator at it."""
    lines: dict[Path_, int] = {}
    counts: dict[str, int] = {}
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2]
            table = tuple(name.split("."))
            if header[1] == "[[":
                table = (*table, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            elif table[0] in counts and len(table) > 1:
                table = (table[0], counts[str(table[0])] - 1, *table[1:])
            lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault((*table, *key[1].split(".")), number)
    return lines
