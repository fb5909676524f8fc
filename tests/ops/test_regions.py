"""One question to one region or to all."""

import argparse
from typing import Any

import pytest

from ops.errors import OperatorError
from ops.regions import Regions, show
from ops.stack import Target

REGIONS = ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"]


def options(*, every: bool) -> argparse.Namespace:
    """The options of a list."""
    return argparse.Namespace(environment="prod", region="eu-west-1", every_region=every, format="csv")


def test_each_row_of_all_regions_begins_with_its_region(capsys: Any) -> None:
    """In the order of the fleet."""
    assert show(options(every=True), ["a"], lambda target: [(target.region[:2],)]) == 0
    assert capsys.readouterr().out.splitlines() == ["region,a", *(f"{name},{name[:2]}" for name in REGIONS)]


def test_one_region_needs_no_column(capsys: Any) -> None:
    """The one that was given is asked."""
    assert show(options(every=False), ["a"], lambda target: [(target.region,)]) == 0
    assert capsys.readouterr().out.splitlines() == ["a", "eu-west-1"]


def refuse(target: Target) -> list[tuple[str]]:
    """One region cannot answer."""
    if target.region == "eu-west-1":
        raise OperatorError("no stack\x1b")
    return [("x",)]


def test_a_region_that_cannot_answer_harms_no_other(capsys: Any) -> None:
    """The region is named, and the exit status says that not everything was asked."""
    assert show(options(every=True), ["a"], refuse) == 1
    shown = capsys.readouterr()
    assert shown.err == "eu-west-1: no stack�\n"
    assert len(shown.out.splitlines()) == 4


def test_the_only_region_that_cannot_answer_ends_the_command() -> None:
    """As every command ends."""
    with pytest.raises(OperatorError, match="no stack"):
        show(options(every=False), ["a"], refuse)


def test_a_line_of_all_regions_begins_with_its_region() -> None:
    """A line of one does not."""
    [target, *_] = [one for one, _ in Regions(options(every=True)).ask(lambda _: None)]
    assert Regions(options(every=True)).prefix(target).split() == ["us-west-2"]
    assert Regions(options(every=False)).prefix(target) == ""
