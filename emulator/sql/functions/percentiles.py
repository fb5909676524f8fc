"""APPROX_PERCENTILE in all its forms: exact, and so within any accuracy that is asked for."""

from collections.abc import Sequence

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Aggregate, Call
from emulator.sql.coercion import coerce, structure
from emulator.sql.functions.ordered import ordered
from emulator.sql.types import BIGINT, DOUBLE, INTEGER, Type, array


def _approx_percentile(call: Call) -> tuple[str, Type, str]:
    """The smallest value with at least that share of all values, or of their weights, at or below it.

    (x, share), (x, weight, share), (x, weight, share, accuracy), with one share or an array of them.
    """
    arguments = call.arguments()
    if len(arguments) not in (2, 3, 4) or call.distinct or arguments[0].type not in (INTEGER, BIGINT, DOUBLE):
        raise call.mismatch(arguments)
    share = arguments[1 if len(arguments) == 2 else 2]
    several = share.type.name == "ARRAY"
    wanted = BoundExpression("", share.type.of[0]) if several else share
    weight = coerce(arguments[1], BIGINT) if len(arguments) > 2 else None
    weighted = len(arguments) == 2 or weight is not None
    if coerce(wanted, DOUBLE) is None or not weighted or coerce(arguments[-1], share.type) is None:
        raise call.mismatch(arguments)
    if len(arguments) == 4:
        _numbers(call, [call.nodes[3]], "Percentile accuracy")
    node = call.nodes[1 if len(arguments) == 2 else 2]
    shares = _numbers(call, node.expressions if several else [node], "Percentile")
    kind = array(arguments[0].type) if several else arguments[0].type
    value = ordered(call, arguments[0])
    if weight is None:
        return f"quantile_disc({value}, {_listed(shares, several=several)})", kind, "{}"
    pair = structure([BoundExpression(value, arguments[0].type), weight])
    found = [_weighted(share, arguments[0].type) for share in shares]
    chosen = f"CASE WHEN len(p) > 0 THEN {_listed(found, several=several)} END"
    return (
        f"list({pair} ORDER BY {value})",
        kind,
        f"list_extract(list_transform([{_PAIRS}], lambda p: {chosen}), 1)",
    )


def _listed(items: Sequence[str], *, several: bool) -> str:
    return f"[{', '.join(items)}]" if several else items[0]


_BAD_WEIGHT = "error('percentile weight must be > 0')"
_CHECKED = f"CASE WHEN x.f1 <= 0 THEN {_BAD_WEIGHT} ELSE x.f0 IS NOT NULL AND x.f1 IS NOT NULL END"
_PAIRS = f"list_filter({{}}, lambda x: {_CHECKED})"
_TOTAL = "CAST(list_sum(list_transform(p, lambda x: x.f1)) AS DOUBLE)"


def _weighted(share: str, kind: Type) -> str:
    """The SQL of the first value up to which the weights of the sorted pairs `p` add up to a share of them all."""
    none = f"CAST(NULL AS {kind.duck})"
    counted = f"list_transform(p, lambda x: {{{{'w': CAST(x.f1 AS HUGEINT), 'v': x.f0, 'r': {none}}}}})"
    enough = f"s.w + x.w >= {share} * {_TOTAL}"
    step = f"{{{{'w': s.w + x.w, 'v': x.v, 'r': CASE WHEN s.r IS NOT NULL THEN s.r WHEN {enough} THEN x.v END}}}}"
    first = f"{{{{'w': CAST(0 AS HUGEINT), 'v': {none}, 'r': {none}}}}}"
    return f"list_reduce({counted}, lambda s, x: {step}, {first}).r"


def _numbers(call: Call, nodes: Sequence[object], what: str) -> list[str]:
    numbers = [getattr(node, "name", "") for node in nodes]
    try:
        valid = all(0 <= float(number) <= 1 for number in numbers)
    except ValueError as error:
        raise call.lacks(f"{call.name} with a {what.lower()} that is no literal") from error
    if not valid:
        raise call.refuse(f"{what} must be between 0 and 1")
    return numbers


FUNCTIONS: dict[str, Aggregate] = {"approx_percentile": _approx_percentile}
