"""Two regions side by side: each takes, keeps and accounts for its own points, and knows nothing of the other's."""

import json
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline

REGIONS = ("us-east-1", "eu-west-1")
TABLE = '"metrics_dev"."metrics"'


@pytest.fixture(scope="module")
def two() -> Iterator[LocalRun]:
    """A run of two regions, without the feed."""
    run = LocalRun("--no-feed", "--region", REGIONS[0], "--region", REGIONS[1])
    yield run
    run.kill()


def post(run: LocalRun, region: str, body: Any) -> int:
    """POST to a region's own ingest URL."""
    url = run.control("status")[region]["ingest_url"]
    request = urllib.request.Request(  # noqa: S310 - our own URL
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
        return int(reply.status)


def stored(run: LocalRun, region: str, name: str) -> list[str]:
    """The values of a metric in a region's store."""
    sql = f"SELECT value FROM {TABLE} WHERE metric_name = '{name}' ORDER BY value"
    try:
        rows = run.client("timestream-query", region_name=region).query(QueryString=sql)["Rows"]
    except ClientError as error:
        assert "does not exist" in str(error)  # noqa: PT017 - before the first point there is no such column
        return []
    return [row["Data"][0]["ScalarValue"] for row in rows]


def stored_any(run: LocalRun, region: str) -> bool:
    """True if the region's store has a point of the metric that both were sent."""
    return stored(run, region, "apart") != []


def test_each_region_has_a_port_of_its_own_counting_up(two: LocalRun) -> None:
    """The first region's API is at the port that was asked for, the second's at the next."""
    status = two.control("status")
    urls = [status[region]["ingest_url"] for region in REGIONS]
    assert urls == [f"http://127.0.0.1:{two.port + number}/metrics" for number in (0, 1)]


def test_a_point_is_in_the_region_it_was_sent_to_and_in_no_other(two: LocalRun) -> None:
    """The same series and time, sent to both regions, is two points in two stores."""
    moment = int(time.time() * 1000)
    for value, region in enumerate(REGIONS):
        point = {"metric_name": "apart", "value": value, "timestamp": moment, "dimensions": {"host": "a"}}
        assert post(two, region, point) == 202
    for value, region in enumerate(REGIONS):
        wait_for(partial(stored_any, two, region), f"the point of {region}", seconds=60)
        assert stored(two, region, "apart") == [f"{value}.0"]


def test_what_one_region_sets_aside_is_not_in_the_others_quarantine(two: LocalRun) -> None:
    """A point that cannot be stored is in the bucket of its own region."""
    ahead = int((time.time() + 3600) * 1000)
    assert post(two, REGIONS[1], {"metric_name": "ahead", "value": 1, "timestamp": ahead}) == 202

    def lines(region: str) -> int:
        s3 = two.client("s3", region_name=region)
        (bucket,) = (
            bucket["Name"]
            for bucket in s3.list_buckets()["Buckets"]
            if "quarantine" in bucket["Name"] and region in bucket["Name"]
        )
        return len(s3.list_objects_v2(Bucket=bucket, Prefix="quarantine/").get("Contents", []))

    wait_for(lambda: lines(REGIONS[1]) == 1, "the quarantined point", seconds=60)
    assert lines(REGIONS[0]) == 0


def test_streams_tables_topics_and_rules_are_each_regions_own(two: LocalRun) -> None:
    """No stream, table or topic of one region answers in the other, and a rule of one is not the other's."""
    outputs = {region: outputs_of(two, region) for region in REGIONS}
    here, there = (outputs[region] for region in REGIONS)
    for name in ("StreamName", "RulesTableName", "AlertsTableName", "DimensionsTableName", "AlertTopicArn"):
        assert here[name] != there[name], name
    topics = two.client("sns", region_name=REGIONS[0]).list_topics()["Topics"]
    assert there["AlertTopicArn"] not in {topic["TopicArn"] for topic in topics}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        two.client("kinesis", region_name=REGIONS[0]).describe_stream_summary(StreamName=there["StreamName"])
    item = {"metric_name": {"S": "m"}, "rule_id": {"S": "r"}}
    two.client("dynamodb", region_name=REGIONS[0]).put_item(TableName=here["RulesTableName"], Item=item)
    found = two.client("dynamodb", region_name=REGIONS[1]).scan(TableName=there["RulesTableName"])["Items"]
    assert item not in found
    two.client("dynamodb", region_name=REGIONS[0]).delete_item(TableName=here["RulesTableName"], Key=item)


def outputs_of(run: LocalRun, region: str) -> dict[str, str]:
    """The outputs of a region's stack."""
    (stack,) = run.client("cloudformation", region_name=region).describe_stacks(StackName="metrics-dev")[
        "Stacks"
    ]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_the_fleets_status_shows_both(two: LocalRun) -> None:
    """`ops fleet status` finds the regions of the environment that run here, with their local URLs."""
    shown = two.shell(".venv/bin/python -m ops fleet status --environment dev")
    (line,) = [line for line in shown.splitlines() if line.startswith("us-east-1")]
    for part in ("CREATE_COMPLETE", "ok", f"http://127.0.0.1:{two.port}/metrics"):
        assert part in line


def test_both_regions_are_accounted_for_when_the_run_ends(two: LocalRun) -> None:
    """The summary has a line per region, and the run ends well."""
    ended = two.end()
    assert ended.status == 0, ended
    assert "summary (us-east-1): accepted 1 = stored 1" in ended.output
    assert "summary (eu-west-1): accepted 2 = stored 1 + superseded 0 + quarantined 1" in ended.output
