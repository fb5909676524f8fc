"""OpenTelemetry's unmodified SDKs in processes of their own, and the rows that their data points stand for."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.support.documents import blocks
from tests.support.local_run import ROOT, LocalRun
from tests.support.stored_rows import Row, expect_rows, stored_rows

PYTHON = [str(ROOT / ".venv-clients" / "bin" / "python"), str(ROOT / "tests/support/opentelemetry_client.py")]
JAVASCRIPT = ["node", str(ROOT / "tests" / "clients" / "javascript" / "opentelemetry.mjs")]
VALUES = (0.25, 3, 3, 70.5, 1e9)
THROTTLED = {
    "service": "kinesis",
    "operation": "PutRecord",
    "error": "ProvisionedThroughputExceededException",
}

_RESOURCE = {"service_name": "checkout", "service_namespace": "shop", "host_name": "h-1"}
_ATTRIBUTES = {"http.route": "http_route", "http-status": "http_status"}

Point = Mapping[str, Any]


def documented(run: LocalRun) -> dict[str, str]:
    """The variables that docs/protocols.md exports, with the address of this run."""
    [text] = [
        block.text for block in blocks() if (block.name, block.language) == ("docs/protocols.md", "shell")
    ]
    variables = dict(shlex.split(line)[1].split("=", 1) for line in text.splitlines())
    base = run.environment["TIDEGAUGE_BASE_URL"]
    return {name: value.replace("<BaseUrl>", base).replace("…", "x") for name, value in variables.items()}


def exported(command: Sequence[str], run: LocalRun, prefix: str, **options: Any) -> list[Point]:
    """The data points of a few exports, each of which the exporter counts as sent."""
    exports = exports_of(command, run, prefix, **options)
    assert all(export["sent"] for export in exports)
    return [point for export in exports for point in export["points"]]


def exports_of(
    command: Sequence[str],
    run: LocalRun,
    prefix: str,
    *,
    variables: Mapping[str, str] | None = None,
    **options: Any,
) -> list[dict[str, Any]]:
    """A few exports: if the exporter counts it as sent, and its data points."""
    given = {
        "endpoint": f"{run.environment['TIDEGAUGE_BASE_URL']}/v1/metrics",
        "headers": {},
        "prefix": prefix,
        "values": VALUES,
        "exports": 2,
        "delta": False,
        "exponential": False,
        **options,
    }
    done = subprocess.run(
        command,
        input=json.dumps(given),
        env={"PATH": os.environ["PATH"], **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    exports: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(exports) >= given["exports"]
    return exports


def expect_points(run: LocalRun, prefix: str, points: Sequence[Point]) -> None:
    """Every sample is stored as it was sent, or, where it is no finite number, set aside."""
    odd = [point for point in points if point["name"] == f"{prefix}.odd"]
    buckets = [point for point in points if point.get("scale") is not None]
    expected = [row for point in points if point not in odd for row in _rows(point)]
    if not buckets:
        expect_rows(run, prefix, expected, refused=len(odd))
        return
    found = _stored_buckets(run, prefix, expected, len(odd))
    for point in buckets:
        _expect_exponential(point, [row for row in found if row.time_ns == _time_ns(point)])


def _rows(point: Point) -> Iterator[Row]:
    """The rows of a data point; those of exponential buckets, which may be merged, are judged by their counts."""
    name, time_ns = point["name"], _time_ns(point)
    dimensions = {**_RESOURCE, **_dimensions(point["attributes"])}

    def row(suffix: str, value: float, **more: str) -> Row:
        return Row(name + suffix, time_ns, float(value), frozenset({**dimensions, **more}.items()))

    if "value" in point:
        yield row("", point["value"])
        return
    for part in ("count", "sum", "min", "max"):
        yield row(f"_{part}", point[part])
    if point.get("scale") is None:
        below = 0
        for bound, count in zip([*point["explicit_bounds"], None], point["bucket_counts"], strict=True):
            below += count
            yield row("_bucket", below, le="+Inf" if bound is None else f"{bound:g}")


def _stored_buckets(run: LocalRun, prefix: str, expected: Sequence[Row], refused: int) -> list[Row]:
    """The rows of buckets; the others are those that are expected."""
    name = f"{prefix}.histogram_bucket"
    others = [f"{prefix}.{part}" for part in ("counter", "updown", "gauge", "observed", "odd")]
    others += [f"{prefix}.histogram_{part}" for part in ("count", "sum", "min", "max")]
    for other in others:
        wanted = [row for row in expected if row.name == other]
        expect_rows(run, other, wanted, refused=refused if other.endswith(".odd") else 0)
    return stored_rows(run, name)


def _expect_exponential(point: Point, buckets: Sequence[Row]) -> None:
    """Each bucket has as many values as are at most its bound, and there are not too many buckets."""
    assert 2 <= len(buckets) <= 32, buckets
    times = point["count"] // len(VALUES)
    assert point["count"] == times * len(VALUES)
    for bucket in buckets:
        bound = float(dict(bucket.dimensions)["le"].replace("+Inf", "inf"))
        assert bucket.value == times * sum(value <= bound for value in VALUES), bucket
    assert max(bucket.value for bucket in buckets) == point["count"]


def _dimensions(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as the table in docs/protocols.md has them: text as it is, all else as JSON, nothing if empty."""
    return {
        _ATTRIBUTES.get(name, name): value
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"))
        for name, value in attributes.items()
        if value != ""
    }


def _time_ns(point: Point) -> int:
    return int(point["time_unix_nano"])
