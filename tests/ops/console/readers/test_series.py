"""The SQL of the Explore page, and its questions in addresses."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.console.place import Place
from ops.console.readers.catalogue import first_choice, read_metrics, read_series, varying
from ops.console.readers.series import AGGREGATIONS, RANGES, Question, sql_of
from ops.console.readers.sql import ask

HOSTILE = """'; DROP TABLE "x"; -- <img src=x onerror=alert(1)> {{7*7}}"""
_TEXTS = st.text(max_size=20)
_QUESTIONS = st.builds(
    Question,
    metric=_TEXTS,
    aggregation=st.sampled_from(list(AGGREGATIONS)),
    by=st.lists(_TEXTS, max_size=3, unique=True).map(tuple),
    where=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3).map(tuple),
    ago=st.sampled_from(list(RANGES)),
)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_each_aggregation_draws_a_line_for_each_group(
    place: Place, points: list[tuple[int, str, float]], aggregation: str
) -> None:
    """The statement is Timestream's, and its answer has the lines that were asked for."""
    question = Question("cpu.user", aggregation, by=("core",), ago="1h")
    lines = ask(place, sql_of(question, place.store())).lines()
    assert [line.name for line in lines] == ["core=0", "core=1", "core=10"]
    assert all(10 <= len(line.points) <= len(points) for line in lines)


@pytest.mark.parametrize("ago", RANGES)
@pytest.mark.usefixtures("points")
def test_each_range_is_drawn_in_some_hundred_points(place: Place, ago: str) -> None:
    """Bins are Timestream's own, and few enough for a chart."""
    question = Question("cpu.user", ago=ago, where=(("core", "1"),))
    (line,) = ask(place, sql_of(question, place.store())).lines()
    unit = {"s": 1, "m": 60, "h": 3600}[RANGES[ago].bin[-1]]
    assert 150 <= RANGES[ago].seconds / (int(RANGES[ago].bin[:-1]) * unit) <= 400
    assert line.points


@pytest.mark.usefixtures("points")
def test_hostile_names_are_only_names(place: Place) -> None:
    """A metric's name is text to Timestream, and so is a value of a dimension."""
    question = Question(HOSTILE, where=(("core", HOSTILE),))
    assert ask(place, sql_of(question, place.store())).rows == []


@given(_QUESTIONS)
def test_an_address_asks_the_same_question(question: Question) -> None:
    """A chart can be sent to somebody as a link."""
    assert Question.read(question.parameters()) == question


@pytest.mark.parametrize(
    "parameters",
    [
        {"agg": "evil", "ago": "1 year", "by": "core", "where": '{"a": 1}'},
        {"by": '[1, {"a": 2}, null]', "where": '["a", ["b"], [1, 2, 3]]'},
        {"by": "[" * 100_000, "where": "null"},
    ],
)
def test_a_wrong_address_asks_the_usual(parameters: dict[str, str]) -> None:
    """Nothing in an address is believed."""
    assert Question.read({"metric": "m", **parameters}) == Question("m")


def test_the_catalogue_says_what_to_draw_first(place: Place, points: list[tuple[int, str, float]]) -> None:
    """That is this machine's CPU, by the dimension that has some values."""
    metrics = read_metrics(place)
    chosen = first_choice(metrics)
    assert chosen is not None
    assert (chosen.name, varying(chosen)) == ("cpu.user", ("core",))
    assert sum(series.last.points for series in read_series(place, chosen)) == len(points)
    assert varying(replace(chosen, dimensions={"one": 1, "many": 1000})) == ()
    assert first_choice([]) is None
