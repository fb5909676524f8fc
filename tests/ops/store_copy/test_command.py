"""`ops store copy` as far as it needs no deployment; what it does with two is shown in the pipeline's tests."""

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from ops import where
from ops.__main__ import main
from ops.errors import OperatorError
from ops.store_copy import command
from ops.store_copy.plan import Plan
from ops.store_copy.state import HourState
from ops.store_copy.verifying import Counted
from ops.where import Place

COPY = ["store", "copy", "--from", "dev", "--to", "lake"]
HOURS = [Hour.parse(f"2026-11-22T0{number}") for number in range(7)]


class World:
    """Two ends with seven hours of ten points, one of them too old, one copied before; `broken` hours fail."""

    def __init__(self) -> None:
        self.broken: set[Hour] = set()
        self.copied: list[Hour] = []
        self.misfit = ""
        self.admitted = False
        target = SimpleNamespace(
            stack_name="s",
            region="us-east-1",
            config=SimpleNamespace(environment="lake", store=SimpleNamespace(days_kept=30)),
        )
        self.source = self.lake = target
        self.source_store = SimpleNamespace(dimensions=lambda: ["host"])
        done = {HOURS[1]: HourState(1, 10, 1, 1.0)}
        self.state = SimpleNamespace(
            read_all=lambda hours: {hour: done.get(hour, HourState()) for hour in hours}
        )

    def first_kept(self, _: float) -> Hour:
        """The second."""
        return HOURS[1]

    def missing(self, _: list[str]) -> None:
        """The names fit, unless the test says otherwise."""
        if self.misfit:
            raise OperatorError(self.misfit)

    def admit(self, _: list[str]) -> None:
        """They are there from now on."""
        self.admitted = True

    def copy(self, hour: Hour, points: int) -> None:
        """Copies, if the hour is not broken."""
        if hour in self.broken:
            raise OperatorError("broken")
        assert self.admitted
        assert points == 10
        self.copied.append(hour)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Two ends."""
    made = World()
    kept = dict.fromkeys(HOURS[1:], 10)
    monkeypatch.setattr(command, "find_ends", lambda *_: made)
    monkeypatch.setattr(command, "LakeNames", lambda _: made)
    monkeypatch.setattr(command, "make_plan", lambda *_: Plan(kept, {HOURS[0]: 10}))
    monkeypatch.setattr(command, "HourCopier", lambda *_: made)
    monkeypatch.setattr(
        command,
        "count_both",
        lambda *_: [Counted(hour, 10, 10 * (hour in (HOURS[1], *made.copied))) for hour in kept],
    )
    return made


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "yesterday"], "'yesterday' is not an hour"),
        (
            ["--since", "2026-11-22T05", "--until", "2026-11-22T04"],
            "the range ends (2026-11-22T04) before it begins",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says what was expected."""
    assert main([*COPY, *options]) == 1
    assert words in capsys.readouterr().err


def test_hours_are_copied_from_the_oldest_but_those_that_were(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that the lake does not keep are named."""
    assert main(COPY) == 0
    assert world.copied == HOURS[2:]
    said = capsys.readouterr()
    assert (
        "1 hour with 10 points stay behind, 2026-11-22T00 to 2026-11-22T00: older than the 30 days"
        in said.err
    )
    assert "1 hour copied before, 5 hours with 50 points to copy" in said.err
    assert "2026-11-22T06  " in said.out


def test_an_hour_that_fails_harms_no_other_and_is_a_difference(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator is told the reason, and the counts differ."""
    world.broken = {HOURS[2], HOURS[3], HOURS[5]}
    assert main(COPY) == 1
    assert world.copied == [HOURS[4], HOURS[6]]
    said = capsys.readouterr()
    assert "2026-11-22T02: broken" in said.err
    assert "the lake lacks 30 points of 3 hours" in said.err
    assert said.out.count("differs") == 3


def test_three_hours_in_a_row_end_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is none of an hour then."""
    world.broken = set(HOURS)
    assert main(COPY) == 1
    assert capsys.readouterr().err.count(": broken") == 3


def test_names_that_do_not_fit_end_it_before_anything_is_written(world: World) -> None:
    """Nor is anything counted."""
    world.misfit = "no room"
    assert main(COPY) == 1
    assert not world.copied
    assert not world.admitted


def test_it_says_what_it_takes_and_asks(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an account; without an answer nothing is done."""
    monkeypatch.setattr(where, "place", lambda _: Place("an account", local=False))
    assert main(COPY) == 1
    assert (
        "to copy 5 hours with 50 points from s to s, us-east-1, by an UNLOAD each, $0.09 of"
        in capsys.readouterr().err
    )
    assert not world.admitted
    assert main([*COPY, "--yes"]) == 0


def test_to_verify_copies_nothing(world: World) -> None:
    """The counts alone are shown, and that they differ."""
    assert main([*COPY, "--verify"]) == 1
    assert not world.copied


def test_a_table_without_points_is_no_failure(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to copy."""
    nothing: Any = SimpleNamespace(dimensions=lambda: None)
    world.source_store = nothing
    assert main(COPY) == 0
    assert "s has no points yet" in capsys.readouterr().err
