"""A deployment with each kind of store in one local AWS, and the metric writer of each, which runs in this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import Clock, Cloud, StackTemplate, start
from handlers import metric_writer
from handlers.metric_writer import MetricWriter
from handlers.vocabulary import LAKE, TIMESTREAM
from local.accounting import quarantined_points
from ops.store.choice import store_of
from ops.store.port import Store
from templates.config import load
from tests.support.generated import build

REGION = "us-east-1"
ENVIRONMENTS = {TIMESTREAM: "dev", LAKE: "lake"}
_PARAMETERS = {"CodeBucket": "code-bucket", "CodeKey": "functions/x.zip"}


@dataclass(frozen=True)
class BothStores:
    """The two of them, which get the same records and are asked the same."""

    cloud: Cloud
    stores: Mapping[str, Store]
    writers: Mapping[str, MetricWriter]
    quarantines: Mapping[str, str]

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Have each writer store a batch of the stream's records."""
        for writer in self.writers.values():
            assert writer.write({"Records": list(records)}, 60.0) == {"batchItemFailures": []}

    def quarantined(self, kind: str) -> int:
        """The number of points that the writer set aside."""
        return quarantined_points(self.cloud.client("s3", REGION), self.quarantines[kind])

    def rows(self, kind: str, sql: str) -> list[list[Any]]:
        """The rows of a statement, in which `{points}` is the table or view of all points."""
        store = self.stores[kind]
        return list(store.select(sql.format(points=store.points))[1])

    def now_ms(self) -> int:
        """The time there."""
        return round(self.cloud.clock.now() * 1000)


@contextmanager
def both_stores(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[BothStores]:
    """Both deployments, empty."""
    configs = {kind: load(name) for kind, name in ENVIRONMENTS.items()}
    stacks = [
        StackTemplate(config.stack_name, build("regional", config).body, _PARAMETERS)
        for config in configs.values()
    ]
    with start([REGION], stacks, aws_port=0, data_dir=folder, clock=Clock()) as cloud:
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }.items():
            patch.setenv(name, value)
        stores, writers, quarantines = {}, {}, {}
        for kind, config in configs.items():
            described = cloud.client("cloudformation", REGION).describe_stacks(StackName=config.stack_name)
            outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0]["Outputs"]}
            stores[kind] = store_of(outputs, lambda service: cloud.client(service, REGION))
            function = cloud.client("lambda", REGION).get_function_configuration(
                FunctionName=outputs["MetricWriterName"]
            )
            variables = function["Environment"]["Variables"]
            writers[kind] = metric_writer.build(variables, clock=cloud.clock.now)
            quarantines[kind] = outputs["QuarantineBucketName"]
        yield BothStores(cloud, stores, writers, quarantines)
