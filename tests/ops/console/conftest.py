"""A region with deployed stacks, and the console's place for each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator import Cloud, StackTemplate, start
from ops.console.place import Place
from ops.console.policy import policy
from ops.stack import Target
from templates.config import Config
from templates.config import load as load_config
from templates.names import EXPORT_BUCKET, QUARANTINE_BUCKET
from tests.support.generated import build

REGION = "us-east-1"
ACCOUNT = "123456789012"
PARAMETERS = {"CodeBucket": "code", "CodeKey": "functions/0123.zip"}


@dataclass(frozen=True, slots=True)
class RoleTarget(Target):
    """A deployment as a role sees it."""

    cloud: Cloud
    role_arn: str = ""

    def client(self, service: str) -> Any:
        """A client that calls as the role."""
        return self.cloud.client(service, self.region, role_arn=self.role_arn)


@pytest.fixture(scope="module")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local AWS with the regional stack of dev, or of a module's ENVIRONMENTS; nothing runs in it."""
    stacks = [
        StackTemplate(config.stack_name, build("regional", config).body, PARAMETERS)
        for config in map(load_config, getattr(request.module, "ENVIRONMENTS", ["dev"]))
    ]
    with start([REGION], stacks, aws_port=0, data_dir=tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def place_of(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Place]:
    """Gives the place of an environment, in which the caller has the console's own policy and nothing else."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint_url)
    return lambda environment: Place(_target(cloud, load_config(environment)))


@pytest.fixture
def place(place_of: Callable[[str], Place]) -> Place:
    """The place of dev."""
    return place_of("dev")


def _target(cloud: Cloud, config: Config) -> Target:
    iam, name = cloud.client("iam", REGION), f"console-{config.environment}"
    nobody = {"Version": "2012-10-17", "Statement": []}
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(nobody))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="console", PolicyDocument=json.dumps(policy(config)))
    return RoleTarget(config, REGION, config.stack_name, cloud, role["Arn"])


@pytest.fixture(scope="module")
def points(cloud: Cloud) -> list[tuple[int, str, float]]:
    """Points of dev in the store, each core's of two minutes: epoch milliseconds, core, value; and one set aside."""
    now_ms = int(cloud.clock.now() * 1000) // 60_000 * 60_000
    made: list[tuple[int, str, float]] = [
        (now_ms - 1000 * second, core, second + int(core))
        for core in ("0", "1", "10")
        for second in range(120)
    ]
    store = cloud.client("timestream-write", REGION)
    for begin in range(0, len(made), 100):
        store.write_records(
            DatabaseName="metrics_dev",
            TableName="metrics",
            CommonAttributes={"MeasureName": "metric", "MeasureValueType": "MULTI"},
            Records=[_record(*point) for point in made[begin : begin + 100]],
        )
    arrived = datetime.fromtimestamp(cloud.clock.now() - 60, UTC)
    line = {
        "request_id": "one", "index": 0, "client": "-", "arrived_at": arrived.isoformat(),
        "reason": "timestamp_too_old", "field": "timestamp", "message": "too old",
        "payload": {"metric_name": "hello"},
    }  # fmt: skip
    cloud.client("s3", REGION).put_object(
        Bucket=load_config("dev").name(QUARANTINE_BUCKET, account=ACCOUNT, region=REGION),
        Key=f"quarantine/date={arrived:%Y-%m-%d}/hour={arrived:%H}/one.jsonl",
        Body=json.dumps(line).encode(),
    )
    _publish_an_hour(cloud)
    return made


def _publish_an_hour(cloud: Cloud) -> None:
    """Files of an hour, and the partition that points at them."""
    bucket = load_config("dev").name(EXPORT_BUCKET, account=ACCOUNT, region=REGION)
    prefix = "metrics/export_date=2026-11-22/export_hour=02/run=1/"
    cloud.client("s3", REGION).put_object(Bucket=bucket, Key=f"{prefix}part-0.parquet", Body=b"PAR1")
    cloud.client("glue", REGION).create_partition(
        DatabaseName="metrics_dev",
        TableName="metrics",
        PartitionInput={
            "Values": ["2026-11-22", "02"],
            "StorageDescriptor": {"Location": f"s3://{bucket}/{prefix}"},
        },
    )


def _record(time_ms: int, core: str, value: float) -> dict[str, Any]:
    names = {"metric_name": "cpu.user", "metric_type": "system", "core": core}
    return {
        "Dimensions": [{"Name": name, "Value": text} for name, text in names.items()],
        "MeasureValues": [{"Name": "value", "Value": str(value), "Type": "DOUBLE"}],
        "Time": str(time_ms),
    }
