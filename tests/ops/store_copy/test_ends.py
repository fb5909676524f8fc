"""The two ends of a copy."""

from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from ops import stack
from ops.errors import OperatorError
from ops.store.athena import AthenaStore
from ops.store.timestream import TimestreamStore
from ops.store_copy.ends import find_ends

STACKS = {
    "metrics-dev": {"DatabaseName": "metrics_dev", "TableName": "metrics", "StoreKind": "timestream"},
    "metrics-load": {"DatabaseName": "metrics_load", "TableName": "metrics"},
    "metrics-lake": {
        "StoreKind": "lake",
        "ExportBucketName": "b",
        "ExportDatabaseName": "metrics_lake",
        "ExportWorkGroupName": "w",
    },
}


class Client:
    """Every service: stacks are described."""

    def __init__(self, _service: str, region: str) -> None:
        self.region = region

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - CloudFormation's spelling
        """A stack with its outputs."""
        [name] = [name for name in STACKS if name in StackName]
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in STACKS[name].items()]
        return {"Stacks": [{"StackName": name, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}


@pytest.fixture(autouse=True)
def _stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "client", Client)


@pytest.mark.parametrize("source", ["dev", "load"])
def test_both_ends_are_in_one_region(source: str) -> None:
    """A stack that does not say its kind is of Timestream."""
    ends = find_ends(source, "lake", "eu-west-1")
    assert isinstance(ends.source_store, TimestreamStore)
    assert isinstance(ends.lake_store, AthenaStore)
    assert ends.source.region == ends.lake.region == "eu-west-1"
    assert ends.request == f"copy/metrics_{source}"


def test_a_lake_keeps_hours_whole() -> None:
    """The one in which its days began is forgotten already."""
    ends = find_ends("dev", "lake", "us-east-1")
    now_s = Hour.parse("2026-11-22T02").start_s + 60.0
    days = ends.lake.config.store.days_kept
    assert ends.first_kept(now_s) == Hour.parse("2026-11-22T03").plus(-24 * days)


@pytest.mark.parametrize(
    ("source", "lake", "words"),
    [
        (
            "lake",
            "lake",
            "--from takes an environment whose store.kind is timestream, and that of metrics-lake is lake",
        ),
        (
            "dev",
            "load",
            "--to takes an environment whose store.kind is lake, and that of metrics-load is timestream",
        ),
    ],
)
def test_ends_of_the_other_kind_are_refused(source: str, lake: str, words: str) -> None:
    """With what each option takes."""
    with pytest.raises(OperatorError, match=words):
        find_ends(source, lake, "us-east-1")
