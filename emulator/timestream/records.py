"""Turn the records of a WriteRecords call into points, or refuse the whole call."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from emulator.timestream import values
from emulator.timestream.errors import ValidationException
from emulator.timestream.values import Value

MAX_RECORDS = 100
MAX_DIMENSIONS = 128
UNIT_NS = {"SECONDS": 1_000_000_000, "MILLISECONDS": 1_000_000, "MICROSECONDS": 1_000, "NANOSECONDS": 1}
# https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html#limits.naming
# In any case: SQL folds it, so that a dimension `Time` would hide the time from every query.
_RESERVED = frozenset({"time", "measure_value", "ts_non_existent_col"})
# The last is ours: columns of single measures are named so.
_RESERVED_PREFIXES = ("ts_", "measure_name", "measure_value::")
_CACHED = 150_000
_MAX_LONG = 2**63 - 1

# https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html; texts count by length.
_TYPE_BYTES = {"DOUBLE": 8, "BIGINT": 8, "TIMESTAMP": 8, "BOOLEAN": 1, "VARCHAR": 0}


class Identity:
    """The identity of a point's series: its measure name, the kind of measure, and its dimensions.

    `series` and `columns` are filled in by the table when it first admits the series.
    """

    __slots__ = ("columns", "dimensions", "kind", "measure_name", "series", "size")

    def __init__(self, measure_name: str, kind: str, dimensions: Sequence[tuple[str, str]]) -> None:
        self.measure_name = measure_name
        self.kind = kind
        self.dimensions = tuple(sorted(dimensions))
        self.size = sum(len(name.encode()) + len(value.encode()) for name, value in dimensions)
        self.series = -1
        self.columns: tuple[str, ...] = ()

    def digest(self) -> bytes:
        """The 16 bytes that no other series shares (the kind is not part of it: a measure name has one)."""
        parts = [self.measure_name, *(part for pair in self.dimensions for part in pair)]
        encoded = [part.encode() for part in parts]
        lengths = ",".join(str(len(part)) for part in encoded).encode()
        return blake2b(lengths + b";" + b"".join(encoded), digest_size=16).digest()


class Layout:
    """The names and types of a record's measures, in the order they came.

    `size` is that of the values but for texts. `columns` is filled in by the table when it first admits the measures.
    """

    __slots__ = ("columns", "measures", "parsers", "size", "texts")

    def __init__(self, measures: Sequence[tuple[str, str]]) -> None:
        self.measures = tuple(measures)
        self.parsers: tuple[Callable[[Any, int], Value], ...] = tuple(
            values.PARSERS[kind] for _, kind in measures
        )
        self.size = sum(_TYPE_BYTES[kind] for _, kind in measures)
        self.texts = tuple(place for place, (_, kind) in enumerate(measures) if kind == "VARCHAR")
        self.columns: tuple[str, ...] = ()

    def text_bytes(self, measured: Sequence[Value]) -> int:
        """The size of the VARCHAR values among the measures."""
        return sum(len(str(measured[place]).encode()) for place in self.texts)


# A record as it goes to its table: whose it is, its measures, their values, its time in ns, its version.
Point = tuple[Identity, Layout, tuple[Value, ...], int, int]


class Decoder:
    """Reads the records of one table; what it has seen before it does not check again."""

    def __init__(self) -> None:
        self._identities: dict[tuple[Any, ...], Identity] = {}
        self._layouts: dict[tuple[Any, ...], Layout] = {}

    def decode(self, request: Mapping[str, Any]) -> list[Point]:
        """One point per record, in order; ValidationException when any record is malformed."""
        records = request.get("Records")
        common = request.get("CommonAttributes") or {}
        if (
            not isinstance(records, list)
            or not 1 <= len(records) <= MAX_RECORDS
            or not isinstance(common, dict)
        ):
            raise ValidationException(f"Records must be a list of 1 to {MAX_RECORDS} records.")
        if len(self._identities) > _CACHED or len(self._layouts) > _CACHED:
            self._identities, self._layouts = {}, {}
        try:
            shared = _pairs(common.get("Dimensions") or ())
            return [self._point(record, common, shared) for record in records]
        except (TypeError, KeyError, AttributeError) as error:
            raise ValidationException(
                "A record has a member that is missing or of the wrong type."
            ) from error

    def _point(self, record: dict[str, Any], common: dict[str, Any], shared: tuple[Any, ...]) -> Point:
        get, fallback = record.get, common.get
        own = get("Dimensions")
        dimensions = shared + _pairs(own) if own else shared
        name = get("MeasureName") or fallback("MeasureName")
        kind = get("MeasureValueType") or fallback("MeasureValueType") or "DOUBLE"
        key = (name, kind, dimensions)
        identity = self._identities.get(key)
        if identity is None:
            identity = self._identities[key] = _identity(name, kind, dimensions)
        unit = UNIT_NS.get(get("TimeUnit") or fallback("TimeUnit") or "MILLISECONDS")
        if unit is None:
            raise ValidationException("Invalid time unit for record.")
        layout, measured = self._measured(record, common, kind, unit)
        time = values.time_ns(get("Time") or fallback("Time"), unit)
        version = get("Version")
        if version is None:
            version = fallback("Version", 1)
        if version.__class__ is not int or not 1 <= version <= _MAX_LONG:
            raise ValidationException("Invalid version for record: it must be a whole number of at least 1.")
        return identity, layout, measured, time, version

    def _measured(
        self, record: dict[str, Any], common: dict[str, Any], kind: str, unit: int
    ) -> tuple[Layout, tuple[Value, ...]]:
        measures = record.get("MeasureValues") or ()
        if common.get("MeasureValues"):
            measures = [*common["MeasureValues"], *measures]
        single = record.get("MeasureValue") or common.get("MeasureValue")
        if kind != "MULTI":
            if measures:
                raise ValidationException("MeasureValues is only allowed for records of type MULTI.")
            layout = self._layouts.get((kind,))
            if layout is None:
                layout = self._layouts[(kind,)] = Layout([(f"measure_value::{kind.lower()}", kind)])
            return layout, (layout.parsers[0](single, unit),)
        if single is not None or not measures:
            raise ValidationException("A record of type MULTI has MeasureValues and no MeasureValue.")
        if len(measures) == 1:
            # What the pipeline sends.
            one = measures[0]
            key: tuple[Any, ...] = ((one["Name"], one["Type"]),)
        else:
            key = tuple([(measure["Name"], measure["Type"]) for measure in measures])
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = _layout(key)
        if len(measures) == 1:
            return layout, (layout.parsers[0](one["Value"], unit),)
        return layout, tuple(
            [parse(measure["Value"], unit) for parse, measure in zip(layout.parsers, measures, strict=True)]
        )


def check_name(name: Any, what: str) -> None:
    """Refuse a dimension or measure name that is empty, no text, or reserved."""
    if not isinstance(name, str) or not name:
        raise ValidationException(f"A {what} name must be a text of at least 1 character.")
    folded = name.lower()
    if folded in _RESERVED or folded.startswith(_RESERVED_PREFIXES):
        raise ValidationException(f"The {what} name '{name[:256]}' is reserved.")


def _pairs(dimensions: Sequence[dict[str, Any]]) -> tuple[tuple[Any, Any], ...]:
    for dimension in dimensions:
        if len(dimension) != 2 and dimension.get("DimensionValueType", "VARCHAR") != "VARCHAR":
            raise ValidationException("Invalid dimension value type for record: only VARCHAR is supported.")
    return tuple([(dimension["Name"], dimension["Value"]) for dimension in dimensions])


def _identity(name: Any, kind: Any, dimensions: tuple[tuple[Any, Any], ...]) -> Identity:
    if name is None:
        raise ValidationException("A measure name is required for a record.")
    check_name(name, "measure")
    if kind == "TIMESTAMP":
        raise ValidationException(
            "TIMESTAMP is an invalid measure value type: it is only allowed inside MULTI."
        )
    if kind != "MULTI" and kind not in values.PARSERS:
        raise ValidationException("Invalid measure value type for record.")
    if not dimensions:
        raise ValidationException("At least one dimension is required for a record.")
    if len(dimensions) > MAX_DIMENSIONS:
        raise ValidationException(f"A record has at most {MAX_DIMENSIONS} dimensions.")
    for dimension, value in dimensions:
        check_name(dimension, "dimension")
        if not isinstance(value, str) or not value:
            raise ValidationException("A dimension value must be a text of at least 1 character.")
    _refuse_repeats([dimension for dimension, _ in dimensions], "dimension")
    return Identity(name, kind, dimensions)


def _layout(measures: tuple[tuple[Any, Any], ...]) -> Layout:
    for name, kind in measures:
        check_name(name, "measure")
        if kind not in values.PARSERS:
            raise ValidationException("Invalid measure value type for record.")
    _refuse_repeats([name for name, _ in measures], "measure")
    return Layout(measures)


def _refuse_repeats(names: Sequence[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise ValidationException(f"A record must contain {what}s with unique names.")
