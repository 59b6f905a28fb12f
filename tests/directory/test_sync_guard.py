"""The shrink guard: what a table of examples says, and that no small change of its rule goes unnoticed."""

import ast
import inspect
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.sync import guard
from sso.directory.sync.guard import Shrink, allowance, may_shrink
from sso.directory.sync_rules import SyncRules

USUAL = SyncRules()
Case = tuple[int, int, int, float, int, bool]

# present, leaving, left within the last day, shrink_percent, shrink_people: may they go?
TABLE: tuple[Case, ...] = (
    (100_000, 0, 0, 2.0, 50, True),
    (100_000, 50, 0, 2.0, 50, True),
    (100_000, 51, 0, 2.0, 50, False),
    (100_000, 1, 50, 2.0, 50, False),
    (100_000, 1, 49, 2.0, 50, True),
    (100_000, 97_500, 0, 2.0, 50, False),
    (1_000, 20, 0, 2.0, 50, True),
    (1_000, 21, 0, 2.0, 50, False),
    (1_001, 21, 0, 2.0, 50, True),
    (980, 1, 20, 2.0, 50, False),
    (981, 1, 19, 2.0, 50, True),
    (10, 1, 0, 2.0, 50, True),
    (10, 2, 0, 2.0, 50, False),
    (9, 1, 1, 2.0, 50, False),
    (100, 100, 0, 100.0, 1_000, False),
    (100, 99, 0, 100.0, 1_000, True),
    (1, 1, 0, 100.0, 1_000, False),
    (0, 1, 0, 100.0, 1_000, False),
    (0, 0, 0, 2.0, 50, True),
    (940, 5, 15, 2.0, 50, True),
    (940, 6, 15, 2.0, 50, False),
    (100, 0, 60, 2.0, 50, True),
    (100, 1, 0, 0.0, 50, False),
    (100, 1, 0, 2.0, 0, False),
    (500, 11, 0, 2.2, 50, True),
    (500, 12, 0, 2.2, 50, False),
    (1_000, 30, 0, 3.0, 1_000, True),
)


def failing(decide: Callable[[Shrink, SyncRules], bool]) -> list[Case]:
    """The rows of the table that a rule does not meet."""
    wrong = []
    for case in TABLE:
        present, leaving, lately, percent, people, allowed = case
        rules = SyncRules(shrink_percent=percent, shrink_people=people)
        if decide(Shrink(present=present, leaving=leaving, left_lately=lately), rules) is not allowed:
            wrong.append(case)
    return wrong


def test_the_table_holds() -> None:
    assert failing(may_shrink) == []


COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.LtE: (ast.Lt, ast.GtE, ast.Eq),
    ast.GtE: (ast.Gt, ast.LtE, ast.Eq),
}
ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult,),
}


def mutants() -> Iterator[tuple[str, ast.Module]]:
    """The guard's module with one operator, number, name or verdict changed."""
    source = inspect.getsource(guard)
    whole = ast.parse(source)
    inside = {
        id(node)
        for function in whole.body
        if isinstance(function, ast.FunctionDef)
        for statement in function.body
        for node in ast.walk(statement)
    }
    for place, node in enumerate(ast.walk(whole)):
        for name, change in changes(node) if id(node) in inside else ():
            tree = ast.parse(source)
            twin = list(ast.walk(tree))[place]
            change(twin)
            yield f"line {getattr(node, 'lineno', 0)}: {name}", ast.fix_missing_locations(tree)


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.Compare):
        for kind in COMPARISONS.get(type(node.ops[0]), ()):
            was = type(node.ops[0]).__name__
            yield f"{was} becomes {kind.__name__}", lambda twin, kind=kind: setattr(twin, "ops", [kind()])
    if isinstance(node, ast.BinOp):
        for operator in ARITHMETIC.get(type(node.op), ()):
            yield f"becomes {operator.__name__}", lambda twin, kind=operator: setattr(twin, "op", kind())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not not", lambda twin: setattr(twin, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "verdict", lambda twin: setattr(twin, "value", not twin.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        for by in (-1, 1):
            yield f"{node.value} {by:+}", lambda twin, by=by: setattr(twin, "value", twin.value + by)
    if isinstance(node, ast.Name) and node.id == "min":
        yield "max", lambda twin: setattr(twin, "id", "max")
    if isinstance(node, ast.Name) and node.id == "ROUND_CEILING" and isinstance(node.ctx, ast.Load):
        yield "floor", lambda twin: setattr(twin, "id", "ROUND_FLOOR")


# The same rule in other words: more than are present cannot be within any share of them.
EQUIVALENT = {"GtE becomes Eq"}


def survivors() -> list[str]:
    alive = []
    for name, tree in mutants():
        space: dict[str, object] = {"__name__": guard.__name__}
        exec("from decimal import ROUND_FLOOR", space)
        exec(compile(tree, name, "exec"), space)
        decide = space["may_shrink"]
        shrink = space["Shrink"]

        def judged(told: Shrink, rules: SyncRules, decide=decide, shrink=shrink) -> bool:
            own = shrink(present=told.present, leaving=told.leaving, left_lately=told.left_lately)
            return bool(decide(own, rules))

        try:
            if not failing(judged):
                alive.append(name)
        except ArithmeticError:
            continue  # it divides by nothing: nobody would overlook that
    return alive


def test_every_small_change_of_the_rule_is_noticed() -> None:
    names = [name for name, _ in mutants()]

    alive = [name for name in survivors() if name.partition(": ")[2] not in EQUIVALENT]

    assert len(names) > 15
    assert alive == []


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(0, 10**4),
    st.integers(0, 100),
    st.integers(0, 500),
)
def test_whoever_may_leave_is_within_both_limits(
    present: int, leaving: int, lately: int, percent: int, people: int
) -> None:
    rules = SyncRules(shrink_percent=percent, shrink_people=people)

    if may_shrink(Shrink(present=present, leaving=leaving, left_lately=lately), rules):
        assert leaving < present
        assert leaving + lately <= people
        assert leaving + lately < (present + lately) * percent / 100 + 1


@given(st.integers(1, 10**6), st.integers(0, 10**4))
def test_fewer_may_leave_where_more_may(present: int, leaving: int) -> None:
    more = may_shrink(Shrink(present=present, leaving=leaving + 1), USUAL)

    assert may_shrink(Shrink(present=present, leaving=leaving), USUAL) or not more


@pytest.mark.parametrize(("people", "allowed"), [(0, 0), (1, 1), (50, 1), (51, 2), (2_500, 50), (10**6, 50)])
def test_two_in_a_hundred_but_never_more_than_fifty(people: int, allowed: int) -> None:
    assert allowance(people, USUAL) == allowed
