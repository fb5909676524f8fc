"""A write call's bytes and units, as AWS counts them."""

import orjson

from benchmarks.peers.metered import metered

# https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
DIMENSIONS = {"region": "us-east-1", "az": "1d", "vpc": "vpc-1a2b3c4d", "hostname": "host-24Gju"}
RECORD = {
    "Time": "1602983435238563000",
    "TimeUnit": "NANOSECONDS",
    "MeasureName": "cpu_utilization",
    "MeasureValue": "35.0",
    "Dimensions": [{"Name": name, "Value": value} for name, value in DIMENSIONS.items()],
}


def units(*records: object, **common: object) -> int:
    """The units of a call."""
    return metered(orjson.dumps({"CommonAttributes": common, "Records": records})).units


def test_a_record_of_the_documents_example_has_83_bytes() -> None:
    """So twelve are a unit, and thirteen are two."""
    assert units(*[RECORD] * 12) == 1
    assert units(*[RECORD] * 13) == 2


def test_what_is_common_counts_once() -> None:
    """Dimensions, measure names and times."""
    common = {name: RECORD[name] for name in ("Time", "TimeUnit", "MeasureName", "Dimensions")}
    assert units(*[{"MeasureValue": "35.0"}] * 100, **common) == 1


def test_a_point_is_its_time_measure_and_dimensions_wherever_they_stand() -> None:
    """The same point in common attributes and in its record is the same."""
    alone = metered(orjson.dumps({"Records": [RECORD]})).points
    shared = metered(orjson.dumps({"CommonAttributes": RECORD, "Records": [{"MeasureValue": "1"}]})).points
    assert alone == shared
    measures = [{"Name": name, "Type": "DOUBLE", "Value": "1"} for name in "ab"]
    assert len(metered(orjson.dumps({"Records": [{**RECORD, "MeasureValues": measures}]})).points) == 2
