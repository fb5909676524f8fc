"""The quick reader of our own JSON: it says what the careful one says, or nothing."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import json as careful
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.plain_json import PlainJson
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point
from tests.support.events import ARRIVAL_MS, batch, metric
from tests.support.points import LIMITS

_READER = PlainJson(PointValidator(LIMITS))


def _record(body: bytes) -> StreamRecord:
    return StreamRecord("json", "-", "r", ARRIVAL_MS, 7, "s", body)


def _quickly(body: bytes, reader: PlainJson) -> list[Point] | None:
    """The points by the quick reader, None if it leaves the body to the careful one."""
    points: list[Point] = []
    is_read = reader.read(body, _record(body), points)
    assert is_read or not points
    return points if is_read else None


def _carefully(body: bytes) -> list[Point] | None:
    """The points by the careful reader, None if there is something to refuse."""
    try:
        reading = careful.read(_record(body), PointValidator(LIMITS), DimensionMapping())
    except InvalidBody:
        return None
    return None if reading.refusals else reading.points


def _check(body: bytes) -> None:
    """Once by a reader that sees everything for the first time, and twice by one that has seen much."""
    expected = _carefully(body)
    for reader in (PlainJson(PointValidator(LIMITS)), _READER, _READER):
        found = _quickly(body, reader)
        assert found is None or found == expected
        if found and expected:
            signs = [
                (math.copysign(1, a.value), math.copysign(1, b.value))
                for a, b in zip(found, expected, strict=True)
            ]
            assert all(one == other for one, other in signs)


_NUMBERS = st.sampled_from(
    "0 -0 -0.0 1.5 1e5 1E+2 1e400 -1e400 1e-400 9007199254740993 18446744073709551615 18446744073709551616 "
    "123456789012345678901234567890 2.2250738585072011e-308 0.1 1.7976931348623157e308 1.7976931348623159e308 "
    f"01 1. .5 +1 - 1e NaN Infinity -Infinity {'1' * 400} {'9' * 309} 0.{'3' * 900} {ARRIVAL_MS} {ARRIVAL_MS}.0 "
    f"{ARRIVAL_MS}.5 {ARRIVAL_MS}e0 {ARRIVAL_MS + 900_000} {ARRIVAL_MS + 900_001} {-(2**70)} {-(2**63) - 1}".split()
)  # fmt: skip
_TEXTS = st.sampled_from(
    [
        *('"cpu"', '"system"', '"custom"', '"application"', '"a"', '"host"', '"h-1"'),
        *('""', '" "', '"é"', '"\x7f"', '"\u2028"', '"\x01"', '"a', '"time"', '"HOST"'),
        *('"\\u0041"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00x"', '"\\u0000"', '"\\n"', '"\\q"', '"\\u12"'),
        *('"2026-11-22T10:00:00Z"', f'"{ARRIVAL_MS}"', f'"{"x" * 300}"', '"metrics"', '"metric_name"'),
    ]
)  # fmt: skip
_LITERALS = st.sampled_from(["true", "false", "null", "nul", "{}", "[]", "[1,]", "{,}", ""])
_BLANKS = st.sampled_from([*[""] * 20, *[" ", "\n", "\t\r"] * 3, "\x0c", "\ufeff", "\x00"])
_OWN = ('"metric_name"', '"value"', '"metric_type"', '"timestamp"', '"dimensions"')
_FIELDS = st.sampled_from([*_OWN, '"dimension\\u0073"', '"other"', '"metrics"'])


def _object(
    fields: st.SearchStrategy[str], values: st.SearchStrategy[str], most: int = 3
) -> st.SearchStrategy[str]:
    pair = st.tuples(_BLANKS, fields, _BLANKS, values).map(
        lambda parts: f"{parts[0]}{parts[1]}{parts[2]}:{parts[3]}"
    )
    return st.lists(pair, max_size=most).map(lambda pairs: "{" + ",".join(pairs) + "}")


_ANYTHING = st.recursive(
    _NUMBERS | _TEXTS | _LITERALS,
    lambda inner: (
        _object(_TEXTS, inner) | st.lists(inner, max_size=2).map(lambda items: f"[{','.join(items)}]")
    ),
    max_leaves=4,
)
_DIMENSIONS = _object(_TEXTS, _TEXTS) | _ANYTHING


@st.composite
def _metrics(draw: st.DrawFn) -> str:
    """A metric that is right but for what is done to some of its fields."""
    good = {
        '"metric_name"': st.sampled_from(['"cpu"', '"mem"']),
        '"value"': st.just("1") | st.floats(allow_nan=False).map(repr) | _NUMBERS,
        '"metric_type"': st.just('"system"'),
        '"timestamp"': st.just(str(ARRIVAL_MS)) | _NUMBERS,
        '"dimensions"': st.just('{"host":"a","az":"b"}') | _DIMENSIONS,
    }
    seldom = st.sampled_from([0, 0, 0, 0, 1])
    left_out = draw(st.sets(st.sampled_from(list(good)), max_size=draw(seldom)))
    fields = [(name, draw(values)) for name, values in good.items() if name not in left_out]
    fields += draw(st.lists(st.tuples(st.sampled_from(list(good)), _ANYTHING), max_size=draw(seldom)))
    fields += draw(st.lists(st.tuples(_FIELDS, _ANYTHING), max_size=draw(seldom)))
    blank = draw(_BLANKS)
    return "{" + ",".join(f"{blank}{name}:{value}" for name, value in draw(st.permutations(fields))) + "}"


_BODIES = st.one_of(
    _metrics(),
    st.lists(_metrics(), max_size=3).map(lambda some: f'{{"metrics":[{",".join(some)}]}}'),
    _object(_FIELDS, _metrics() | _ANYTHING),
    _ANYTHING,
)


@settings(max_examples=400)
@given(_BODIES, _BLANKS, _BLANKS)
def test_what_the_quick_reader_takes_the_careful_one_takes_alike(body: str, before: str, after: str) -> None:
    """The same points, and none of a body of which something is refused, whatever is sent."""
    _check(f"{before}{body}{after}".encode(errors="surrogatepass"))


@settings(max_examples=150)
@given(_metrics(), st.integers(0), st.binary(min_size=1, max_size=2))
def test_bytes_that_are_no_text_are_found_wherever_they_stand(body: str, place: int, wrong: bytes) -> None:
    """Also in what is said twice, of which the first is read by nobody."""
    data = body.encode(errors="surrogatepass")
    place %= len(data) + 1
    _check(data[:place] + wrong + data[place:])


@pytest.mark.parametrize(
    "fields",
    [
        '"dimensions":{"a":"\udcff"},"dimensions":{}',
        f'"dimensions":{"[" * 5000}{"]" * 5000},"dimensions":{{}}',
        f'"dimensions":{"[" * 600}{"]" * 600},"dimensions":{{}}',
        f'"dimensions":{"[" * 100}{"]" * 100},"dimensions":{{}}',
        f'"dimensions":{"[" * 100_000}',
        '"dimensions":{"a":1e999},"dimensions":{}',
        '"dimensions":{"a":"\\ud800"},"dimensions":{}',
        '"dimensions":{"a":"b","a":"c"}',
        f'"dimensions":{{{" " * 100_000}"a":"b"}}',
        f'"timestamp":{ARRIVAL_MS},"timestamp":{ARRIVAL_MS - 1}',
        '"value":2,"value":3',
    ],
)
def test_what_is_said_twice_or_nested_deep_is_judged_as_by_the_careful_reader(fields: str) -> None:
    """The last one counts, if all of it is JSON."""
    _check(f'{{"metric_name":"cpu","value":1,{fields}}}'.encode(errors="surrogateescape"))


def test_usual_bodies_need_no_closer_look() -> None:
    """One metric, or a list of them; with blanks; without what may be left out; in any script."""
    given: list[Any] = [
        metric(),
        batch(metric(timestamp=ARRIVAL_MS), metric("mem", value=3), {"metric_name": "up", "value": 1}),
        metric("温度", dimensions={"ort": "Zürich", "path": "C:\\temp"}),
    ]
    for body in given:
        for indent in (None, 2):
            data = json.dumps(body, indent=indent, ensure_ascii=indent is None).encode()
            assert _quickly(data, _READER) == _carefully(data) is not None


def test_a_series_is_known_again_by_what_the_client_wrote() -> None:
    """Written in another way it is found, too, and is the same object."""
    reader = PlainJson(PointValidator(LIMITS))
    bodies = [
        b'{"metric_name":"cpu","value":1,"dimensions":{"a":"b","c":"d"}}',
        b'{"metric_name":"cpu","value":1,"dimensions":{ "c":"d", "a":"\\u0062" }}',
        b'{"metric_type":"application","metric_name":"cpu","value":1,"dimensions":{"a":"b","c":"d"}}',
    ]
    found = [point for body in bodies for point in _quickly(body, reader) or []]
    assert len({id(point.series) for point in found}) == len({point.series for point in found})
    assert found[0].series is found[1].series
