"""Names of dimensions, admitted to a lake before its points come."""

from types import SimpleNamespace
from typing import Any

import pytest

from ops.errors import OperatorError
from ops.store_copy import names
from ops.store_copy.names import LakeNames
from tests.support.fake_ports import FakeRegistry

OUTPUTS = {"DimensionsTableName": "r", "TableName": "points", "ExportDatabaseName": "d"}


class Lake:
    """A lake with two names, which takes four."""

    config = SimpleNamespace(environment="lake", store=SimpleNamespace(dimension_budget=4))

    def __init__(self) -> None:
        self.registry = FakeRegistry(["host", "az"])
        self.shown: list[list[str]] = []

    def outputs(self) -> dict[str, str]:
        """The stack's."""
        return OUTPUTS

    def client(self, _: str) -> Any:
        """Nothing: the ports stand in for it."""

    def show_dimensions(self, admitted: Any) -> None:
        """The catalog's."""
        self.shown.append(sorted(admitted()))


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose registry and catalog are in memory."""
    made = Lake()
    monkeypatch.setattr(names, "DimensionTable", lambda *_: made.registry)
    monkeypatch.setattr(names, "LakeCatalog", lambda *_: made)
    return made


def names_of(lake: Any) -> LakeNames:
    """The names of a deployment, as far as they are asked."""
    return LakeNames(lake)


def test_names_that_are_new_are_admitted_and_shown_with_the_others(lake: Lake) -> None:
    """Those that are there are no matter."""
    names_of(lake).admit(["az", "room", "rack"])
    assert sorted(lake.registry.refresh().values()) == ["az", "host", "rack", "room"]
    assert lake.shown == [["az", "host", "rack", "room"]]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["Host", "room"], "lake has them in another: Host is host there; copy into a lake that"),
        (["a", "b", "c"], "lake has 2 of its 4 names of dimensions, and 3 would be new: a, b, c; raise"),
    ],
)
def test_names_that_do_not_fit_are_named_and_nothing_is_changed(
    lake: Lake, wanted: list[str], words: str
) -> None:
    """Before any name is admitted."""
    with pytest.raises(OperatorError, match=words):
        names_of(lake).admit(wanted)
    assert sorted(lake.registry.refresh().values()) == ["az", "host"]
    assert lake.shown == []


def test_names_that_were_admitted_and_not_shown_are_shown(lake: Lake) -> None:
    """A copy that was cut off in between left them so."""
    names_of(lake).admit(["az"])
    assert lake.shown == [["az", "host"]]
