"""Two sets of firings beside each other."""

from handlers.domain.alerts.rules.selection import Group
from handlers.vocabulary import AlertState
from ops.rule_backtest.alerts import Firing
from ops.rule_backtest.comparison import compare
from tests.support.rules import a_rule


def firing(begin_s: int, end_s: int | None, group: Group = ("a",), by: tuple[str, ...] = ("host",)) -> Firing:
    """A firing of a group."""
    rule = a_rule(by=list(by))
    return Firing(rule, group, begin_s, [AlertState.ALARM], 1.0, 1.0, end_s)


def changes(tried: list[Firing], beside: list[Firing]) -> list[tuple[str, int, int]]:
    """The kind of each firing, its begin, and how many are beside it."""
    return [(one.change, one.firing.begin_s, len(one.beside)) for one in compare(tried, beside)]


def test_firings_that_overlap_are_the_same_alert() -> None:
    """However long each lasts, and if one of them was two."""
    tried = [firing(0, 10), firing(20, 60), firing(90, None)]
    beside = [firing(10, 20), firing(25, 30), firing(50, 95), firing(200, None)]
    assert changes(tried, beside) == [("+", 0, 0), ("-", 10, 0), ("=", 20, 2), ("=", 90, 2)]


def test_firings_of_other_groups_are_others() -> None:
    """At whatever time."""
    assert changes([firing(0, 10)], [firing(0, 10, ("b",))]) == [("+", 0, 0), ("-", 0, 0)]


def test_a_group_is_what_its_dimensions_are_whatever_their_order() -> None:
    """As `by` may name them in another one, and other dimensions are other groups."""
    both = [firing(0, 10, ("a", "b"), ("host", "env"))]
    assert changes(both, [firing(5, 15, ("b", "a"), ("env", "host"))]) == [("=", 0, 1)]
    assert changes(both, [firing(5, 15)]) == [("+", 0, 0), ("-", 5, 0)]
