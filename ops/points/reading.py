"""Points as people keep them: a request, a metric, an array of metrics, or lines of any of these."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.domain.ingest.formats.json import decode, parse
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.violation import Reason, Violation
from templates.config.pipeline import Stream


@dataclass(frozen=True, slots=True)
class Located:
    """A metric and its place; or what is wrong there, if no metric can be told."""

    place: str
    found: object


def read_points(text: bytes, stream: Stream) -> Iterator[Located]:
    """The metrics of a file, whichever of the forms it is in; a `Violation` in the place of what is none.

    A body is a request, and has to fit into a record of the stream.
    """
    if not text.strip():
        yield Located("", Violation(Reason.BODY_NOT_JSON, "body", "there is nothing in it"))
        return
    try:
        whole = decode(text)
    except InvalidBody:
        yield from _lines(text, stream)
        return
    if isinstance(whole, list):
        yield from (Located(f"[{index}]", one) for index, one in enumerate(whole))
    else:
        yield from _body("", text, stream)


def _lines(text: bytes, stream: Stream) -> Iterator[Located]:
    """The metrics of each line; a file of which not even the first line is JSON was meant as one text."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not _is_json(lines[0][1]):
        yield Located("", _not_json(text))
        return
    for number, line in lines:
        yield from _body(f"line {number}", line, stream)


def _body(place: str, text: bytes, stream: Stream) -> Iterator[Located]:
    try:
        metrics = parse(text)
    except InvalidBody as error:
        violation = error.violation
        yield Located(place, _not_json(text) if violation.reason is Reason.BODY_NOT_JSON else violation)
        return
    if len(text) > stream.max_record_kib * 1024:
        message = (
            f"{len(text):,} bytes; a request has at most {stream.largest_record} (413): send it in parts"
        )
        yield Located(place, Violation(Reason.BODY_FORM, "body", message))
    if len(metrics) == 1 and not text.lstrip().startswith(b'{"metrics"') and "metrics" not in decode(text):
        yield Located(place, metrics[0])
        return
    before = f"{place} " if place else ""
    yield from (Located(f"{before}metrics[{index}]", one) for index, one in enumerate(metrics))


def _is_json(text: bytes) -> bool:
    try:
        decode(text)
    except InvalidBody:
        return False
    return True


def _not_json(text: bytes) -> Violation:
    """The place at which a text stops being JSON."""
    try:
        json.loads(text.decode())
    except UnicodeDecodeError as error:
        return Violation(Reason.BODY_NOT_JSON, "body", f"not UTF-8 from byte {error.start} on")
    except json.JSONDecodeError as error:
        said = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        return Violation(Reason.BODY_NOT_JSON, "body", said)
    except RecursionError:
        return Violation(Reason.BODY_NOT_JSON, "body", "nested too deeply")
    return Violation(Reason.BODY_NOT_JSON, "body", "not JSON in UTF-8")
