"""`python -m ops cost`: the bill for people and for scripts."""

import json

import pytest

from ops.__main__ import main


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """The command's JSON."""
    assert main(["cost", "--format", "json", *arguments]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_scripts_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Three keys, and lines of five, whose months add up."""
    answer = as_json(capsys, "--environment", "prod", "--points-per-second", "100", "--groups", "10")
    assert list(answer) == ["idle_monthly", "per_million_metrics", "lines"]
    lines = answer["lines"]
    assert isinstance(lines, list)
    assert {tuple(line) for line in lines} == {("component", "what", "units", "price", "monthly")}
    assert all(line["monthly"] == line["units"] * line["price"] for line in lines)
    total = answer["idle_monthly"] + answer["per_million_metrics"] * 100 * 730 * 3600 / 1e6  # type: ignore[operator]
    assert sum(line["monthly"] for line in lines) == pytest.approx(total)


def test_the_default_is_an_idle_month(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a load the lines are those of nothing happening."""
    answer = as_json(capsys)
    lines = answer["lines"]
    assert isinstance(lines, list)
    assert sum(line["monthly"] for line in lines) == pytest.approx(answer["idle_monthly"])


def test_people_get_a_table_that_says_what_dominates(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line, each component's sum, the month, a million points, the largest lines and what changes them."""
    assert main(["cost", "--points-per-second", "100"]) == 0
    shown = capsys.readouterr().out
    assert "at 100/s" in shown.splitlines()[0]
    for words in ("a million points", "idle  ", "changed by stream.mode", "ops/bill/prices.toml"):
        assert words in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["--points-per-second", "-1"],
        ["--points-per-second", "inf"],
        ["--request-points", "0"],
        ["--groups", "1.5"],
    ],
    ids=" ".join,
)
def test_a_load_that_cannot_be_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The usage says what was expected."""
    with pytest.raises(SystemExit, match="2"):
        main(["cost", *arguments])
    assert "expected a" in capsys.readouterr().err


def test_an_environment_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As with every command."""
    assert main(["cost", "--environment", "nowhere"]) == 1
    assert "no such file" in capsys.readouterr().err


def test_an_idle_lake_costs_less_than_15_dollars(capsys: pytest.CaptureFixture[str]) -> None:
    """With its stream, and without any free tier."""
    assert float(str(as_json(capsys, "--environment", "lake")["idle_monthly"])) < 15
