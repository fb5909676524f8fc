"""The load of the peers."""

import base64
import json
from typing import Any

from benchmarks.peers.loads import EVENTS, SHAPES, as_ours, events
from handlers.domain.ingest.envelope import read_records


def points(event: dict[str, Any]) -> list[Any]:
    """The points of an event."""
    found: list[Any] = []
    for record in event["Records"]:
        data = json.loads(base64.b64decode(record["kinesis"]["data"]))
        found += data if isinstance(data, list) else data.get("metrics", [data])
    return found


def test_every_shape_is_a_thousand_points_an_event() -> None:
    """Which are a thousand series and times, so that none replaces another."""
    for shape in SHAPES.values():
        made = events(shape)
        assert [len(points(event)) for event in made] == [1000] * EVENTS
        all_points = [
            json.dumps([p["metric_name"], p["timestamp"], p["dimensions"]]) for e in made for p in points(e)
        ]
        assert len(set(all_points)) == 1000 * EVENTS


def test_ours_are_the_same_points_as_the_api_puts_them_on_the_stream() -> None:
    """The event source mapping's records, whose keys say the format."""
    for shape in SHAPES.values():
        [plain], [ours] = events(shape, count=1), events(shape, as_ours, count=1)
        assert [one["value"] for one in points(ours)] == [one["value"] for one in points(plain)]
        assert {record.format for record in read_records(ours)} == {"json"}
