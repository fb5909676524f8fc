"""The soak's judge: whatever is there otherwise than clients were told is told, and nothing else."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from handlers.domain.exports.hour import HOUR_S
from tests.support.soak.exports import compared
from tests.support.soak.ledger import Abandoned, Ledger, Place, Sums
from tests.support.soak.points import Block, Series
from tests.support.soak.verdict import Verdict, explained, judge

HOUR = 490_000
SLOTS = 200
SERIES = tuple(Series(f"soak_json_{number}", number, (HOUR + 1) * HOUR_S - 75) for number in range(2))
NAME = SERIES[0].name


@dataclass
class Contents:
    """A store, and a quarantine, whose points a test changes as it likes; read as a run's are."""

    points: list[tuple[str, int, int]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, block: Block) -> None:
        """Store the points of a request."""
        self.points += [(one.name, one.time_s, one.value) for one in block.points()]

    def sums(
        self, _: Collection[int], abandoned: Sequence[Abandoned]
    ) -> dict[tuple[str, int, int | None], Sums]:
        """The sums by series, hour, and abandoned request."""
        found: dict[tuple[str, int, int | None], Sums] = {}
        for name, second, value in self.points:
            numbers = [
                number
                for number, one in enumerate(abandoned)
                for series in one.block.series
                if name == series.name
                and series.time_s(one.block.first) <= second < series.time_s(one.block.stop)
            ]
            place = name, second // HOUR_S, numbers[0] if numbers else None
            found[place] = found.get(place, Sums(0, 0, 0)) + Sums.of(np.array([second]), np.array([value]))
        return found

    def values(self, places: Collection[Place]) -> dict[Place, dict[int, list[float]]]:
        """The values by place and time."""
        found: dict[Place, dict[int, list[float]]] = {place: {} for place in places}
        for name, second, value in self.points:
            if (name, second // HOUR_S) in found:
                found[name, second // HOUR_S].setdefault(second, []).append(float(value))
        return found

    def quarantined(self) -> Iterator[dict[str, Any]]:
        """The lines."""
        yield from self.lines


class Soak:
    """A ledger of two series, of which all slots were taken and some corrected, and a store that agrees."""

    def __init__(self) -> None:
        self.ledger, self.there = Ledger(), Contents()
        for series in SERIES:
            self.ledger.open(series, SLOTS)
        for first, version in ((0, 1), (50, 3), (100, 1)):
            block = Block(SERIES, first, first + 50, version)
            self.ledger.note_taken(block, "new")
            self.there.add(block)
        self.ledger.note_bad({"soakbad_1": "r1"})
        self.there.lines.append({"request_id": "r1", "index": 0, "payload": {"metric_name": "soakbad_1"}})

    def give_up(self, block: Block, before: int, *, taken: bool) -> None:
        """Let a client give up a request that corrects this block, or is its first."""
        self.ledger.note_abandoned(block, before)
        kept = {(one.name, one.time_s) for one in block.points()}
        old = Block(block.series, block.first, block.stop, block.version if taken else before)
        self.there.points = [point for point in self.there.points if point[:2] not in kept]
        if old.version:
            self.there.add(old)

    def judged(self) -> Verdict:
        """The verdict."""
        return judge(self.there, self.ledger, self.ledger.due())

    def told(self) -> str:
        """All differences, with what explains them."""
        found = self.judged()
        return "\n".join([*found.differences, *explained(self.there, self.ledger, found.wrong)])


@pytest.fixture
def soak() -> Soak:
    """A soak in which all is right."""
    return Soak()


def test_what_is_as_it_was_taken_makes_no_difference(soak: Soak) -> None:
    """A store with each point in its last version, and a quarantine with each bad one, is right."""
    found = soak.judged()
    assert (found.differences, found.stored, found.quarantined) == ([], 300, 1)


@pytest.mark.parametrize("place", [0, 99, 100, 299])
def test_a_lost_point_is_told(soak: Soak, place: int) -> None:
    """A point that was taken and is not there is named by its series and time."""
    name, second, _ = soak.there.points.pop(place)
    assert f"{name} at {second}: stored versions []" in soak.told()


def test_a_point_that_is_there_twice_is_told(soak: Soak) -> None:
    """A point that the store has two of is named."""
    name, second, _ = soak.there.points[7]
    soak.there.points.append(soak.there.points[7])
    assert f"{name} at {second}: stored versions [1, 1], due 1" in soak.told()


def test_an_old_version_is_told(soak: Soak) -> None:
    """A correction that lost is named with the version that won."""
    second = SERIES[1].time_s(60)
    place = soak.there.points.index((SERIES[1].name, second, SERIES[1].value(60, 3)))
    soak.there.points[place] = (SERIES[1].name, second, SERIES[1].value(60, 2))
    assert f"{SERIES[1].name} at {second}: stored versions [2], due 3" in soak.told()


def test_two_values_that_changed_places_are_told(soak: Soak) -> None:
    """Points whose number and sum are right, and whose times are not, are named."""
    (name, first, value), (_, second, other) = soak.there.points[3], soak.there.points[4]
    soak.there.points[3:5] = [(name, first, other), (name, second, value)]
    assert f"{name} at {first}: stored versions [None], due 1" in soak.told()


@pytest.mark.parametrize("stray", [("soak_json_7", HOUR), (NAME, HOUR - 40), (NAME, HOUR + 1)])
def test_a_point_that_nobody_sent_is_told(soak: Soak, stray: Place) -> None:
    """A point of another series, of an hour without any, or of a time that was not sent, is a difference."""
    name, hour = stray
    soak.there.points.append((name, hour * HOUR_S + 3_000, 1))
    assert f"{name}, hour {hour}: " in soak.told()


def test_a_bad_point_without_a_line_in_the_quarantine_is_told(soak: Soak) -> None:
    """A bad point that was taken and is not in the quarantine is named with its request."""
    soak.there.lines[0]["request_id"] = "r2"
    assert "soakbad_1 of request r1 is not in the quarantine" in soak.told()


def test_a_good_point_in_the_quarantine_is_told(soak: Soak) -> None:
    """A line of the quarantine that was not meant to be there is named with its reason."""
    line = {
        "request_id": "r1",
        "index": 1,
        "payload": '{"metric_name": "soak_x"}',
        "reason": "r",
        "message": "m",
    }
    soak.there.lines.append(line)
    assert soak.told() == "soak_x is in the quarantine: r: m"


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(("first", "before"), [(150, 0), (0, 1), (50, 3)])
def test_an_abandoned_request_may_have_been_taken_or_not(
    soak: Soak, first: int, before: int, *, taken: bool
) -> None:
    """Of a request that was given up all points may be there, or be as they were; exports are held to what is."""
    soak.give_up(Block(SERIES, first, first + 50, before + 1), before, taken=taken)
    found = soak.judged()
    assert (found.differences, found.abandoned_taken) == ([], taken)
    there: dict[Place, Sums] = {}
    for (name, hour, _), sums in soak.there.sums((), ()).items():
        there[name, hour] = sums
    assert found.due == there


@pytest.mark.parametrize("taken", [True, False])
def test_a_client_that_gave_up_everything_makes_no_difference(*, taken: bool) -> None:
    """Series of which every request was given up have nothing that must be there."""
    soak = Soak()
    for first, version in ((0, 1), (50, 3), (100, 1)):
        soak.give_up(Block(SERIES, first, first + 50, version), 0, taken=taken)
    assert soak.told() == ""


@pytest.mark.parametrize("before", [0, 1])
def test_an_abandoned_request_of_which_a_part_is_there_is_told(soak: Soak, before: int) -> None:
    """A request is taken whole: one of its points as it was, and the others as it has them, is a lost point."""
    first = 0 if before else 150
    soak.give_up(Block(SERIES, first, first + 50, before + 1), before, taken=True)
    soak.there.points.pop()
    assert "of a request that was given up neither all nor nothing is stored" in soak.told()


def test_a_third_version_of_an_abandoned_point_is_told(soak: Soak) -> None:
    """A version that is neither the one of before nor the abandoned one is named."""
    soak.give_up(Block(SERIES, 0, 50, 2), 1, taken=True)
    second = SERIES[0].time_s(5)
    place = soak.there.points.index((NAME, second, SERIES[0].value(5, 2)))
    soak.there.points[place] = (NAME, second, SERIES[0].value(5, 9))
    assert f"{NAME} at {second}: stored versions [9], due (1, 2)" in soak.told()


def test_of_what_was_sent_again_and_given_up_nothing_is_open(soak: Soak) -> None:
    """Giving up a repetition leaves the points as they were taken."""
    soak.ledger.note_abandoned(Block(SERIES, 0, 50, 1), 1)
    soak.there.points.pop(0)
    assert (soak.ledger.given_up, soak.ledger.abandoned) == (1, [])
    assert "stored versions [], due 1" in soak.told()


def test_an_export_that_is_not_as_it_was_taken_is_told(soak: Soak) -> None:
    """An hour's export with a point less, twice, or that nobody sent, is a difference."""
    due = soak.ledger.due()
    right = {
        str(hour): {place: sums for place, sums in due.items() if place[1] == hour}
        for hour in (HOUR, HOUR + 1)
    }
    assert compared(right, due) == []
    place = (NAME, HOUR)
    assert compared({**right, str(HOUR): {**right[str(HOUR)], place: Sums(1, 1, 1)}}, due)
    assert compared({**right, "again": {place: due[place]}}, due)
    assert compared({**right, "more": {("soak_json_9", HOUR): Sums(1, 1, 1)}}, due)
    assert compared({str(HOUR): right[str(HOUR)]}, due)
