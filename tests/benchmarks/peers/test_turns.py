"""Peers in turns."""

import sys
from pathlib import Path

import pytest

from benchmarks.peers.loads import SHAPES
from benchmarks.peers.turns import OURS, Turns


def test_the_writer_writes_all_that_it_is_given() -> None:
    """Every point, once, signed; in fewer units than the points in their order would take."""
    turns = Turns(rounds=1, seconds=0.001, python=Path(sys.executable))
    [sample] = turns.measure((OURS,), SHAPES["100 points a record"])[OURS]
    assert (sample["kept"], sample["written"], sample["unsigned"], sample["failed"]) == (1, 1, 0, 0)
    assert sample["units"] < 0.09
    assert sample["cpu_us"] > 0


def test_a_peer_that_cannot_start_ends_the_benchmark() -> None:
    """With what it said."""
    turns = Turns(rounds=1, seconds=0.001, python=Path(sys.executable))
    with pytest.raises(RuntimeError, match=r"handlers\.nobody"):
        turns.measure(("nobody",), SHAPES["100 points a record"])
