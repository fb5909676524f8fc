"""InfluxDB's line protocol as points."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from handlers.domain.ingest.formats import json
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.influx import read
from handlers.domain.ingest.reading import MAX_SAMPLES, InvalidBody, Reading
from handlers.domain.ingest.validator import NotFinite, PointValidator
from tests.support.events import ARRIVAL_MS, records
from tests.support.points import LIMITS

NS = ARRIVAL_MS * 1_000_000
[RECORD] = records({})


def reading(body: str | bytes, precision: str = "ns") -> Reading:
    """The reading of a body that was sent with this precision."""
    data = body if isinstance(body, bytes) else body.encode()
    record = replace(RECORD, format=f"influx-{precision}", data=data)
    return read(record, PointValidator(LIMITS), DimensionMapping())


def rows(body: str | bytes, precision: str = "ns") -> list[tuple[str, dict[str, str], int, float]]:
    """Each point's name, dimensions, time and value; nothing is refused."""
    found = reading(body, precision)
    assert found.refusals == []
    return [
        (point.series.metric_name, dict(point.series.dimensions), point.time_ns, point.value)
        for point in found.points
    ]


def refused(found: Reading) -> list[tuple[int, str, object]]:
    """The index, the reason and the payload of what is refused."""
    return [(index, str(violation.reason), found.payload(index)) for index, violation in found.refusals]


def test_each_field_of_a_line_is_a_point() -> None:
    """Named after the measurement and the field; the field `value` gives the measurement's own name."""
    body = f"cpu,host=a,region=eu usage=0.5,value=7i,up=t {NS}"
    dimensions = {"host": "a", "region": "eu"}
    assert rows(body) == [
        ("cpu_usage", dimensions, NS, 0.5),
        ("cpu", dimensions, NS, 7.0),
        ("cpu_up", dimensions, NS, 1.0),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(
            (text, 1.0)
            for text in ("t", "T", "true", "True", "TRUE", "1", "1i", "1u", "1.", "+1", "1e0", "10e-1")
        ),
        *((text, 0.0) for text in ("f", "F", "false", "False", "FALSE", "0", "-0", "0i", ".0", "1e-999")),
        ("-12i", -12.0),
        ("18446744073709551615u", 2.0**64),
        ("9007199254740993i", 2.0**53),
        ("-1.5E+3", -1500.0),
        (".5", 0.5),
    ],
)
def test_numbers_and_booleans_are_values(written: str, value: float) -> None:
    """Integers, unsigned ones and floats in all forms; the nearest double."""
    assert rows(f"m value={written} {NS}") == [("m", {}, NS, value)]


@pytest.mark.parametrize(
    ("written", "reason", "value"),
    [
        ("NaN", "value_not_finite", NotFinite("NaN")),
        ("-inf", "value_not_finite", NotFinite("-inf")),
        ("+Infinity", "value_not_finite", NotFinite("+Infinity")),
        ("1e999", "value_not_finite", NotFinite("Infinity")),
        ("9" * 400 + "i", "value_not_finite", NotFinite("Infinity")),
        ('"it is \\"up\\" \\\\ \\n"', "value_type", 'it is "up" \\ \\n'),
        ('""', "value_type", ""),
        ("", "value_missing", None),
        *(
            (text, "value_type", text)
            for text in ("1.5i", "-1u", "0x10", "1_0", "tRUE", "1e", "١", "a=b", "\t1")
        ),
    ],
)
def test_a_field_that_is_no_number_costs_itself_alone(written: str, reason: str, value: object) -> None:
    """Its neighbours of the same line are points; it is kept as our JSON has a metric."""
    found = reading(f"m,host=a before=1,bad={written},after=2 {NS}")
    assert [point.value for point in found.points] == [1.0, 2.0]
    payload = {"metric_name": "m_bad", "value": value, "timestamp": ARRIVAL_MS}
    payload |= {"metric_type": "application", "dimensions": {"host": "a"}}
    if value is None:
        del payload["value"]
    assert refused(found) == [(1, reason, payload)]


@pytest.mark.parametrize(
    ("key", "name", "dimensions"),
    [
        (r"my\ cpu\,0\=x,ta\ g\,\==v\ 1\,\=", r"my cpu,0\=x", {"ta_g__": "v 1,="}),
        (r"C:\temp,dir=D:\a\\b", r"C:\temp", {"dir": r"D:\a\\b"}),
        (r'"cpu",host="a"', '"cpu"', {"host": '"a"'}),
        ("a=b,k=v=w", "a=b", {"k": "v=w"}),
        ("m,empty=,host=a", "m", {"host": "a"}),
        (
            "m,host.name=a,cpu-id=0,0=z,time=t",
            "m",
            {"host_name": "a", "cpu_id": "0", "_0": "z", "_time": "t"},
        ),
        ("m,a.b=1,a-b=2", "m", {"a_b": "2;1"}),
        ("wörld,ort=Köln", "wörld", {"ort": "Köln"}),
    ],
)
def test_names_and_tags_are_read_as_influxdb_documents_it(
    key: str, name: str, dimensions: dict[str, str]
) -> None:
    """Backslashes escape what separates, and nothing else; an empty tag is absent; names are mapped."""
    assert rows(f"{key} value=1 {NS}") == [(name, dimensions, NS, 1.0)]


def test_a_field_key_may_be_escaped_too() -> None:
    """Comma, equals sign and space."""
    assert rows(rf"m a\ b\,c\=d=1 {NS}") == [("m_a b,c=d", {}, NS, 1.0)]


def test_a_tag_says_the_type_of_its_points() -> None:
    """If its value is one of our types; it is no dimension then."""
    [point] = reading(f"m,metric_type=business,host=a value=1 {NS}").points
    assert (point.series.metric_type, point.series.dimensions) == ("business", (("host", "a"),))
    assert rows(f"m,metric_type=other value=1 {NS}") == [("m", {"_metric_type": "other"}, NS, 1.0)]


def test_blank_lines_comments_and_line_ends_are_no_samples() -> None:
    """Windows's line ends, spaces before, between and after the parts, and no line end at all."""
    body = f'# a comment, "open\r\n\r\n  \n  m  value=1   {NS}  \r\n\t# x=1 y=2\nm value=2 {NS}'
    assert [value for *_, value in rows(body)] == [1.0, 2.0]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"# only\n#comments", b"\r\n"])
def test_a_request_without_lines_has_no_samples(body: bytes) -> None:
    """And is no error."""
    assert reading(body).received == 0


def test_strings_may_hold_line_breaks() -> None:
    """The line goes on behind them; the string itself is no value."""
    text = 'log,host=a text="one\ntwo v=1 5\n\\"three\\"",n=3 '
    found = reading(f"{text}{NS}\nm value=1 {NS}\n")
    assert [point.series.metric_name for point in found.points] == ["log_n", "m"]
    [(_, reason, payload)] = refused(found)
    assert (reason, payload["value"]) == ("value_type", 'one\ntwo v=1 5\n"three"')  # type: ignore[index]


@pytest.mark.parametrize(
    "line",
    [
        "m",
        "m ",
        "m,host=a",
        "m,host value=1",
        "m,=a value=1",
        "m, value=1",
        ",host=a value=1",
        "m value",
        "m =1",
        "m a=1,",
        "m a=1,b",
        "m a=1, b=2",
        "m a=1 12x",
        "m a=1 1.5",
        "m a=1 +5",
        "m a=1 5 6",
        f"m a=1 {'9' * 31}",
        "m,host=a b value=1",
        'm text="never closed',
        'm text="closed"junk',
        'm text="closed" junk',
        r"m\ a=1",
        '{"metric_name":"a","value":1}',
        "\x00\x01\x02",
    ],
)
def test_a_broken_line_costs_itself_alone(line: str) -> None:
    """It counts as one, and is kept as it was written; nothing of it is a point."""
    found = reading(f"a value=1 {NS}\n{line}\nb value=2 {NS}")
    assert [(point.series.metric_name, point.request_index) for point in found.points] == [("a", 0), ("b", 2)]
    assert refused(found) == [(1, "line_invalid", line.strip(" "))]


def test_an_open_string_does_not_take_the_next_ones_with_it() -> None:
    """A quotation mark further on closes nothing, if what follows is no line."""
    found = reading(f'a text="open\nb text="closed",n=1 {NS}\nc text="open again\nd value=1 {NS}')
    assert [point.series.metric_name for point in found.points] == ["b_n", "d"]
    assert [reason for _, reason, _ in refused(found)] == ["line_invalid", "value_type", "line_invalid"]


def test_a_tag_that_comes_twice_is_refused() -> None:
    """With each field of its line, as there is no telling which is meant."""
    found = reading(f"m,host=a,host=b x=1,y=2 {NS}\nm,host=a x=1 {NS}")
    assert [reason for _, reason, _ in refused(found)] == ["dimension_name_repeated"] * 2
    assert len(found.points) == 1


def test_a_byte_that_is_no_utf8_costs_its_own_line_only() -> None:
    """It is in a name or a value, and that is refused."""
    found = reading(f"m,host=\xff value=1 {NS}\n".encode("latin-1") + f"m value=1 {NS}".encode())
    assert [reason for _, reason, _ in refused(found)] == ["dimension_value_characters"]
    assert len(found.points) == 1


@pytest.mark.parametrize(
    "body", [b'{"metrics":\n [{}]\n}', b"\x1f\x8b\x08\x00\n\xff", b"hello world", b'"', b"\\"]
)
def test_a_body_without_a_line_is_unreadable(body: bytes) -> None:
    """It is something else, and is kept whole."""
    with pytest.raises(InvalidBody) as caught:
        reading(body)
    assert caught.value.violation.reason == "body_not_lines"


SECOND = ARRIVAL_MS // 1000


@pytest.mark.parametrize(
    ("precision", "time"),
    [
        ("ns", NS),
        ("us", ARRIVAL_MS * 1000),
        ("ms", ARRIVAL_MS),
        ("s", SECOND),
        ("m", SECOND // 60),
        ("h", SECOND // 3600),
        *(("auto", time) for time in (NS, ARRIVAL_MS * 1000, ARRIVAL_MS, SECOND)),
    ],
)
def test_times_have_the_precision_of_their_request(precision: str, time: int) -> None:
    """Or the one that their magnitude tells, as InfluxDB 3 has it."""
    [(_, _, time_ns, _)] = rows(f"m value=1 {time}", precision)
    units = {"m": 60 * 10**9, "h": 3600 * 10**9}
    unit_ns = units.get(precision, 1)
    assert time_ns == NS // unit_ns * unit_ns


@pytest.mark.parametrize(
    ("precision", "time", "reason", "hint"),
    [
        ("ns", SECOND, "timestamp_too_old", "looks like seconds; send nanoseconds"),
        ("ns", ARRIVAL_MS, "timestamp_too_old", "looks like milliseconds; send nanoseconds"),
        ("s", ARRIVAL_MS, "timestamp_in_future", "looks like milliseconds; send seconds"),
        ("ms", NS, "timestamp_in_future", "looks like nanoseconds; send milliseconds"),
        ("h", SECOND, "timestamp_in_future", "looks like seconds; send hours"),
        ("ns", -1, "timestamp_too_old", "keeps"),
        ("auto", -5, "timestamp_too_old", "keeps"),
        ("h", 10**29, "timestamp_in_future", "arrival"),
    ],
)
def test_a_time_in_the_wrong_unit_is_told_so(precision: str, time: int, reason: str, hint: str) -> None:
    """Before 1970 and beyond all years is refused as well."""
    [(_, violation)] = reading(f"m value=1 {time}", precision).refusals
    assert violation.reason == reason
    assert violation.message.endswith(hint)


def test_a_line_without_a_time_has_that_of_its_arrival() -> None:
    """One for all of its fields, and another than the next line's."""
    times = [point.time_ns for point in reading("m a=1,b=2\nm a=3,b=4").points]
    assert len(set(times)) == 2
    assert times[0] == times[1]
    assert {time // 1_000_000 for time in times} == {ARRIVAL_MS}


def test_points_that_are_refused_later_are_given_as_json() -> None:
    """A registry or a store may refuse a point; it can then be sent again."""
    found = reading(f"m,host=a load=0.5 {NS + 1}")
    assert found.payload(0) == {
        "metric_name": "m_load",
        "value": 0.5,
        "timestamp": "2025-11-22T00:00:00.000000001Z",
        "metric_type": "application",
        "dimensions": {"host": "a"},
    }


def test_series_of_a_batch_are_known_from_its_earlier_requests() -> None:
    """And of each is still counted what it has."""
    mapping, validator = DimensionMapping(), PointValidator(LIMITS)
    data = f"m,host=a load=1 {NS}".encode()
    some = [
        read(replace(RECORD, format=f, data=data), validator, mapping) for f in ("influx-ns", "influx-auto")
    ]
    assert some[0].points[0].series is some[1].points[0].series


PRINTABLE = st.characters(
    codec="utf-8", exclude_categories=("C", "Z"), include_characters=" ", exclude_characters="\\"
)
TEXTS = st.text(PRINTABLE, min_size=1, max_size=8).filter(lambda text: text.strip())
SAMPLES = st.lists(
    st.tuples(
        TEXTS.filter(lambda name: not name.startswith("#")),
        st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,5}x", fullmatch=True), TEXTS, max_size=4),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(NS - 10**15, NS),
    ),
    min_size=1,
    max_size=6,
)


def _escaped(text: str, characters: str) -> str:
    return "".join(f"\\{one}" if one in characters else one for one in text)


def _line(name: str, dimensions: dict[str, str], value: float, time_ns: int) -> str:
    tags = "".join(f",{tag}={_escaped(text, ' ,=')}" for tag, text in dimensions.items())
    return f"{_escaped(name, ' ,')}{tags} value={value!r} {time_ns}"


def _as_json(samples: Sequence[tuple[str, dict[str, str], float, int]]) -> bytes:
    seconds = [divmod(time_ns, 10**9) for *_, time_ns in samples]
    times = [f"{_utc(second)}.{rest:09}Z" for second, rest in seconds]
    return orjson.dumps(
        {
            "metrics": [
                {"metric_name": name, "dimensions": dimensions, "value": value, "timestamp": time}
                for (name, dimensions, value, _), time in zip(samples, times, strict=True)
            ]
        }
    )


def _utc(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@given(SAMPLES)
def test_the_same_points_as_lines_and_as_json_are_the_same(
    samples: list[tuple[str, dict[str, str], float, int]],
) -> None:
    """Names, dimensions, times to the nanosecond, and values to the last bit."""
    lines = "\n".join(_line(*sample) for sample in samples).encode()
    validator = PointValidator(LIMITS)
    of_lines = read(replace(RECORD, format="influx-ns", data=lines), validator, DimensionMapping())
    of_json = json.read(replace(RECORD, data=_as_json(samples)), validator, DimensionMapping())
    assert of_lines.received == of_json.received == len(samples)
    assert [point[:4] for point in of_lines.points] == [point[:4] for point in of_json.points]
    assert [(index, why.reason) for index, why in of_lines.refusals] == [
        (index, why.reason) for index, why in of_json.refusals
    ]


GOOD = [f"a,t=1 x=1,y=2i {NS}", f'b s="one\ntwo",z=3 {NS}', r"c\ d,e=f\, g=t", f"# none\nh i=1.5e3 {NS}"]


@given(
    st.lists(st.sampled_from(GOOD), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from('",= \\\n\r#\x00é"i1t-.')), max_size=4),
)
def test_lines_that_were_changed_anyhow_are_points_or_refused(
    lines: list[str], changes: list[tuple[int, str]]
) -> None:
    """Each index is there once, and can be shown; nothing but `InvalidBody` is raised."""
    body = "\n".join(lines)
    for place, character in changes:
        body = body[: place % len(body)] + character + body[place % len(body) + place % 2 :]
    with suppress(InvalidBody):
        found = reading(body)
        indexes = [point.request_index for point in found.points] + [index for index, _ in found.refusals]
        assert sorted(indexes) == list(range(found.received))
        assert all(orjson.dumps(found.payload(index), default=str) for index in indexes)


@given(st.binary(max_size=80))
def test_any_bytes_are_lines_or_unreadable(body: bytes) -> None:
    """Nothing that a client sends raises anything else."""
    with suppress(InvalidBody):
        reading(body)


def test_lines_of_many_open_strings_are_read_in_time() -> None:
    """A body of a hundred thousand of them costs no more than another."""
    body = 'm s="\\"\n' * 100_000
    started = time.process_time()
    with suppress(InvalidBody):
        reading(body)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("line", ["m v=1\n", "x\n", 'm v=""\n'])
def test_a_body_of_too_many_samples_is_refused_whole(line: str) -> None:
    """Whatever they are: a batch is held in memory with all that is refused of it."""
    with pytest.raises(InvalidBody) as caught:
        reading(line * (MAX_SAMPLES + 1))
    assert caught.value.violation.reason == "body_too_large"
