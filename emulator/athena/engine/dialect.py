"""Athena's SQL besides Trino's core: names in its one catalog, maps, binary values, times with a time zone."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from emulator.sql import Dialect, InvalidQueryError
from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.casts import bind_cast
from emulator.sql.coercion import coerce
from emulator.sql.functions import SCALAR_FUNCTIONS
from emulator.sql.timestamps import now_sql
from emulator.sql.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    NANOSECONDS_TZ,
    TIMESTAMP_TZ,
    VARBINARY,
    VARCHAR,
    array,
)

CATALOG = "awsdatacatalog"


def dialect(database: str, catalog: str = CATALOG) -> Dialect:
    """The dialect of a query or view in whose database a name without one is."""
    return Dialect(
        FUNCTIONS,
        table=_names(database.lower(), catalog.lower()),
        time_zones=True,
        timestamp_digits=3,
        text_as_time=False,
    )


def _names(database: str, catalog: str) -> Callable[[Sequence[str]], tuple[str, str]]:
    def table(parts: Sequence[str]) -> tuple[str, str]:
        *before, table = (part.lower() for part in parts)
        owner = before[0] if len(before) == 2 else catalog
        if owner != CATALOG:
            raise InvalidQueryError(f"Catalog '{owner}' does not exist")
        return before[-1] if before else database, table

    return table


def _date(call: Call) -> BoundExpression:
    """A cast to date, of text too."""
    if len(call.nodes) != 1:
        raise call.mismatch(call.arguments())
    to = exp.DataType(this=exp.DType.DATE, nested=False)
    return bind_cast(call.binder, exp.Cast(this=call.nodes[0], to=to), call.scope)


def _map(call: Call, count: int) -> list[BoundExpression]:
    arguments = call.arguments()
    if len(arguments) != count or arguments[0].type.name != "MAP":
        raise call.mismatch(arguments)
    return arguments


def _element_at(call: Call) -> BoundExpression:
    """The value of a key, or the element of an array; NULL if it is not there."""
    arguments = call.arguments()
    if not arguments or arguments[0].type.name != "MAP":
        return SCALAR_FUNCTIONS["element_at"](call)
    owner, given = _map(call, 2)
    key = coerce(given, owner.type.of[0])
    if key is None:
        raise call.mismatch([owner, given])
    return BoundExpression(f"{owner.sql}[{key.sql}]", owner.type.of[1], nan=True)


def _keys_or_values(call: Call) -> BoundExpression:
    (owner,) = _map(call, 1)
    kind = owner.type.of[0 if call.name == "map_keys" else 1]
    return BoundExpression(f"{call.name}({owner.sql})", array(kind), nan=True)


def _cardinality(call: Call) -> BoundExpression:
    arguments = call.arguments()
    if len(arguments) == 1 and arguments[0].type.name == "MAP":
        return BoundExpression(f"CAST(cardinality({arguments[0].sql}) AS BIGINT)", BIGINT)
    return SCALAR_FUNCTIONS["cardinality"](call)


def _from_iso8601(call: Call) -> BoundExpression:
    read = SCALAR_FUNCTIONS["from_iso8601_timestamp"](call)
    return BoundExpression(f"({read.sql} // 1000000 * 1000000)", TIMESTAMP_TZ)


_NOW = returning(TIMESTAMP_TZ, f"{now_sql(0)} // 1000000 * 1000000")

FUNCTIONS: dict[str, Function] = {
    "cardinality": _cardinality,
    "current_timestamp": _NOW,
    "date": _date,
    "element_at": _element_at,
    "from_iso8601_timestamp": _from_iso8601,
    "from_unixtime": returning(TIMESTAMP_TZ, "CAST(round({0} * 1e3) AS BIGINT) * 1000000", DOUBLE),
    "from_unixtime_nanos": returning(NANOSECONDS_TZ, "{0}", BIGINT),
    "from_base64": returning(VARBINARY, "from_base64({0})", VARCHAR),
    "from_hex": returning(VARBINARY, "unhex({0})", VARCHAR),
    "from_utf8": returning(VARCHAR, "decode({0})", VARBINARY),
    "map_keys": _keys_or_values,
    "map_values": _keys_or_values,
    "now": _NOW,
    **{name: returning(VARBINARY, f"unhex({name}({{0}}))", VARBINARY) for name in ("md5", "sha1", "sha256")},
    "starts_with": function(Signature((VARCHAR, VARCHAR), BOOLEAN, "starts_with({0}, {1})")),
    "to_base64": returning(VARCHAR, "to_base64({0})", VARBINARY),
    "to_hex": returning(VARCHAR, "hex({0})", VARBINARY),
    "to_unixtime": function(
        *(
            Signature((kind,), DOUBLE, "CAST({0} // 1000 AS DOUBLE) / 1e6")
            for kind in (TIMESTAMP_TZ, NANOSECONDS_TZ)
        )
    ),
    "to_utf8": returning(VARBINARY, "encode({0})", VARCHAR),
}
