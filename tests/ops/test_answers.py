"""Answers of several regions as one."""

import argparse
from typing import Any

from ops import answers
from ops.stack import Target


def options(form: str = "csv", *, every: bool = True, plot: bool = False) -> argparse.Namespace:
    """The options of a query."""
    return argparse.Namespace(environment="prod", region=None, every_region=every, format=form, plot=plot)


def test_regions_with_other_columns_make_one_table(capsys: Any) -> None:
    """A dimension that a region does not have is empty in its rows."""

    def read(target: Target) -> answers.Answer:
        own = target.region == "eu-west-1"
        return (["b", "host"], [(1, "h")]) if own else (["host"], [("g",)])

    assert answers.show(options(), read) == (0, 4)
    assert capsys.readouterr().out.splitlines() == [
        "region,host,b", "us-west-2,g,", "us-east-1,g,", "eu-west-1,h,1", "ap-northeast-1,g,",
    ]  # fmt: skip


def test_two_columns_of_one_name_stay_two(capsys: Any) -> None:
    """Of one region nothing has to be matched by name."""
    assert answers.show(options(every=False), lambda _: (["a", "a"], [(1, 2), (3, 4)])) == (0, 2)
    assert capsys.readouterr().out.splitlines() == ["a,a", "1,2", "3,4"]


def test_a_chart_is_another_form(capsys: Any) -> None:
    """The rows of one are counted like those of a table."""
    rows = [("2026-01-01 00:00:00", 1.0), ("2026-01-01 00:01:00", 2.0)]
    assert answers.show(options(every=False, plot=True), lambda _: (["t", "v"], rows)) == (0, 2)
    assert "2026-01-01 00:01:00" in capsys.readouterr().out
