"""CloudWatch's metrics of Timestream."""

import time
from functools import partial

import pytest
from botocore.exceptions import ClientError

from tests.support.aws_clients import Clients
from tests.support.cloudwatch import statistic


def test_calls_are_counted_by_operation_and_writes_by_table(client: Clients) -> None:
    """The time those took that succeeded; errors as the caller's or the service's, of the service or asked for."""
    write, cloudwatch = client("timestream-write"), client("cloudwatch")
    write.create_database(DatabaseName="counted")
    write.create_table(DatabaseName="counted", TableName="points")
    place = {"DatabaseName": "counted", "TableName": "points"}
    record = {
        "Dimensions": [{"Name": "host", "Value": "a"}],
        "MeasureName": "m",
        "MeasureValue": "1",
        "Time": str(int(time.time() * 1000)),
    }
    write.write_records(**place, Records=[record])
    with pytest.raises(ClientError):
        write.write_records(DatabaseName="counted", TableName="nowhere", Records=[record])
    of = partial(statistic, cloudwatch, "AWS/Timestream")
    operation = {"Operation": "WriteRecords"}
    assert of("SuccessfulRequestLatency", {**operation, **place}, "SampleCount") == 1
    assert (of("UserErrors", operation), of("SystemErrors", operation)) == (1, None)
