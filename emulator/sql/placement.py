"""The places of aggregates and window functions: not inside each other, nor in clauses before there are groups."""

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from emulator.sql.binder import ExpressionBinder

APART = (exp.Subquery, exp.Select, exp.Exists, exp.Lambda)
"""What has columns and aggregates of its own."""

IsAggregate = Callable[[exp.Expression], bool]


def refuse_in_clause(
    binder: ExpressionBinder, node: exp.Expression, clause: str, is_aggregate: IsAggregate
) -> None:
    """Refuse an aggregate or window function in a clause for which there are no groups yet."""
    for part in _own(node):
        if isinstance(part, exp.Window) or is_aggregate(part):
            what = "aggregations, window functions or grouping operations"
            raise binder.refuse(f"{clause} cannot contain {what}", part)


def refuse_windows(binder: ExpressionBinder, nodes: Sequence[exp.Expression], message: str) -> None:
    """Refuse a window function in any of the nodes."""
    for part in (part for node in nodes for part in _own(node)):
        if isinstance(part, exp.Window):
            raise binder.refuse(message, part)


def refuse_aggregates(
    binder: ExpressionBinder, nodes: Sequence[exp.Expression], message: str, is_aggregate: IsAggregate
) -> None:
    """Refuse an aggregate in any of the nodes."""
    for part in (part for node in nodes for part in _own(node)):
        if is_aggregate(part):
            raise binder.refuse(message, part)


def _own(node: exp.Expression) -> Iterator[exp.Expression]:
    """A node and what is below it, but for queries and lambdas."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, APART):
            continue
        yield part
        waiting.extend(part.iter_expressions())
