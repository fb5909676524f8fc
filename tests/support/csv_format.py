"""A toy of a format, to show what one takes: a module with `read`."""

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import MISSING, PointValidator
from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation


def read(record: StreamRecord, validator: PointValidator, _: DimensionMapping) -> Reading:
    """The points of lines `metric_name,host,value`, all of them at the record's arrival."""
    lines = record.data.decode(errors="replace").splitlines()
    if not lines:
        raise InvalidBody(Violation(Reason.BODY_FORM, "body", "a body has a line at least"))
    reading = Reading(lines.__getitem__)
    for index, line in enumerate(lines):
        found = _read_line(line, index, record, validator)
        if isinstance(found, Point):
            reading.points.append(found)
        else:
            reading.refusals.append((index, found))
    return reading


def _read_line(line: str, index: int, record: StreamRecord, validator: PointValidator) -> Point | Violation:
    name, host, number = [*line.split(",", 2), "", ""][:3]
    series = validator.series(name, "system", {"host": host} if host else {})
    if isinstance(series, Violation):
        return series
    try:
        value = validator.value(float(number) if number else MISSING)
    except ValueError:
        value = Violation(Reason.VALUE_TYPE, "value", "a value is a number")
    if isinstance(value, Violation):
        return value
    return Point(series, validator.arrival_ns(index, record), value, index, record)
