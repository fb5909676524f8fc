"""Notes on rules that no point can match: a metric or dimension that none has is misspelled, or may still come."""

from collections.abc import Collection, Iterable, Iterator, Sequence, Set

from handlers.domain.alerts.rules.rule import Rule
from ops.errors import OperatorError
from ops.output import sanitize
from ops.stack import Target
from ops.store.quoted import quoted_text


def notes(target: Target, rules: Sequence[Rule]) -> Iterator[str]:
    """A line for each metric of the rules that no point of the last day has, and each dimension that none ever had."""
    known = target.dimension_names()
    metrics = {side.metric_name for rule in rules for side in rule.sides}
    try:
        arriving = arriving_metrics(target, metrics)
    except OperatorError as error:
        # A table has no columns before its first point, and a rule may be applied without the store.
        yield f"the store cannot say which metrics arrive: {sanitize(str(error))}"
        arriving = metrics
    for rule in rules:
        for name in dict.fromkeys(side.metric_name for side in rule.sides):
            if name not in arriving:
                yield f"{rule.rule_id}: no point of {sanitize(name)!r} came within a day"
        yield from unknown_dimensions([rule], known)


def unknown_dimensions(rules: Iterable[Rule], known: Collection[str]) -> Iterator[str]:
    """A line for each dimension of the rules that is not among the known ones; names are told apart by their case."""
    for rule in rules:
        for name in dict.fromkeys([*rule.by, *(name for side in rule.sides for name, _ in side.match)]):
            if name not in known:
                yield f"{rule.rule_id}: no point has had a dimension {sanitize(name)!r} so far"


def arriving_metrics(target: Target, names: Set[str]) -> Set[str]:
    """Those of the metrics of which a point came within a day; OperatorError when the store does not say."""
    if not names:
        return set()
    store = target.store()
    listed = ", ".join(map(quoted_text, sorted(names)))
    _, rows = store.select(
        f"SELECT metric_name FROM {store.points} WHERE {store.since('1d')} "  # noqa: S608 - quoted
        f"AND metric_name IN ({listed}) GROUP BY metric_name"
    )
    return {name for [name] in rows}
