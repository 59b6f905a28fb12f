"""The shape of the tree: sizes, names, documentation, where the clock is read, what a lock file may say."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sso", "admin")
FILE_LINES = 300
FUNCTION_LINES = 40
FORBIDDEN_WORDS = {
    "base", "common", "core", "handler", "handlers", "helper", "helpers", "manager", "managers", "misc",
    "model", "models", "service", "services", "util", "utils",
}  # fmt: skip
CLOCKLESS = ("sso/oidc", "sso/audit", "sso/authentication", "sso/directory", "sso/storage")
LOCK_FILES = (
    "requirements/runtime.txt",
    "requirements/dev.txt",
    "requirements/node.txt",
    "frontend/package-lock.json",
    "tests/node/package-lock.json",
)

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    alone = ROOT / "sso/audit/verifier/verify.py"  # a program to give away: it has 300 lines, and no imports
    return [path for path in found if "migrations" not in path.parts and path != alone]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def report(rule: str, found: list[str]) -> None:
    assert not found, f"{rule}\n  " + "\n  ".join(found)


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The function's lines without its docstring and without the functions inside it, which count apart."""
    lines = set(range(function.lineno, (function.end_lineno or function.lineno) + 1))
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    for inner in ast.walk(function):
        if inner is not function and isinstance(inner, type_of_function):
            first = min([inner.lineno, *(decorator.lineno for decorator in inner.decorator_list)])
            lines -= set(range(first, (inner.end_lineno or inner.lineno) + 1))
    return len(lines)


def undocumented(path: Path) -> Iterator[str]:
    """What anyone may import or call from this module and that does not say what it is."""

    def inside(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
        for child in node.body:
            if not isinstance(child, (ast.ClassDef, *type_of_function)) or child.name.startswith("_"):
                continue
            if ast.get_docstring(child) is None and not is_variant(child):
                yield f"{place(path, child.lineno)} {prefix}{child.name}"
            if isinstance(child, ast.ClassDef):
                yield from inside(child, f"{prefix}{child.name}.")

    tree = parsed(path)
    if ast.get_docstring(tree) is None:
        yield f"{place(path)} the module"
    yield from inside(tree, "")


def is_variant(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """An @overload or a setter is documented by what it varies, a Protocol's bare attribute by its type."""
    decorators = {ast.unparse(decorator).rsplit(".", 1)[-1] for decorator in node.decorator_list}
    bare = len(node.body) == 1 and ast.unparse(node.body[0]) == "..."
    return bool(decorators & {"overload", "setter", "override"}) or (bare and "property" in decorators)


def reads_clock(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and bool(
        re.fullmatch(
            r"((datetime\.)?datetime\.(now|utcnow|today)|(datetime\.)?date\.today|time\.time(_ns)?)",
            ast.unparse(call.func),
        )
    )


def test_a_file_has_at_most_300_lines() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*PACKAGES)}

    report(
        f"Split these by noun or by step (at most {FILE_LINES} lines a file):",
        [f"{place(path)} {size} lines" for path, size in sizes.items() if size > FILE_LINES],
    )


def test_a_function_has_at_most_40_lines() -> None:
    found = [
        f"{place(path, node.lineno)} {node.name}: {own_lines(node)} lines"
        for path in modules(*PACKAGES)
        for node in ast.walk(parsed(path))
        if isinstance(node, type_of_function) and own_lines(node) > FUNCTION_LINES
    ]

    report(f"Split these by step (at most {FUNCTION_LINES} lines a function, docstring not counted):", found)


def test_a_module_is_named_for_what_it_holds() -> None:
    paths = [path.relative_to(ROOT) for path in modules(*PACKAGES)]

    report(
        "These names say nothing; name the noun or the step instead:",
        [str(path) for path in paths if FORBIDDEN_WORDS & set(re.split(r"[_/]", str(path.with_suffix(""))))],
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_says_what_it_is(package: str) -> None:
    found = [gap for path in modules(package) for gap in undocumented(path)]

    report("These are public and have no docstring:", found)


def test_the_clock_is_read_only_at_the_edge() -> None:
    found = [
        place(path, getattr(node, "lineno", 1))
        for path in modules(*CLOCKLESS)
        for node in ast.walk(parsed(path))
        if reads_clock(node)
    ]

    report("Take `now` as an argument; the clock is read in web, api, worker, cli and admin:", found)


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_a_lock_file_names_digests_and_no_registry(lock_file: str) -> None:
    text = (ROOT / lock_file).read_text(encoding="utf-8")

    addresses = [
        line.strip() for line in text.splitlines() if re.search(r"https?://|index-url|resolved", line)
    ]

    report("scripts/lock makes it without addresses:", [line for line in addresses if '"url": ' not in line])
    assert "sha256:" in text or '"integrity": "sha512-' in text


def test_no_private_key_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    private = re.compile(
        rb'-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}|"d"\s*:\s*"[A-Za-z0-9_-]{20}'
    )

    found = [
        name
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file() and private.search((ROOT / name).read_bytes())
    ]

    report("Tests make their keys:", found)
