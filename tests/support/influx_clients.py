"""InfluxDB's clients for Python, unmodified, write points; run in the environment that has them, and nothing of ours.

On standard input, in JSON: the `client` (a key of WRITERS), the base `url`, a `token`, and the `writes`, each with a
`precision` (ns, us, ms, s), `gzip`, and its `points`: measurement, tags, fields and the time, or none.
Prints in JSON if the client counts them as sent, and its error.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Points = Sequence[dict[str, Any]]


def write_v1(given: Mapping[str, Any], points: Points) -> None:
    """By `/write`, with a user and a password."""
    from influxdb import InfluxDBClient

    parts = urlsplit(given["url"])
    client = InfluxDBClient(
        parts.hostname, parts.port, "anybody", given["token"], "metrics", path=parts.path, gzip=given["gzip"]
    )
    precision = {"ns": "n", "us": "u"}.get(given["precision"], given["precision"])
    client.write_points([dict(point) for point in points], time_precision=precision)
    client.close()


def write_v2(given: Mapping[str, Any], points: Points) -> None:
    """By `/api/v2/write`, one request."""
    from influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import SYNCHRONOUS

    with InfluxDBClient(given["url"], given["token"], org="o", enable_gzip=given["gzip"]) as client:
        writer = client.write_api(write_options=SYNCHRONOUS)
        writer.write("metrics", record=points, write_precision=given["precision"])


def write_v2_batching(given: Mapping[str, Any], points: Points) -> None:
    """By `/api/v2/write`, in batches from a thread that tries again."""
    from influxdb_client import InfluxDBClient, WriteOptions

    options, ends = WriteOptions(batch_size=3, flush_interval=100, retry_interval=500), Ends()
    with (
        InfluxDBClient(given["url"], given["token"], org="o", enable_gzip=given["gzip"]) as client,
        client.write_api(options, success_callback=ends.sent, error_callback=ends.lost) as writer,
    ):
        writer.write("metrics", record=points, write_precision=given["precision"])
    ends.judge(len(points))


def write_v3(given: Mapping[str, Any], points: Points) -> None:
    """As it does by itself: by `/api/v2/write`, one request."""
    _v3(given, points)


def write_v3_lp(given: Mapping[str, Any], points: Points) -> None:
    """By its own `/api/v3/write_lp`."""
    _v3(given, points, write_use_v2_api=False)


def write_v3_batching(given: Mapping[str, Any], points: Points) -> None:
    """In batches from a thread that tries again."""
    from influxdb_client_3 import WriteOptions, write_client_options

    ends = Ends()
    options = WriteOptions(batch_size=3, flush_interval=100, retry_interval=500)
    _v3(
        given,
        points,
        write_client_options=write_client_options(
            write_options=options, success_callback=ends.sent, error_callback=ends.lost
        ),
    )
    ends.judge(len(points))


def _v3(given: Mapping[str, Any], points: Points, **options: Any) -> None:
    from influxdb_client_3 import InfluxDBClient3

    with InfluxDBClient3(
        given["url"], token=given["token"], database="metrics", enable_gzip=given["gzip"], **options
    ) as client:
        client.write(list(points), write_precision=given["precision"])


class Ends:
    """The lines that a batching client says that it sent, and those that it lost."""

    def __init__(self) -> None:
        self._lines, self._error = 0, ""

    def sent(self, _: object, data: Any) -> None:
        """Count the lines of a batch."""
        self._lines += len((data if isinstance(data, str) else data.decode()).splitlines())

    def lost(self, _: object, __: object, error: Exception) -> None:
        """Keep the error."""
        self._error = str(error)

    def judge(self, expected: int) -> None:
        """Raise if not all were sent."""
        if self._error or self._lines != expected:
            raise RuntimeError(f"{self._lines} of {expected} lines: {self._error}")


WRITERS: Mapping[str, Callable[[Mapping[str, Any], Points], None]] = {
    "v1": write_v1,
    "v2": write_v2,
    "v2-batching": write_v2_batching,
    "v3": write_v3,
    "v3-lp": write_v3_lp,
    "v3-batching": write_v3_batching,
}


def main() -> None:
    """Write, and print the end."""
    given = json.load(sys.stdin)
    try:
        for write in given["writes"]:
            WRITERS[given["client"]]({**given, **write}, write["points"])
    except Exception as error:  # noqa: BLE001 - each client has errors of its own
        print(json.dumps({"sent": False, "error": f"{type(error).__name__}: {error}"}))
    else:
        print(json.dumps({"sent": True, "error": ""}))


if __name__ == "__main__":
    main()
