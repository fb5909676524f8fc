"""History as rules ask for it."""

from handlers.domain.alerts.rules.reading import read_rule
from ops.history.asked import asked_of
from tests.support.rules import a_ratio, a_rule


def test_each_metric_is_asked_for_once() -> None:
    """By all dimensions that any rule groups by or matches, in the step that all their periods consist of."""
    rules = [
        a_rule(by=["host"], period=300),
        a_rule(rule_id="other", match={"env": "prod"}, period=120),
        read_rule(a_ratio(period=60)),
    ]
    cpu, errors, requests = asked_of(rules)
    assert (cpu.metric_name, cpu.dimensions, cpu.unit_ns) == ("cpu.load", ("env", "host"), 60 * 10**9)
    assert len(cpu.selections) == 2
    assert (errors.metric_name, errors.dimensions) == ("http.errors", ("service", "status"))
    assert (requests.metric_name, requests.whole_series) == ("http.requests", False)


def test_counters_are_asked_for_by_series_and_to_the_nanosecond() -> None:
    """Also where another rule wants less of the metric."""
    [metric] = asked_of([a_rule(), a_rule(rule_id="grows", statistic="increase")])
    assert (metric.whole_series, metric.unit_ns) == (True, 1)


def test_a_dimension_that_no_point_spells_so_is_not_asked_for() -> None:
    """A store that folds case would group by, and match, what a rule in force never sees."""
    [metric] = asked_of([a_rule(by=["Host", "rack"], match={"Env": "prod"})], {"host", "env", "rack"})
    assert metric.dimensions == ("rack",)
