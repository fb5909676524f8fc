"""The time and memory that the export of an hour takes: `python -m benchmarks.exports`."""

import argparse
import json
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import urllib3

from benchmarks.report import print_head, print_row
from benchmarks.timestream_points import calls, record
from emulator import Clock, Cloud, StackTemplate, start
from handlers.domain.exports.hour import Hour
from ops.bundle import BUILD, build_host
from templates import config
from templates.stacks import STACKS

_REGION = "us-east-1"
_SERIES = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table in Markdown: one line per size of an hour."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("--points", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    options = parser.parse_args(arguments)
    code = build_host().folder
    print_head("points of the hour", "export, s", "files, MB", "largest function, MB")
    for points in options.points:
        with tempfile.TemporaryDirectory() as folder:
            seconds, size, memory = _measure(Path(folder), code, points)
        print_row(f"{points:,}", f"{seconds:.1f}", f"{size / 1e6:.1f}", f"{memory / 1e6:.0f}")
    return 0


def _measure(folder: Path, code: Path, points: int) -> tuple[float, int, int]:
    """Seconds of the execution, bytes of the files, and the most memory any function's process ever had."""
    values = config.load("dev")
    clock = Clock()
    stack = StackTemplate(
        values.stack_name,
        STACKS["regional"](values).to_dict(),
        {"CodeBucket": "bucket", "CodeKey": "key"},
    )
    with start([_REGION], [stack], aws_port=0, data_dir=folder, clock=clock) as cloud:
        cloud.start_functions(_REGION, code=code, runtime=BUILD / "host" / "runtime", logs=BUILD / "logs")
        hour = Hour.containing(clock.now()).plus(1)
        clock.advance(hour.end_s - 1 - clock.now())
        _write(cloud, values.database_name, hour, points)
        clock.advance(901)
        began = time.perf_counter()
        result = _export(cloud, cloud.deployments[_REGION].outputs["MetricExportArn"], hour)
        seconds = time.perf_counter() - began
        if result["rows"] != points:
            raise SystemExit(f"{points} points were written, {result['rows']} exported")
        return seconds, result["bytes"], max(_peaks())


def _write(cloud: Cloud, database: str, hour: Hour, points: int) -> None:
    headers = {
        "X-Amz-Target": "Timestream_20181101.WriteRecords",
        "Content-Type": "application/x-amz-json-1.0",
    }
    # In order of time: a thousand series, evenly over the hour.
    step_ns = 3600 * 10**9 // -(-points // _SERIES)
    records = (
        record(
            number % 977 / 7,
            hour.start_s * 10**9 + number // _SERIES * step_ns,
            host=f"h{number % _SERIES}",
        )
        for number in range(points)
    )
    shared = {"metric_name": "cpu.load", "metric_type": "system"}
    with urllib3.PoolManager() as pool:
        for call in calls(records, shared, database, "metrics"):
            answer = pool.request("POST", cloud.endpoint_url, body=call, headers=headers)
            if answer.status != 200:
                raise SystemExit(f"the points were refused: {answer.data!r}")


def _export(cloud: Cloud, machine: str, hour: Hour) -> dict[str, Any]:
    states = cloud.client("stepfunctions", _REGION)
    execution = states.start_execution(
        stateMachineArn=machine, name=str(uuid.uuid4()), input=json.dumps({"first": str(hour)})
    )["executionArn"]
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.05)
    (result,) = json.loads(found["output"])["results"]
    if result["outcome"] != "exported":
        raise SystemExit(f"the hour was not exported: {result}")
    return dict(result)


def _peaks() -> Iterator[int]:
    """The most memory each export function's process had, in bytes."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes()
            status = (process / "status").read_text()
        except OSError:
            continue
        if b"_HANDLER=handlers.metric_export" in variables:
            yield next(
                int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")
            )


if __name__ == "__main__":
    raise SystemExit(main())
