"""What a page changes: every person has one place in the plan, and nobody known is ever made anew."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sso.directory.sync.plan import plan_of
from sso.directory.sync.presence import Presence
from sso.directory.sync.row import Row
from sso.directory.sync.stages import Registered, Standing

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def row(number: int, digest: bytes = b"d", *, off: bool = False) -> Row:
    return Row(str(number), f"clerk{number}", {}, off, digest)


@st.composite
def pages(draw: st.DrawFn) -> tuple[list[Row], dict[str, Registered], set[str]]:
    ids = draw(st.lists(st.integers(0, 20), unique=True))
    rows = [row(each, draw(st.sampled_from([b"d", b"e"])), off=draw(st.booleans())) for each in ids]
    known = {}
    for number in draw(st.sets(st.integers(0, 20))):
        standing = draw(st.sampled_from(list(Standing)))
        known[str(number)] = Registered(
            number=number,
            immutable_id=str(number),
            digest=b"d",
            standing=standing,
            left_at=None if standing is Standing.PRESENT else NOW,
            proposed_in=draw(st.sampled_from([None, 3])),
        )
    purged = {str(each) for each in draw(st.sets(st.integers(0, 20)))} - set(known)
    return rows, known, purged


@given(pages())
def test_everybody_has_one_place(page: tuple[list[Row], dict[str, Registered], set[str]]) -> None:
    rows, known, purged = page

    plan = plan_of(rows, known, purged)

    strange = {each.immutable_id for each in rows} - set(known)
    assert {each.immutable_id for each in plan.new} == strange - purged
    assert {each.immutable_id for each in plan.refused} == strange & purged
    turned = [*plan.returned, *plan.leaving, *plan.off_again, *plan.withdrawn]
    assert len({person.number for person in turned}) == len(turned)
    still = {person.number for person in turned} | {person.number for person, _ in plan.changed}
    assert plan.unchanged + len(still) + len(strange) == len(rows)


@given(pages())
def test_what_is_seen_and_on_is_present_and_what_is_off_has_no_access(
    page: tuple[list[Row], dict[str, Registered], set[str]],
) -> None:
    rows, known, purged = page

    plan = plan_of(rows, known, purged)

    off = {each.immutable_id for each in rows if each.is_disabled}
    assert all(person.immutable_id in off for person in (*plan.leaving, *plan.off_again))
    assert all(person.immutable_id not in off for person in (*plan.returned, *plan.withdrawn))
    assert all(person.standing is Standing.PRESENT for person in plan.leaving)


def test_equal_rows_write_nothing() -> None:
    known = {"1": Registered(number=1, immutable_id="1", digest=b"d")}

    plan = plan_of([row(1)], known, ())

    assert (plan.unchanged, plan.writes) == (1, False)


@given(st.lists(st.integers(0, 100_000)))
def test_presence_is_a_set_of_numbers(numbers: list[int]) -> None:
    seen = Presence()
    for number in numbers:
        seen.add(number)

    assert (list(seen), seen.count) == (sorted(set(numbers)), len(set(numbers)))
    assert all(number in seen for number in numbers)
    assert 100_001 + 8192 not in seen
