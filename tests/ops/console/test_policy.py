"""The policy of the console: with it and nothing else every page can be read, and nothing in it is needless."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from emulator import Cloud
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.adapters.lake.lines import objects_of
from handlers.domain.exports.hour import Hour
from handlers.domain.point import Series
from handlers.vocabulary import LAKE
from ops.console.place import Place, Places
from ops.console.policy import policy
from ops.console.readers.alerts import read_alerts, read_rules
from ops.console.readers.backtest import run_backtest
from ops.console.readers.catalogue import read_metrics, read_series
from ops.console.readers.errors import last_error
from ops.console.readers.exports import read_files, read_hours
from ops.console.readers.figures import read_alarms, read_figures
from ops.console.readers.fleet import read_regions
from ops.console.readers.quarantine import given_up_batches, read_quarantine
from ops.console.readers.series import Question, sql_of
from ops.console.readers.sql import ask
from ops.errors import OperatorError
from ops.request_account.account import State
from ops.request_account.reading import read_account
from templates.config import Config, load
from tests.support.generated import lake_config
from tests.support.lake_points import point
from tests.support.permissions import calls_of, faults
from tests.support.service_authorization import is_of_type, types_of

ENVIRONMENTS = ("dev", "load", "lake")
RULE = """\
rules:
  - rule_id: busy
    metric_name: cpu.user
    by: [core]
    statistic: avg
    operator: ">"
    threshold: 90
"""
MANAGED_POLICY_CHARACTERS = 6_144
# For an interrupted query, an answer that is long, and objects that are not there in a lake of one hour.
UNUSED = (
    *("athena:stopqueryexecution", "s3:abortmultipartupload", "s3:listmultipartuploadparts"),
    *("/late/", "/metrics/", "/aggregates/", "/replaced/", "quarantine-*-*-an/"),
)
# Calls that are made in an account only: of a fleet, and of clients that find Timestream by themselves.
ELSEWHERE = ("StackSet-", "cloudformation:liststackinstances", "timestream:describeendpoints")


@pytest.mark.usefixtures("points")
def test_every_page_is_read_with_the_policy_alone(place: Place) -> None:
    """All readers work for a caller who may do what the policy says; what it says besides is for a fleet."""
    read_figures(place)
    read_alarms(place)
    last_error(place, ("MetricWriter",))
    read_metrics(place)
    assert ask(place, 'SELECT count(*) FROM "metrics_dev"."metrics"').rows
    assert ask(place, "SELECT 1").rows
    read_rules(place)
    read_alerts(place, every=True)
    assert read_quarantine(place, since_s=86_400).points
    given_up_batches(place)
    assert read_account(place, "nobody's=", since_s=86_400).state is State.UNKNOWN
    read_hours(place, newest=3)
    assert read_files(place, Hour.parse("2026-11-22T02"))
    assert run_backtest(place, RULE, "1h", print).sides(("0",))
    read_regions(Places("dev", place.region), place.target.config)

    shown = place.local("permissions")
    mine = [one for one in shown["refused"] if one["role"].endswith("console-dev")]
    assert mine == []
    (calls,) = (calls for role, calls in calls_of(shown).items() if role.endswith("console-dev"))
    needless = faults(policy(load("dev")), calls)
    assert [fault for fault in needless if not any(word in fault for word in ELSEWHERE)] == []


@pytest.fixture
def lake(cloud: Cloud, place_of: Callable[[str], Place]) -> Place:
    """A lake with points of two cores in the hour that it is."""
    place = place_of("lake")
    LakeCatalog(cloud.client("glue", place.region), "metrics_lake").show_dimensions(lambda: ["core"])
    now_ns = int(place.now_s() * 1e9)
    points = [
        point(Series("cpu.user", "system", (("core", core),)), time_ns=now_ns - second * 10**9, value=second)
        for core in "01"
        for second in range(60)
    ]
    for lines in objects_of(points):
        cloud.client("s3", place.region).put_object(
            Bucket=place.output("ExportBucketName"), Key=lines.key, Body=lines.body()
        )
    return place


def test_every_page_of_a_lake_is_read_with_its_policy_alone(lake: Place) -> None:
    """Athena works for a caller who may do what the policy says, and nothing of it is needless for a lake."""
    read_figures(lake)
    read_alarms(lake)
    last_error(lake, ("MetricWriter",))
    [metric] = read_metrics(lake)
    assert (metric.name, dict(metric.dimensions), metric.last.points) == ("cpu.user", {"core": 2}, 120)
    assert [one.last.points for one in read_series(lake, metric)] == [60, 60]
    for ago in ("5m", "1h"):
        lines = ask(lake, sql_of(Question("cpu.user", "sum", by=("core",), ago=ago), lake.store())).lines()
        assert [line.name for line in lines] == ["core=0", "core=1"]
        assert sum(value or 0 for _, value in lines[0].points) == sum(range(60))
    with pytest.raises(OperatorError, match="name the hours"):
        ask(lake, "SELECT count(*) FROM points")
    before = lake.spending.dollars
    assert ask(lake, "SELECT count(*) FROM points WHERE event_hour > ''").rows == [[120]]
    assert lake.spending.dollars - before == pytest.approx(0.00005)
    read_rules(lake)
    read_alerts(lake, every=True)
    read_quarantine(lake, since_s=86_400)
    given_up_batches(lake)
    assert read_account(lake, "nobody's=", since_s=86_400).state is State.UNKNOWN
    read_hours(lake, newest=3)
    read_files(lake, Hour.parse("2026-11-22T02"))
    assert run_backtest(lake, RULE, "1h", print).sides(("0",))
    read_regions(Places("lake", lake.region), lake.target.config)

    shown = lake.local("permissions")
    assert [one for one in shown["refused"] if one["role"].endswith("console-lake")] == []
    (calls,) = (calls for role, calls in calls_of(shown).items() if role.endswith("console-lake"))
    needless = faults(policy(load("lake")), calls)
    assert [fault for fault in needless if not any(word in fault for word in (*ELSEWHERE, *UNUSED))] == []


def test_it_reads_one_environment_and_changes_none(place: Place, place_of: Callable[[str], Place]) -> None:
    """Another environment's tables are closed, and so is every write."""
    other = place_of("load").output("RulesTableName")
    with pytest.raises(ClientError, match="not authorized"):
        place.client("dynamodb").scan(TableName=other)
    with pytest.raises(ClientError, match="not authorized"):
        place.client("dynamodb").put_item(
            TableName=place.output("RulesTableName"),
            Item={"metric_name": {"S": "m"}, "rule_id": {"S": "r"}},
        )


@pytest.mark.parametrize("config", [load("prod"), lake_config()], ids=["timestream", "lake"])
def test_it_holds_no_action_that_changes_anything(config: Config) -> None:
    """Each action is one that AWS has, on a resource that it knows, and reads; Athena writes its answers down."""
    answers = {
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "s3:PutObject",
        "kms:GenerateDataKey",
    }
    answers |= {"s3:AbortMultipartUpload"}
    for statement in policy(config)["Statement"]:
        for action in statement["Action"]:
            verb = action.split(":")[1]
            assert verb.startswith(
                ("BatchGet", "Decrypt", "Describe", "Filter", "Get", "List", "Query", "Scan", "Select")
            ) or (config.store.kind == LAKE and action in answers)
            if action == "s3:PutObject":
                assert all(resource.endswith("/athena/*") for resource in statement["Resource"])
            types, service = types_of(action), action.split(":")[0]
            for resource in statement["Resource"]:
                if resource == "*":
                    assert not any(types.values()), action
                else:
                    assert any(is_of_type(service, kind, resource) for kind in types), (action, resource)


@pytest.mark.parametrize("config", [*map(load, ("dev", "load", "prod")), lake_config()])
def test_it_fits_into_a_managed_policy(config: Config) -> None:
    """IAM counts a policy's characters without its white space."""
    text = json.dumps(policy(config), separators=(",", ":"))
    assert len(text) <= MANAGED_POLICY_CHARACTERS
