"""The tests of mapping and routing catch mistakes: each mutant of the source below fails one of them.

A mutant is one small change of a file; its code takes the place of the real one while the tests of that file
run once more inside this process. A mutant that survives shows a test that is missing; a text that is
no longer in the file, or more than once, shows that the table has to follow the source.
"""

import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

ROUTING = [
    ('name.rpartition("@")', 'name.partition("@")'),
    ("if local_part.strip() else None", "if True else None"),
    (
        "return DirectoryRoute(directory, Name(name if whole",
        "return DirectoryRoute(directory, Name(name if not whole",
    ),
    ("if normalise_realm(domain) == realm", "if realm.endswith(normalise_realm(domain))"),
    ("return owners[0] if len(owners) == 1 else None", "return owners[0] if owners else None"),
    ("if owner != directory.id:", "if owner == directory.id:"),
    ("if owned_by is not by:", "if False:"),
    ("if directory.id in ids:", "if False:"),
    ('return f"{where.login_name}\\0{where.directory.id}"', "return where.login_name"),
    ('.casefold().removesuffix(".")', ".casefold()"),
    ("if len(name) > LOGIN_NAME_MAX_CHARACTERS:", "if False:"),
    ('if not name:\n        msg = "a login name', 'if False:\n        msg = "a login name'),
    ("unicodedata.category(character) in _REFUSED_CATEGORIES", "False"),
    ("for domain in directory.upn_suffixes)", "for domain in directory.realms)"),
    ("(domain, SearchBy.MAIL)", "(domain, SearchBy.LOGIN)"),
]
CLAIM_RULES = [
    ("next((value for value in values.values() if value), None)", "next(iter(values.values()), None)"),
    ("(value for value in values.values() if value) or None", "(str(value) for value in values.values())"),
    ("if not all(values.values()):", "if not any(values.values()):"),
    ("re.fullmatch(expression, text)", "re.search(expression, text)"),
    ("return found[1] if found.re.groups else found[0]", "return found[0]"),
    ("if taken is not None and self.lower:", "if taken is not None:"),
    ("return self.table.get(taken, self.otherwise)", "return self.table.get(taken, taken)"),
    ("if len(text) > TEXT_MAX_CHARACTERS:", "if False:"),
    ("if groups > 1:", "if False:"),
    ('if re.search(r"\\)[*+{?]", outside)', "if False"),
    ("> REPEATS_MAX", "> 99"),
    ('!= 1:\n            msg = "a claim is made', '== 0:\n            msg = "a claim is made'),
]
MAPPING = [
    ('raw.decode("utf-8")', 'raw.decode("latin-1")'),
    ("if not _is_removed(character)", "if True"),
    ("may_shorten=claim not in _NEVER_SHORTENED", "may_shorten=True"),
    ("if len(text) <= CLAIM_MAX_CHARACTERS:", "if True:"),
    (
        "groups.released(entry.groups, settings.groups.roles)",
        "groups.released(entry.groups, settings.groups.released)",
    ),
    ("entry.groups is not None:", "True:"),
    ("if value:\n", "if True:\n"),
]
GROUPS = [
    ("{group.name.casefold() for group in groups}", "{group.name for group in groups}"),
    ('if any("=" in key for key in table) else', "if False else"),
    (
        "return sorted({value for key, value in table.items() if _is_in(key, names, dns)})",
        "return sorted(table.values())",
    ),
    ('comparable(key) in dns if "=" in key', "comparable(key) in dns if False"),
]
MUTANTS = [
    (module, test, before, after)
    for module, test, table in (
        ("routing", "test_routing", ROUTING),
        ("claim_rules", "test_claim_rules", CLAIM_RULES),
        ("mapping", "test_mapping", MAPPING),
        ("groups", "test_groups", GROUPS),
    )
    for before, after in table
]


def functions_of(module: ModuleType, file: str) -> Iterator[tuple[str, FunctionType]]:
    """Every function that is written in a file, by its qualified name."""
    for value in vars(module).values():
        members = vars(value).values() if isinstance(value, type) else (value,)
        for member in members:
            found = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if isinstance(found, FunctionType) and found.__code__.co_filename == file:
                yield found.__qualname__, found


def codes_in(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Every code object inside another, by its qualified name."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant.co_qualname, constant
            yield from codes_in(constant)


@contextmanager
def mutated(module: ModuleType, before: str, after: str) -> Iterator[None]:
    """Let a module's functions run as if one text of its file were another."""
    file = str(module.__file__)
    source = Path(file).read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{before!r} is {source.count(before)} times in {file}"
    codes = dict(codes_in(compile(source.replace(before, after), file, "exec")))
    known = dict(functions_of(module, file))
    real = {name: function.__code__ for name, function in known.items()}
    changed = [name for name, code in real.items() if codes[name] != code]
    assert changed, f"no function changes with {before!r}"
    try:
        for name in changed:
            known[name].__code__ = codes[name]
        yield
    finally:
        for name, code in real.items():
            known[name].__code__ = code


def calls_of(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The arguments of each case of a parametrized test; nothing for one that needs a fixture."""
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            names, values = mark.args[0], mark.args[1]
            listed = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
            rows = [value.values if isinstance(value, type(pytest.param())) else value for value in values]
            told = [dict(zip(listed, row if len(listed) > 1 else (row,), strict=True)) for row in rows]
            cases = [{**case, **more} for case in cases for more in told]
    wanted = set(inspect.signature(test).parameters)
    return (case for case in cases if set(case) == wanted)


def is_caught(tests: ModuleType) -> bool:
    """Whether a test of a module fails now; those that try many values at random are left out."""
    for name, test in vars(tests).items():
        if name.startswith("test_") and not hasattr(test, "hypothesis"):
            for arguments in calls_of(test):
                try:
                    test(**arguments)
                except (Exception, pytest.fail.Exception):
                    return True
    return False


@pytest.mark.parametrize("test", sorted({test for _, test, _, _ in MUTANTS}))
def test_the_source_as_it_is_fails_none_of_them(test: str) -> None:
    assert not is_caught(importlib.import_module(f"tests.directory.{test}"))


@pytest.mark.parametrize(("name", "test", "before", "after"), MUTANTS)
def test_a_mistake_in_mapping_or_routing_is_caught(name: str, test: str, before: str, after: str) -> None:
    module = importlib.import_module(f"sso.directory.{name}")
    tests = importlib.import_module(f"tests.directory.{test}")

    with mutated(module, before, after):
        assert is_caught(tests)
