"""Which of the writers' objects may go, when, and which hours they ask for; no point is lost by it, none doubled."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.deadline import Deadline
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import LEASE_S
from handlers.domain.exports.marking import WHOLE_S
from handlers.domain.exports.objects import HOURS, READ_S, Cleaner, Written
from handlers.domain.exports.request import ExportLimits
from tests.support.export_ports import HOUR, NOW_S, MemoryCatalog, claimed, published
from tests.support.lake_model import History

LIMITS = ExportLimits(900, 30)
AMPLE = Deadline(10_000, lambda: 0)
LATER_S = NOW_S + 30 + READ_S


@dataclass
class MemoryObjects:
    """Objects by their hour, and those of many hours."""

    own: dict[Hour, list[Written]] = field(default_factory=dict)
    many: dict[Written, frozenset[Hour] | None] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    listed: list[Hour] = field(default_factory=list)

    def hours(self) -> Sequence[Hour]:
        """The hours that have any."""
        return sorted(self.own)

    def of_hour(self, hour: Hour) -> Iterable[Written]:
        """An hour's."""
        self.listed.append(hour)
        return self.own[hour]

    def shared(self) -> Sequence[Written]:
        """Those of many hours."""
        return list(self.many)

    def hours_in(self, key: str) -> Collection[Hour] | None:
        """Their hours."""
        return next(hours for written, hours in self.many.items() if written.key == key)

    def delete(self, keys: Iterable[str]) -> int:
        """Remembers them."""
        gone = list(keys)
        self.deleted += gone
        return len(gone)


@pytest.fixture
def catalog(ledger: ExportHoursLedger) -> MemoryCatalog:
    """The hour was exported and published, and readers are sent there."""
    claim, catalog = claimed(ledger), MemoryCatalog()
    ledger.complete(claim, published(claim), 900)
    for dataset in ("metrics", "replaced"):
        catalog.locations[dataset, HOUR] = f"s3://exports/{claim.attempt.results(dataset)}"
    return catalog


def clean(
    objects: MemoryObjects,
    ledger: ExportHoursLedger,
    catalog: MemoryCatalog,
    now_s: float = LATER_S,
    deadline: Deadline = AMPLE,
) -> list[str]:
    """The objects that a run deletes."""
    assert Cleaner(objects, ledger, catalog, LIMITS, now_s).clean(deadline) == len(objects.deleted)
    return objects.deleted


def own(*ages_s: float) -> MemoryObjects:
    """Objects of the hour, written so many seconds before its export began."""
    return MemoryObjects({HOUR: [Written(f"at {age_s:g}", NOW_S - age_s) for age_s in ages_s]})


def test_what_was_whole_before_the_export_goes(ledger: ExportHoursLedger, catalog: MemoryCatalog) -> None:
    """To the second; what is younger may have been written while the export read."""
    assert clean(own(WHOLE_S + 60, WHOLE_S, WHOLE_S - 1), ledger, catalog) == ["at 960", "at 900"]


def test_readers_at_work_have_half_an_hour(ledger: ExportHoursLedger, catalog: MemoryCatalog) -> None:
    """From the publication on."""
    assert clean(own(WHOLE_S), ledger, catalog, LATER_S - 1) == []
    assert clean(own(WHOLE_S), ledger, catalog, LATER_S) == ["at 900"]
    assert ledger.due(LATER_S, 9) == []


def test_what_is_left_over_has_its_hour_exported_again(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """A batch that came again writes its object anew, and then no mark asks for the hour."""
    assert clean(own(-60), ledger, catalog) == []
    assert ledger.due(LATER_S, 9) == [HOUR]


def test_what_may_not_be_whole_yet_asks_for_nothing(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """An export that began now could not let it go."""
    assert clean(own(NOW_S - LATER_S + WHOLE_S - 1), ledger, catalog) == []
    assert ledger.due(LATER_S, 9) == []


def test_an_hour_that_is_marked_is_not_asked_for_again(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """Its turn comes when the mark says."""
    ledger.enter([HOUR], LATER_S + 500, again=True)
    clean(own(-60), ledger, catalog)
    assert ledger.due(LATER_S, 9) == []


def test_an_hour_that_is_being_exported_is_left_alone(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """Its queries read the objects."""
    claimed(ledger, "other", LATER_S - LEASE_S + 1)
    assert clean(own(WHOLE_S), ledger, catalog) == []
    assert clean(own(WHOLE_S), ledger, catalog, LATER_S + 2) == ["at 900"]


def test_an_hour_that_was_never_exported_keeps_its_objects(ledger: ExportHoursLedger) -> None:
    """It is asked for once it is complete, should nothing else have: its points are in nothing else."""
    early = MemoryObjects({HOUR.plus(1): [Written("a", NOW_S - 3000)], HOUR: [Written("b", NOW_S - 3000)]})
    assert clean(early, ledger, MemoryCatalog(), NOW_S) == []
    assert ledger.due(NOW_S, 9) == [HOUR]


@pytest.mark.parametrize("dataset", ["metrics", "replaced"])
def test_where_readers_are_sent_elsewhere_nothing_goes(
    ledger: ExportHoursLedger, catalog: MemoryCatalog, dataset: str
) -> None:
    """Somebody changed the catalog by hand; the next export sets it right."""
    catalog.locations[dataset, HOUR] = "s3://exports/metrics/elsewhere/"
    assert clean(own(WHOLE_S), ledger, catalog) == []
    assert ledger.due(LATER_S, 9) == [HOUR]


def test_an_object_of_many_hours_goes_when_all_of_them_are_exported(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """Those that are not are asked for."""
    other = HOUR.plus(-5)
    objects = MemoryObjects(
        many={
            Written("one", NOW_S - WHOLE_S): frozenset({HOUR}),
            Written("two", NOW_S - WHOLE_S): frozenset({HOUR, other}),
            Written("young", NOW_S - WHOLE_S + 1): frozenset({HOUR}),
            Written("unreadable", NOW_S - WHOLE_S): None,
        }
    )
    assert clean(objects, ledger, catalog, LATER_S + 1) == ["one"]
    assert set(ledger.due(LATER_S + 1, 9)) == {HOUR, other}


def test_an_hour_that_the_lake_forgot_holds_nothing_back(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """No reader sees its points any more, and nobody exports it."""
    forgotten = HOUR.plus(-31 * 24)
    objects = MemoryObjects(
        own={forgotten: [Written("a", NOW_S - WHOLE_S)]},
        many={Written("two", NOW_S - WHOLE_S): frozenset({HOUR, forgotten})},
    )
    assert clean(objects, ledger, catalog) == ["two"]
    assert ledger.due(LATER_S, 9) == []


def test_hours_that_the_lake_forgot_have_no_partition(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """A day and more after their files are gone; every query of the views would be told of them."""
    days = {days: HOUR.plus(-24 * days) for days in (30, 31, 33, 34)}
    catalog.locations |= {("replaced", hour): "x" for hour in days.values()}
    clean(MemoryObjects(), ledger, catalog)
    assert [number for number, hour in days.items() if ("replaced", hour) in catalog.locations] == [30, 31]
    assert ("metrics", HOUR) in catalog.locations


def test_a_run_does_what_there_is_time_for(ledger: ExportHoursLedger, catalog: MemoryCatalog) -> None:
    """The rest waits for the next one."""
    assert clean(own(WHOLE_S), ledger, catalog, deadline=Deadline(10, lambda: 0)) == []
    shared = MemoryObjects(many={Written("one", NOW_S - WHOLE_S): frozenset({HOUR})})
    assert clean(shared, ledger, catalog, deadline=Deadline(10, lambda: 0)) == []


def test_an_object_of_a_years_hours_is_asked_for_in_as_many_runs_as_it_takes(
    ledger: ExportHoursLedger,
) -> None:
    """Each run goes on where time ran out in the last one."""
    hours = frozenset(HOUR.plus(-number) for number in range(300))
    objects = MemoryObjects(many={Written("year", NOW_S - 9000): hours})
    asked = partial(ledger.due, LATER_S, 999)
    for run in range(3):
        # Time passes with each hour that is asked for.
        deadline = Deadline(130 + 100 * run, lambda: float(len(asked())))
        clean(objects, ledger, MemoryCatalog(), deadline=deadline)
        assert len(asked()) == min(300, 100 * (run + 1) + 1)
    assert set(asked()) == hours


def test_no_hour_waits_for_ever_behind_others(ledger: ExportHoursLedger) -> None:
    """More than a run looks at take turns, hours and objects alike."""
    hours = {HOUR.plus(-number): [Written(str(number), NOW_S)] for number in range(HOURS + 50)}
    objects = MemoryObjects(hours)
    for later in range(4):
        clean(objects, ledger, MemoryCatalog(), NOW_S + later * 3600)
        assert len(objects.listed) <= (later + 1) * HOURS
    assert set(objects.listed) == set(hours)


def test_as_many_objects_of_many_hours_go_as_there_is_time_for(
    ledger: ExportHoursLedger, catalog: MemoryCatalog
) -> None:
    """Thousands come in an hour from devices that upload a day at a time; each run begins with others."""
    many = {Written(f"{number:04}", NOW_S - WHOLE_S): frozenset({HOUR}) for number in range(2500)}
    objects = MemoryObjects(many=dict(many))
    for run in range(2):
        moments = iter(range(9999))
        deadline = Deadline(2500, lambda moments=moments: float(next(moments)))  # type: ignore[misc]
        Cleaner(objects, ledger, catalog, LIMITS, LATER_S + run * 3600).clean(deadline)
        for key in objects.deleted:
            objects.many.pop(Written(key, NOW_S - WHOLE_S), None)
    assert len(set(objects.deleted)) > 2000


# Hours back, series, and how much older than the batch a version is.
POINT = st.tuples(
    st.sampled_from((0, 0, 0, 1, 1, 2, 3, 9, 10, 11, 12, 13)), st.sampled_from("abc"), st.integers(0, 3)
)
WRITER = {"writer": st.integers(0, 1), "dies": st.booleans()}


def action(name: str, **arguments: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A method of the history and its arguments."""
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


RUN = st.integers(0, 1)
STEP = action("step", which=RUN, steps=st.integers(1, 12))
WRITE = action("write", points=st.lists(POINT, min_size=1, max_size=8), **WRITER)
AGAIN = action("again", which=st.integers(0, 99), parts=st.integers(1, 3), **WRITER)
ACTIONS = st.one_of(
    WRITE, WRITE, AGAIN, STEP, STEP, action("begin"), action("kill", which=RUN), action("tidy"),
    action("fail", calls=st.integers(0, 9)),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 45), ACTIONS), max_size=30))
def test_readers_see_every_point_once_at_every_moment(
    actions: list[tuple[int, tuple[str, dict[str, Any]]]],
) -> None:
    """Batches come again whole or in parts, writers die before they mark hours, two runs are at work at once, each is
    killed at any step, the catalog fails, objects are let go at any time; in the end all lies in compacted hours.
    """
    history = History(HOUR)
    for minutes, (name, arguments) in actions:
        history.lake.now_s += minutes * 60 + 7
        getattr(history, name)(**arguments)
        history.check()
    history.lake.catalog.fail_at = 10**9
    for _ in range(8):
        history.lake.now_s += 3600
        for _ in history.lake.run():
            history.check()
        history.check()
    assert history.lake.written() == []
