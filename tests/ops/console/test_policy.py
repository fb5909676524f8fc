"""The policy of the console: with it and nothing else every page can be read, and nothing in it is needless."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from handlers.domain.exports.hour import Hour
from handlers.vocabulary import LAKE
from ops.console.place import Place, Places
from ops.console.policy import policy
from ops.console.readers.alerts import read_alerts, read_rules
from ops.console.readers.catalogue import read_metrics
from ops.console.readers.errors import last_error
from ops.console.readers.exports import read_files, read_hours
from ops.console.readers.figures import read_alarms, read_figures
from ops.console.readers.fleet import read_regions
from ops.console.readers.quarantine import count_given_up, read_quarantine
from ops.console.readers.sql import ask
from templates.config import Config, load
from tests.support.generated import lake_config
from tests.support.permissions import calls_of, faults
from tests.support.service_authorization import is_of_type, types_of

ENVIRONMENTS = ("dev", "load")
MANAGED_POLICY_CHARACTERS = 6_144
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
    count_given_up(place)
    read_hours(place, newest=3)
    assert read_files(place, Hour.parse("2026-11-22T02"))
    read_regions(Places("dev", place.region), place.target.config)

    shown = place.local("permissions")
    mine = [one for one in shown["refused"] if one["role"].endswith("console-dev")]
    assert mine == []
    (calls,) = (calls for role, calls in calls_of(shown).items() if role.endswith("console-dev"))
    needless = faults(policy(load("dev")), calls)
    assert [fault for fault in needless if not any(word in fault for word in ELSEWHERE)] == []


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
