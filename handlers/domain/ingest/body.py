"""From a request's body to its metrics, still as the client wrote them."""

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.violation import Reason, Violation


class Unreadable(Exception):  # noqa: N818 -- the domain's word: a record of which no metric can be told
    """No metric can be told from this body."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


@dataclass(frozen=True)
class NotFinite:
    """A number that no double holds, kept as it was written."""

    literal: str


def read_record(record: StreamRecord) -> list[Any]:
    """The metrics of a request; `Unreadable` when the record is not one of ours or its body cannot be read."""
    if record.violation:
        raise Unreadable(record.violation)
    return read_metrics(record.data)


def read_metrics(data: bytes) -> list[Any]:
    """The metrics of a body, at least one; `Unreadable` when it is in neither of the two forms."""
    body = _parse(data)
    if not isinstance(body, dict):
        raise Unreadable(
            Violation(Reason.BODY_FORM, "body", "a body is one metric, or an object with `metrics`")
        )
    if "metrics" not in body:
        return [body]
    metrics = body["metrics"]
    if not isinstance(metrics, list) or not metrics or len(body) > 1:
        message = "`metrics` is a list of at least one metric, and stands alone in its object"
        raise Unreadable(Violation(Reason.BODY_FORM, "metrics", message))
    return metrics


def _parse(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_leniently(data)


def _parse_leniently(data: bytes) -> Any:
    """Reads what orjson refuses whole, so that one number or one broken character costs one metric only."""
    try:
        return json.loads(data.decode(), parse_float=_number, parse_int=_number, parse_constant=NotFinite)
    except (ValueError, RecursionError) as error:
        raise Unreadable(Violation(Reason.BODY_NOT_JSON, "body", "the body is not JSON in UTF-8")) from error


def _number(literal: str) -> int | float | NotFinite:
    if len(literal) < 19 and literal.lstrip("-").isdigit():
        return int(literal)
    number = float(literal)
    return number if math.isfinite(number) else NotFinite(literal)
