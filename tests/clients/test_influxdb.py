"""InfluxDB's clients for Python of versions 1, 2 and 3, unmodified."""

import math
import re
import subprocess
import time
from typing import Any

import pytest

from tests.support.documents import blocks
from tests.support.influx_writes import COMMAND, written
from tests.support.local_run import LocalRun, wait_for
from tests.support.otlp_clients import THROTTLED
from tests.support.stored_rows import Row, expect_rows, row, stored_rows

CLIENTS = ("v1", "v2", "v2-batching", "v3", "v3-lp", "v3-batching")
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


def _points(prefix: str, unit_ns: int) -> tuple[list[dict[str, Any]], list[Row]]:
    """Points of every kind of field and tag, and the rows that they stand for; two texts are set aside."""
    now = time.time_ns() // unit_ns
    tags = {"host": "a b", "rou te": "x=1,y", "Ümläut": "ä 'b", "empty": ""}
    dimensions = {"host": "a b", "rou_te": "x=1,y", "_ml_ut": "ä 'b"}
    fields: dict[str, Any] = {
        "value": 1.5,
        "n": 2**53,
        "negative": -7,
        "ok": True,
        "not": False,
        "tiny": 5e-324,
        "text": 'a, "b"=c',
    }
    numbers = {name: value for name, value in fields.items() if name != "text"}
    points: list[dict[str, Any]] = [
        {"measurement": f"{prefix} m", "tags": tags, "fields": fields, "time": now},
        {"measurement": f"{prefix} m", "tags": {}, "fields": {"value": 2}, "time": now},
        {
            "measurement": f"{prefix} m",
            "tags": {"host": "b"},
            "fields": {"text": "x", "value": 3.0},
            "time": now - 1,
        },
    ]
    rows = [
        row(f"{prefix} m" if name == "value" else f"{prefix} m_{name}", now * unit_ns, value, **dimensions)
        for name, value in numbers.items()
    ]
    rows += [row(f"{prefix} m", now * unit_ns, 2), row(f"{prefix} m", (now - 1) * unit_ns, 3, host="b")]
    return points, rows


@pytest.mark.parametrize("client", CLIENTS)
def test_every_sample_is_stored(run: LocalRun, client: str) -> None:
    """In every precision, compressed or not; a text, which is no number, is set aside."""
    prefix = f"influx.{client}."
    writes, rows = [], []
    for precision, unit_ns in UNITS.items():
        points, expected = _points(prefix + precision, unit_ns)
        writes.append({"precision": precision, "gzip": precision in {"ns", "ms"}, "points": points})
        rows += expected
    assert written(run, client, *writes) == {"sent": True, "error": ""}
    expect_rows(run, prefix, rows, refused=2 * len(UNITS))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_point_without_a_time_gets_that_of_its_arrival(run: LocalRun, client: str) -> None:
    """Two of them in one request are two points."""
    name = f"influx.{client}.now"
    before_ns = time.time_ns()
    point = {"measurement": name, "tags": {}, "fields": {"value": 1.0}}
    assert written(run, client, {"points": [point, point]})["sent"]
    run.wait_until_stored(name, 2)
    times = run.select(f"SELECT to_unixtime(time) FROM {{table}} WHERE metric_name = '{name}'")
    assert all(math.floor(before_ns / 1e9) <= seconds <= time.time() + 1 for (seconds,) in times)


@pytest.mark.parametrize("client", ["v2-batching", "v3-batching"])
def test_an_outage_of_the_stream_loses_nothing(run: LocalRun, client: str) -> None:
    """As long as the batching client's own retries last: five attempts within three minutes."""
    prefix = f"influx.outage.{client}"
    points, rows = _points(prefix, 1)
    run.control("faults", {**THROTTLED, "count": 2})
    assert written(run, client, {"points": points, "gzip": True}) == {"sent": True, "error": ""}
    assert not run.control("faults")["rules"]
    expect_rows(run, prefix, rows, refused=2)


@pytest.mark.parametrize("client", ["v1", "v2", "v3", "v3-lp"])
def test_a_client_that_does_not_try_again_says_so(run: LocalRun, client: str) -> None:
    """It raises, so the points do not count as sent."""
    name = f"influx.lost.{client}"
    run.control("faults", {**THROTTLED, "count": 1})
    end = written(run, client, {"points": [{"measurement": name, "tags": {}, "fields": {"value": 1.0}}]})
    assert not end["sent"]
    assert run.stored(name) == 0


EXAMPLES = [one.text for one in blocks() if (one.name, one.language) == ("docs/protocols.md", "python")]


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: re.findall("import (InfluxDB\\w+)", example)[0]
)
def test_the_documented_examples_send_their_points(run: LocalRun, example: str) -> None:
    """As they stand in docs/protocols.md."""
    client = re.findall(r'"client": "(v\d)"', example)[0]
    variables = {"TIDEGAUGE_BASE_URL": run.environment["TIDEGAUGE_BASE_URL"], "TIDEGAUGE_TOKEN": "tg_x"}
    subprocess.run([COMMAND[0], "-c", example], env=variables, check=True, timeout=60)
    value = {"v2": 1.5, "v3": 2.5, "v1": 3.5}[client]
    wait_for(
        lambda: (
            [one.value for one in stored_rows(run, "paste") if ("client", client) in one.dimensions]
            == [value]
        ),
        f"the point of {client}",
        seconds=40,
    )
