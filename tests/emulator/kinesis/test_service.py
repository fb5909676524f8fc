"""Data streams: order, reading, limits and resharding, as clients see them."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from emulator import Cloud
from emulator.clock import Clock
from emulator.kinesis.throughput import Throughput
from tests.support.aws_clients import Clients
from tests.support.cloudwatch import statistic

MIB = 1024 * 1024
SHARD = ("us-east-1", "stream", "shardId-000000000000")
_NUMBERS = count()


@pytest.fixture
def kinesis(client: Clients) -> Any:
    """A client of Kinesis."""
    return client("kinesis")


@pytest.fixture
def stream(kinesis: Any) -> Iterator[str]:
    """The name of a new stream of one shard."""
    name = f"stream-{next(_NUMBERS)}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    yield name
    kinesis.delete_stream(StreamName=name)


def shards(kinesis: Any, stream: str) -> list[Any]:
    """The shards of a stream."""
    listed: list[Any] = kinesis.list_shards(StreamName=stream)["Shards"]
    return listed


def iterator(kinesis: Any, stream: str, kind: str = "TRIM_HORIZON", shard: int = 0, **parameters: Any) -> str:
    """An iterator of a shard."""
    shard_id = shards(kinesis, stream)[shard]["ShardId"]
    made = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType=kind, **parameters
    )
    return str(made["ShardIterator"])


def data(kinesis: Any, place: str, **parameters: Any) -> list[bytes]:
    """The data of the records at an iterator."""
    return [record["Data"] for record in kinesis.get_records(ShardIterator=place, **parameters)["Records"]]


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    """Code and message of the error a call ends with."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_records_come_back_in_order_with_growing_numbers(kinesis: Any, stream: str) -> None:
    """A record keeps data and key; sequence numbers have AWS's 56 digits and grow."""
    put = [kinesis.put_record(StreamName=stream, PartitionKey=f"k{n}", Data=bytes([n])) for n in range(5)]
    read = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert [record["Data"] for record in read["Records"]] == [bytes([n]) for n in range(5)]
    assert [record["PartitionKey"] for record in read["Records"]] == [f"k{n}" for n in range(5)]
    numbers = [record["SequenceNumber"] for record in read["Records"]]
    assert numbers == [reply["SequenceNumber"] for reply in put] == sorted(numbers)
    assert {len(number) for number in numbers} == {56}
    assert read["MillisBehindLatest"] == 0


def test_iterators_start_where_they_are_asked_to(kinesis: Any, stream: str, clock: Clock) -> None:
    """At, after and behind a record, at a time, at the oldest and at the end."""
    numbers = []
    for each in (b"a", b"b", b"c"):
        numbers.append(kinesis.put_record(StreamName=stream, PartitionKey="k", Data=each)["SequenceNumber"])
        clock.advance(10)
    now = clock.utcnow()
    cases: list[tuple[str, dict[str, Any], list[bytes]]] = [
        ("TRIM_HORIZON", {}, [b"a", b"b", b"c"]),
        ("LATEST", {}, []),
        ("AT_SEQUENCE_NUMBER", {"StartingSequenceNumber": numbers[1]}, [b"b", b"c"]),
        ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": numbers[1]}, [b"c"]),
        ("AT_TIMESTAMP", {"Timestamp": now - timedelta(seconds=25)}, [b"b", b"c"]),
        ("AT_TIMESTAMP", {"Timestamp": now}, []),
    ]
    for kind, parameters, expected in cases:
        assert data(kinesis, iterator(kinesis, stream, kind, **parameters)) == expected, kind


def test_arrival_is_told_by_the_local_clock(kinesis: Any, stream: str, clock: Clock) -> None:
    """A record put after the clock was moved arrives at the moved time."""
    clock.advance(7200)
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"x")
    (record,) = kinesis.get_records(ShardIterator=iterator(kinesis, stream))["Records"]
    assert abs(record["ApproximateArrivalTimestamp"] - clock.utcnow()) < timedelta(seconds=5)
    assert record["ApproximateArrivalTimestamp"] > datetime.now(UTC) + timedelta(hours=1)


def test_records_expire_with_the_streams_retention(kinesis: Any, stream: str, clock: Clock) -> None:
    """After a day of local time a record is gone, and newer ones are not."""
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"old")
    clock.advance(23 * 3600)
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"new")
    assert data(kinesis, iterator(kinesis, stream)) == [b"old", b"new"]
    clock.advance(2 * 3600)
    assert data(kinesis, iterator(kinesis, stream)) == [b"new"]


def test_an_iterator_expires_after_five_minutes(kinesis: Any, stream: str, clock: Clock) -> None:
    """An old iterator is refused by AWS's name for it; a broken one as invalid."""
    place = iterator(kinesis, stream)
    clock.advance(301)
    assert refused(kinesis.get_records, ShardIterator=place)[0] == "ExpiredIteratorException"
    assert refused(kinesis.get_records, ShardIterator="nonsense")[0] == "InvalidArgumentException"


def test_a_record_counts_with_its_key_up_to_one_mebibyte(kinesis: Any, stream: str) -> None:
    """Data and partition key together fill 1 MiB; a byte more is refused, in PutRecord and PutRecords alike."""
    kinesis.put_record(StreamName=stream, PartitionKey="é", Data=b"x" * (MIB - 2))
    code, message = refused(kinesis.put_record, StreamName=stream, PartitionKey="é", Data=b"x" * (MIB - 1))
    assert code == "ValidationException"
    assert "'data'" in message
    assert "1048576" in message
    records = [{"PartitionKey": "k", "Data": b"x"}, {"PartitionKey": "k", "Data": b"x" * MIB}]
    code, message = refused(kinesis.put_records, StreamName=stream, Records=records)
    assert code == "ValidationException"
    assert "records.2.member.data" in message


def test_a_stream_takes_larger_records_if_it_was_made_so(kinesis: Any, client: Clients) -> None:
    """Up to 10 MiB; one that is larger than the stream's limit is refused by that limit."""
    code, message = refused(kinesis.create_stream, StreamName="large", ShardCount=1, MaxRecordSizeInKiB=10241)
    assert (code, "1024 and 10240" in message) == ("ValidationException", True)
    kinesis.create_stream(StreamName="large", ShardCount=1, MaxRecordSizeInKiB=2048)
    try:
        kinesis.put_record(StreamName="large", PartitionKey="k", Data=b"x" * (2 * MIB - 1))
        _, message = refused(kinesis.put_record, StreamName="large", PartitionKey="k", Data=b"x" * 2 * MIB)
        assert str(2 * MIB) in message
        assert [len(one) for one in data(kinesis, iterator(kinesis, "large"))] == [2 * MIB - 1]
    finally:
        kinesis.delete_stream(StreamName="large")
    kinesis.create_stream(StreamName="large", ShardCount=1)
    assert refused(kinesis.put_record, StreamName="large", PartitionKey="k", Data=b"x" * MIB)
    kinesis.delete_stream(StreamName="large")


def test_a_large_record_is_a_burst_that_the_shard_pays_back() -> None:
    """Taken beyond the second's share, up to 10 MiB; then nothing until a MiB for each second has made up for it."""
    now = [0.0]
    throughput = Throughput(lambda: now[0])
    assert throughput.admit(SHARD, 4 * MIB)
    assert not throughput.admit(SHARD, 1)
    assert throughput.admit(SHARD, 6 * MIB)
    assert not throughput.admit(SHARD, 2 * MIB)
    now[0] = 9
    assert not throughput.admit(SHARD, 1)
    now[0] = 10
    assert throughput.admit(SHARD, MIB)


def test_a_request_takes_500_records_and_10_mebibytes(kinesis: Any, stream: str) -> None:
    """One record more, or one byte more in all, is refused and nothing of it is kept."""
    records = [{"PartitionKey": "k", "Data": b"x"}] * 501
    assert refused(kinesis.put_records, StreamName=stream, Records=records)[0] == "ValidationException"
    records = [{"PartitionKey": "k", "Data": b"x" * (MIB - 1)}] * 10 + [{"PartitionKey": "k", "Data": b""}]
    assert refused(kinesis.put_records, StreamName=stream, Records=records)[0] == "InvalidArgumentException"
    assert data(kinesis, iterator(kinesis, stream)) == []


def test_a_shard_takes_a_thousand_records_a_second(kinesis: Any, stream: str) -> None:
    """PutRecords says record by record what was throttled, and the rest is kept."""
    records = [{"PartitionKey": "k", "Data": b"x"}] * 500
    failed = sum(
        kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] for _ in range(6)
    )
    assert failed > 0
    reply = kinesis.put_records(StreamName=stream, Records=records)
    codes = {record.get("ErrorCode") for record in reply["Records"]}
    assert codes <= {None, "ProvisionedThroughputExceededException"}


def test_a_shard_takes_a_mebibyte_a_second(kinesis: Any, stream: str) -> None:
    """Bytes beyond it are throttled with the shard's name, until the next second."""
    big = b"x" * 900_000
    codes = []
    for _ in range(4):
        try:
            kinesis.put_record(StreamName=stream, PartitionKey="k", Data=big)
        except kinesis.exceptions.ProvisionedThroughputExceededException as error:
            codes.append(str(error))
    assert codes
    assert "Rate exceeded for shard shardId-000000000000" in codes[0]
    time.sleep(1.05)
    kinesis.put_record(StreamName=stream, PartitionKey="k", Data=big)


def test_reading_stops_at_10_mebibytes_and_10000_records(
    kinesis: Any, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One read returns at most 10 MiB, and Limit is at most 10,000; nothing is lost by it."""
    monkeypatch.setattr("emulator.kinesis.throughput._BYTES", 100 * MIB)  # filling it would take 11 seconds
    for _ in range(12):
        kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"x" * 900_000)
    first = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert len(first["Records"]) == 11
    assert len(data(kinesis, first["NextShardIterator"])) == 1
    place = iterator(kinesis, stream)
    assert refused(kinesis.get_records, ShardIterator=place, Limit=10_001)[0] == "ValidationException"
    assert len(data(kinesis, place, Limit=3)) == 3


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ('{"StreamName": "%s", "PartitionKey": "", "Data": "eA=="}', "ValidationException", "partitionKey"),
        (
            '{"StreamName": "%s", "PartitionKey": "' + "k" * 257 + '", "Data": "eA=="}',
            "ValidationException",
            "256",
        ),
        ('{"StreamName": "%s", "PartitionKey": "k"}', "ValidationException", "data"),
        ('{"StreamName": "%s", "PartitionKey": "k", "Data": "!!"}', "SerializationException", "base64"),
        ('{"StreamName": "%s", ', "SerializationException", "not JSON"),
        ('["%s"]', "SerializationException", "JSON object"),
    ],
)
def test_a_malformed_record_is_refused(cloud: Cloud, stream: str, body: str, code: str, words: str) -> None:
    """A record that SDKs would not even send is refused by the service itself, with AWS's names."""
    reply = urllib3.request(
        "POST",
        cloud.endpoint_url,
        body=body % stream,
        headers={
            "X-Amz-Target": "Kinesis_20131202.PutRecord",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request, Signature=x",
        },
    )
    assert (reply.status, reply.json()["__type"]) == (400, code)
    assert words in reply.json()["message"]


def test_a_missing_stream_is_named(kinesis: Any) -> None:
    """Writing to and reading from no stream is ResourceNotFoundException."""
    code, message = refused(kinesis.put_record, StreamName="nobody", PartitionKey="k", Data=b"x")
    assert (code, "nobody" in message) == ("ResourceNotFoundException", True)


def test_writers_at_the_same_time_lose_nothing(kinesis: Any, stream: str) -> None:
    """Eight writers at once: every record is there once, under its own number."""

    def write(writer: int) -> None:
        for number in range(25):
            kinesis.put_record(StreamName=stream, PartitionKey="k", Data=f"{writer}/{number}".encode())

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    records = kinesis.get_records(ShardIterator=iterator(kinesis, stream))["Records"]
    assert len({record["SequenceNumber"] for record in records}) == len(records) == 200
    assert {record["Data"] for record in records} == {
        f"{w}/{n}".encode() for w in range(8) for n in range(25)
    }


def test_a_split_shard_ends_where_its_children_begin(kinesis: Any, stream: str) -> None:
    """Records stay in the parent, whose reader is led to the children; new records go to them."""
    for number in range(3):
        kinesis.put_record(StreamName=stream, PartitionKey=f"k{number}", Data=b"before")
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    parent, *children = shards(kinesis, stream)
    assert parent["SequenceNumberRange"]["EndingSequenceNumber"]
    assert [child["ParentShardId"] for child in children] == [parent["ShardId"]] * 2
    read = kinesis.get_records(ShardIterator=iterator(kinesis, stream, shard=0))
    assert len(read["Records"]) == 3
    assert "NextShardIterator" not in read
    assert {child["ShardId"] for child in read["ChildShards"]} == {child["ShardId"] for child in children}
    for number in range(20):
        kinesis.put_record(StreamName=stream, PartitionKey=f"k{number}", Data=b"after")
    after = [data(kinesis, iterator(kinesis, stream, shard=shard)) for shard in (1, 2)]
    assert sum(map(len, after)) == 20
    assert all(after)


def test_a_closed_shard_keeps_being_readable_until_its_end(kinesis: Any, stream: str) -> None:
    """A reader in the middle of a closed shard goes on to its end before it is led away."""
    for number in range(3):
        kinesis.put_record(StreamName=stream, PartitionKey=f"k{number}", Data=b"x")
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    first = kinesis.get_records(ShardIterator=iterator(kinesis, stream, shard=0), Limit=2)
    last = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert len(last["Records"]) == 1
    assert "NextShardIterator" not in last


def test_cloudwatch_counts_what_comes_in_and_how_far_readers_are_behind(
    kinesis: Any, stream: str, client: Clients, clock: Clock
) -> None:
    """Records and bytes, refusals for a shard's throughput, and the age of the last record that was read."""
    for _ in range(3):
        kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"12345")
    many = [{"PartitionKey": "k", "Data": bytes(MIB // 2)} for _ in range(8)]
    failed = kinesis.put_records(StreamName=stream, Records=many)["FailedRecordCount"]
    assert failed
    clock.advance(60)
    kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    kinesis.get_records(ShardIterator=iterator(kinesis, stream, "LATEST"))
    cloudwatch, name = client("cloudwatch"), {"StreamName": stream}

    def of(metric: str, stat: str = "Sum") -> float | None:
        return statistic(cloudwatch, "AWS/Kinesis", metric, name, stat)

    taken = 3 + len(many) - failed
    assert of("IncomingRecords") == of("GetRecords.Records") == taken
    assert of("IncomingBytes") == 3 * 6 + (taken - 3) * (MIB // 2 + 1)
    assert of("WriteProvisionedThroughputExceeded") == failed
    assert 60_000 <= (of("GetRecords.IteratorAgeMilliseconds", "Maximum") or 0) < 120_000
    assert of("GetRecords.IteratorAgeMilliseconds", "Minimum") == 0
