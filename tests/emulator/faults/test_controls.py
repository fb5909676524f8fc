"""Faults asked for at `/_local/faults`, and the strikes that an SDK sees of them."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError, ConnectionClosedError

from emulator import Cloud
from emulator.errors import CloudError
from tests.support.aws_clients import Clients


@pytest.fixture(autouse=True)
def _no_faults(cloud: Cloud) -> Iterator[None]:
    yield
    urllib3.request("DELETE", f"{cloud.endpoint_url}/_local/faults")


@pytest.fixture
def table(cloud: Cloud) -> str:
    """A table whose key is `pk`."""
    return cloud.deployments["us-east-1"].resources["Table"].physical_id


@pytest.mark.parametrize(
    ("rule", "field", "known"),
    [
        ("lambda/Writer=kill", "function", "Function"),
        ("sns/http://nobody.test=dead", "subscription", ":critical"),
        ({"service": "s3", "status": 500, "region": "eu-west-2"}, "region", "eu-west-1"),
        ("s3:GetBucketPolicy=500", "operation", "GetObject"),
        ("s3=explode", "fault", "throttle"),
        ("s3", "rules", "NAME"),
        (7, "rules", "object"),
    ],
)
def test_what_could_strike_nothing_is_refused_by_name(
    cloud: Cloud, rule: Any, field: str, known: str
) -> None:
    """A region, function or subscription that is not here is refused with those that are, and no rule is in force."""
    reply = urllib3.request(
        "POST", f"{cloud.endpoint_url}/_local/faults", json={"rules": ["s3=500", rule]}, retries=False
    )
    assert (reply.status, reply.json()["field"]) == (400, field)
    assert known in reply.json()["error"]
    shown = urllib3.request("GET", f"{cloud.endpoint_url}/_local/faults").json()
    assert shown["rules"] == []


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, 2**63])
def test_a_seed_that_is_none_is_refused(cloud: Cloud, seed: Any) -> None:
    """A whole number is a seed."""
    with pytest.raises(CloudError, match="seed: must be"):
        cloud.add_faults({"seed": seed})


def test_a_function_goes_by_its_logical_id_and_its_name(cloud: Cloud) -> None:
    """Either is known, as the stack's template and its outputs have them."""
    name = cloud.deployments["us-east-1"].resources["Function"].physical_id
    cloud.add_faults({"seed": 3, "rules": ["lambda/Function=kill", f"lambda/{name}=init"]})


def test_a_lost_answer_is_of_what_was_done(cloud: Cloud, client: Clients, table: str) -> None:
    """The connection closes without an answer, and the item is there."""
    cloud.add_faults({"rules": ["dynamodb:PutItem=lostx1"]})
    key = {"pk": {"S": "lost"}}
    with pytest.raises(ConnectionClosedError):
        client("dynamodb").put_item(TableName=table, Item=key)
    assert client("dynamodb").get_item(TableName=table, Key=key)["Item"] == key


def test_a_call_that_hangs_does_nothing(cloud: Cloud, client: Clients, table: str) -> None:
    """After its time the connection closes, and the item is not there."""
    cloud.add_faults({"rules": ["dynamodb:PutItem=hang:200x1"]})
    key, began_s = {"pk": {"S": "hung"}}, time.monotonic()
    with pytest.raises(ConnectionClosedError):
        client("dynamodb").put_item(TableName=table, Item=key)
    assert time.monotonic() - began_s >= 0.2
    assert "Item" not in client("dynamodb").get_item(TableName=table, Key=key)


def test_an_answer_may_come_late(cloud: Cloud, client: Clients, table: str) -> None:
    """What was asked for is done before the delay, and the answer is the service's."""
    cloud.add_faults({"rules": ["dynamodb:PutItem=latency:200+afterx1"]})
    began_s = time.monotonic()
    client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "late"}})
    assert time.monotonic() - began_s >= 0.2


def test_a_conflict_cancels_a_transaction(cloud: Cloud, client: Clients, table: str) -> None:
    """The reasons name the first item's conflict, and none of the items is written."""
    cloud.add_faults({"rules": ["dynamodb=conflictx2"]})
    items = [{"Put": {"TableName": table, "Item": {"pk": {"S": name}}}} for name in ("one", "two")]
    with pytest.raises(ClientError) as cancelled:
        client("dynamodb").transact_write_items(TransactItems=items)
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons: Any = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None"]
    with pytest.raises(ClientError, match="TransactionConflictException"):
        client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "one"}})
    assert "Item" not in client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "one"}})


def test_records_are_put_in_part(cloud: Cloud, client: Clients) -> None:
    """The records that fail say so in their places, and the others are on the stream."""
    stream = cloud.deployments["us-east-1"].outputs["StreamName"]
    cloud.add_faults({"rules": ["kinesis:PutRecords=partial:40%x1"]})
    records = [{"Data": str(number).encode(), "PartitionKey": f"part-{number}"} for number in range(50)]
    answer = client("kinesis").put_records(StreamName=stream, Records=records)
    failed = [index for index, one in enumerate(answer["Records"]) if "ErrorCode" in one]
    assert answer["FailedRecordCount"] == len(failed)
    assert 1 <= len(failed) < 50
    found = [
        record for record in _on(client("kinesis"), stream) if record["PartitionKey"].startswith("part-")
    ]
    assert sorted(int(record["Data"]) for record in found) == [
        number for number in range(50) if number not in failed
    ]


def test_records_are_rejected_in_part(cloud: Cloud, client: Clients) -> None:
    """The rejected are named by their indexes in the call, the service's own among them; the others are stored."""
    resources = cloud.deployments["us-east-1"].resources
    database, name = resources["Database"].physical_id, "points"
    place = {"DatabaseName": database, "TableName": name}
    now = str(int(cloud.clock.now() * 1000))
    records: list[dict[str, Any]] = [
        {
            "Dimensions": [{"Name": "part", "Value": str(number)}, {"Name": "metric_name", "Value": "m"}],
            "MeasureName": "m", "MeasureValue": "1",
            "MeasureValueType": "DOUBLE", "Time": "1000" if number == 49 else now,
        }
        for number in range(50)
    ]  # fmt: skip
    cloud.add_faults({"rules": ["timestream-write=partial:40%x1"]})
    with pytest.raises(ClientError) as refused:
        client("timestream-write").write_records(**place, Records=records)
    told: Any = refused.value.response["RejectedRecords"]
    rejected = {one["RecordIndex"]: one["Reason"] for one in told}
    assert 2 <= len(rejected) < 50
    assert 49 in rejected
    sql = f'SELECT part FROM "{database}"."{name}" WHERE part IS NOT NULL'
    rows = client("timestream-query").query(QueryString=sql)["Rows"]
    stored = {int(row["Data"][0]["ScalarValue"]) for row in rows}
    assert stored == set(range(50)) - set(rejected)


def test_items_are_written_in_part(cloud: Cloud, client: Clients, table: str) -> None:
    """Those that are not come back as they were asked for."""
    cloud.add_faults({"rules": ["dynamodb:BatchWriteItem=partial:40%x1"]})
    puts = [{"PutRequest": {"Item": {"pk": {"S": f"batch-{number}"}}}} for number in range(25)]
    left = client("dynamodb").batch_write_item(RequestItems={table: puts})["UnprocessedItems"][table]
    assert 1 <= len(left) < 25
    there = [
        put for put in puts
        if "Item" in client("dynamodb").get_item(TableName=table, Key=put["PutRequest"]["Item"])
    ]  # fmt: skip
    assert sorted(map(json.dumps, [*there, *left])) == sorted(map(json.dumps, puts))


def _on(kinesis: Any, stream: str) -> Iterator[Any]:
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        place = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        yield from kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])[
            "Records"
        ]
