"""The budget of dimension names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.errors import TransientError
from handlers.domain.ingest.registry import Admission, AdmittedSeries
from handlers.domain.ingest.registry import admit_points as admit_within
from handlers.domain.ingest.store import Outcome
from handlers.domain.point import Point
from handlers.domain.violation import Violation
from tests.support import points as support
from tests.support.fake_ports import FakeRegistry


def point(*names: str) -> Point:
    """A point with dimensions of these names."""
    return support.point("a", tuple((name, "x") for name in names))


def admit_points(points: list[Point], registry: FakeRegistry) -> Admission:
    """The points that find room among 120 names."""
    return admit_within(points, registry, 120)


def reasons(admission: Admission) -> list[str | None]:
    """None for what is admitted, the reason or RETRY for what is not."""
    return [
        verdict.reason.value if isinstance(verdict, Violation) else verdict and verdict.name
        for verdict in admission.verdicts
    ]


def test_new_names_are_admitted_before_anything_is_written() -> None:
    """Names that fit are in the registry when the points are let through."""
    registry = FakeRegistry(["host"])
    assert reasons(admit_points([point("host", "az"), point(), point("zone")], registry)) == [
        None,
        None,
        None,
    ]
    assert set(registry.stored) == {"host", "az", "zone"}


def test_known_names_cost_no_look_up() -> None:
    """A process asks for a name once."""
    registry = FakeRegistry(["host"])
    for _ in range(3):
        admit_points([point("host")], registry)
    assert registry.refreshes == 1


def test_names_are_unique_without_regard_to_case() -> None:
    """The first spelling wins, inside a point, between points and against the registry."""
    registry = FakeRegistry(["Host"])
    some = [point("host"), point("Az"), point("az"), point("one", "ONE"), point("one")]
    assert reasons(admit_points(some, registry)) == [
        "dimension_name_case",
        None,
        "dimension_name_case",
        "dimension_name_case",
        None,
    ]
    assert sorted(registry.stored.values()) == ["Az", "Host", "one"]


def test_what_does_not_fit_uses_up_nothing() -> None:
    """A point is admitted with all of its names or with none, and smaller ones after it still fit."""
    registry = FakeRegistry(f"name{n}" for n in range(118))
    some = [point("a", "b", "c"), point("d"), point("e", "name0"), point("f"), point("name1")]
    assert reasons(admit_points(some, registry)) == [
        "dimension_budget_spent",
        None,
        None,
        "dimension_budget_spent",
        None,
    ]
    assert len(registry.stored) == 120


def test_a_rival_takes_the_last_place() -> None:
    """Whoever comes second is judged by what is there then."""
    registry = FakeRegistry((f"name{n}" for n in range(119)), rivals=[["theirs"]])
    assert reasons(admit_points([point("mine")], registry)) == ["dimension_budget_spent"]
    assert "mine" not in registry.stored


def test_a_rivals_spelling_wins() -> None:
    """Two functions that admit one name in two spellings at once end with one of them."""
    registry = FakeRegistry(rivals=[["HOST"]])
    assert reasons(admit_points([point("host")], registry)) == ["dimension_name_case"]


def test_when_the_registry_fails_known_names_pass() -> None:
    """Only points with names that are not known wait for the retry."""
    failing = [False]
    registry = FakeRegistry(["host"], fails=lambda: failing[0])
    admit_points([point("host")], registry)
    failing[0] = True
    admission = admit_points([point("host"), point("new"), point()], registry)
    assert admission.verdicts == [None, Outcome.RETRY, None]
    assert admission.cause == "GetItem: InternalServerError"


def test_endless_rivalry_is_a_transient_failure() -> None:
    """A registry that changes at every attempt is left for later."""
    registry = FakeRegistry(rivals=[[f"name{n}"] for n in range(50)])
    admission = admit_points([point("mine")], registry)
    assert (admission.verdicts, admission.cause) == ([Outcome.RETRY], "DimensionRegistryContended")


def test_the_fake_registry_fails_as_told() -> None:
    """The tests above depend on it."""
    with pytest.raises(TransientError):
        FakeRegistry(fails=lambda: True).refresh()


@given(
    st.lists(st.lists(st.text("abAB", min_size=1, max_size=7), max_size=40, unique=True), max_size=12),
    st.integers(0, 120),
    st.integers(0, 6),
)
def test_the_budget_holds(needs: list[list[str]], taken: int, rivals: int) -> None:
    """Never over 120 names, never two of one spelling, and exactly the admitted points are covered."""
    registry: Any = FakeRegistry(
        (f"taken{n}" for n in range(taken)), rivals=[[f"rival{n}"] for n in range(min(rivals, 120 - taken))]
    )
    some = [point(*names) for names in needs]
    admission = admit_points(some, registry)
    assert len(registry.stored) <= 120
    for one, verdict in zip(some, admission.verdicts, strict=True):
        if verdict is None:
            assert all(registry.stored[name.lower()] == name for name, _ in one.series.dimensions)
        elif verdict is not Outcome.RETRY:
            assert any(registry.stored.get(name.lower()) != name for name, _ in one.series.dimensions)


def test_admitted_series_are_known_again_by_identity_and_others_are_not() -> None:
    """Equal names do not make a series known: it has to have been admitted itself."""
    admitted = AdmittedSeries()
    one, other = point("host"), point("host")
    assert admitted.has_all([])
    admitted.add([one, one])
    assert admitted.has_all([one, one._replace(value=2.0)])
    assert not admitted.has_all([one, other])


def test_the_memory_of_admitted_series_has_an_end() -> None:
    """Past it, all are asked for once more; what is forgotten cannot be taken for another of the same identity."""
    admitted = AdmittedSeries(remembered=10)
    first = point("host")
    admitted.add([first])
    admitted.add([point("host") for _ in range(10)])
    assert admitted.has_all([first])
    admitted.add([point("host")])
    assert not admitted.has_all([first])
