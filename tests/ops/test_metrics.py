"""`ops metrics` over a given catalogue."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ops.__main__ import main
from ops.catalogue import Catalogue, Last, Metric, Series
from ops.stack import Target
from templates.config import load

LAST = Last(2, "2026-01-01 00:00:00.000000000", 1.5)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with one metric of two series."""
    found = {
        "dimensions": ["core", "host"],
        "metrics": [Metric("cpu.load", "system", {"host": 2}, LAST)],
    }

    def series(_self: Catalogue, metric: str, _dimensions: Sequence[str], **_: Any) -> list[Series]:
        return [Series({"host": name}, LAST) for name in "ab"] if metric == "cpu.load" else []

    monkeypatch.setattr(Target, "store", lambda _: None)
    for name, value in found.items():
        monkeypatch.setattr(Catalogue, name, lambda *_, value=value, **__: value)
    monkeypatch.setattr(Catalogue, "series", series)


def test_metrics_are_listed_with_dimensions_and_last_value(capsys: Any) -> None:
    """A line for each metric."""
    assert main(["metrics"]) == 0
    shown = capsys.readouterr().out
    assert "cpu.load" in shown
    assert "host" in shown
    assert "1.5" in shown


def test_a_metrics_series_are_listed_by_their_own_dimensions(capsys: Any) -> None:
    """A dimension that no series of it has is no column."""
    assert main(["metrics", "cpu.load"]) == 0
    shown = capsys.readouterr().out
    assert "core" not in shown
    assert "(2 series)" in shown


def test_a_misspelled_metric_is_answered_with_the_names_alike(capsys: Any) -> None:
    """A typing error is told from a metric that has stopped."""
    assert main(["metrics", "cpu.laod"]) == 1
    assert "no point of 'cpu.laod' came within 1d; did you mean cpu.load?" in capsys.readouterr().err


def test_before_the_first_point_there_is_no_metric(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """An empty table is said to be one."""
    monkeypatch.setattr(Catalogue, "dimensions", lambda _: None)
    assert main(["metrics"]) == 1
    assert "no point has come yet" in capsys.readouterr().err


def test_series_of_every_region_are_one_document(capsys: Any) -> None:
    """A program reads one list, whatever the number of regions."""
    assert main(["metrics", "cpu.load", "--environment", "prod", "--all-regions", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 8
    assert {row["region"] for row in rows} == set(load("prod").regions)


@pytest.mark.parametrize(
    "option", ["--within=1 day", "--within=1d) OR (1=1", "--limit=0", "--limit=x", "--limit=-1"]
)
def test_bounds_that_are_none_are_refused(option: str, capsys: Any) -> None:
    """Before they come into a statement."""
    with pytest.raises(SystemExit):
        main(["metrics", option])
    assert "expected a number" in capsys.readouterr().err
