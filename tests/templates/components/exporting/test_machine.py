"""The export's part of the stack, against the code that relies on it."""

import json
import re
from typing import Any

from handlers.adapters.timestream.export_source import CALL_S
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.job import LEASE_S
from handlers.domain.exports.report import results_line
from handlers.vocabulary import DATASETS, NAMESPACE
from tests.support.generated import Generated, build, generated

REGIONAL = [one for one in generated() if one.stack == "regional"]


def _machine(stack: Generated) -> dict[str, Any]:
    machine: dict[str, Any] = stack.resources["MetricExportStateMachine"]["Properties"]
    return machine


def test_every_token_of_the_machine_has_a_value(regional: Generated) -> None:
    """A token without a value would be deployed as its name, and one without a use hides a mistake."""
    machine = _machine(regional)
    tokens = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
    assert tokens == set(machine["DefinitionSubstitutions"]) - {"Partition"}


def test_the_machine_outlives_no_claim(regional: Generated) -> None:
    """All retries of a step end within the claim on its hour, so two executions never publish it at a time."""
    states = json.loads(_machine(regional)["DefinitionString"])["States"]
    hour = states["ExportHours"]["ItemProcessor"]["States"]
    timeout = regional.of("AWS::Lambda::Function")["MetricExportUnloaderFunction"]["Timeout"]
    for name, state in hour.items():
        for retrier in state.get("Retry", []):
            attempts = retrier["MaxAttempts"] + 1
            waits = retrier["MaxAttempts"] * retrier.get("MaxDelaySeconds", 0)
            assert attempts * timeout + waits < LEASE_S, name


def test_a_function_lives_longer_than_its_longest_call(regional: Generated) -> None:
    """Two queries of a minute each fit into an invocation."""
    timeout = regional.of("AWS::Lambda::Function")["MetricExportUnloaderFunction"]["Timeout"]
    assert timeout > 2 * CALL_S


def test_the_schedule_starts_each_hour_after_the_lag(regional: Generated) -> None:
    """With the scheduled time as its input, which is not the time of the start."""
    schedule = regional.of("AWS::Scheduler::Schedule")["MetricExportSchedule"]
    assert schedule["ScheduleExpression"] == f"cron({regional.config.export.lag_minutes % 60} * * * ? *)"
    assert json.loads(schedule["Target"]["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["State"] == "ENABLED"


def test_exports_can_be_switched_off() -> None:
    """The schedule rests then; late hours are marked on, and an operator may export by hand."""
    from dataclasses import replace

    config = REGIONAL[0].config
    stack = build("regional", replace(config, export=replace(config.export, enabled=False)))
    assert stack.of("AWS::Scheduler::Schedule")["MetricExportSchedule"]["State"] == "DISABLED"
    assert (
        "EXPORT_HOURS_TABLE"
        in stack.of("AWS::Lambda::Function")["MetricWriterFunction"]["Environment"]["Variables"]
    )


def test_catalog_tables_have_the_columns_that_every_point_has(regional: Generated) -> None:
    """The publisher adds the columns of dimensions to exactly these."""
    for dataset in DATASETS:
        table = regional.of("AWS::Glue::Table")[f"Export{dataset.capitalize()}Table"]["TableInput"]
        columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
        assert columns == [tuple(column) for column in Layout((), written=True).catalog(dataset)]
        assert [key["Name"] for key in table["PartitionKeys"]] == ["export_date", "export_hour"]
        location = table["StorageDescriptor"]["Location"]["Fn::Sub"]
        assert location == [f"s3://${{Bucket}}/{dataset}/", {"Bucket": {"Ref": "ExportBucket"}}]


def test_past_queries_do_not_keep_the_stack(regional: Generated) -> None:
    """Athena refuses to delete a workgroup that was ever asked something, unless told to."""
    (group,) = regional.of("AWS::Athena::WorkGroup").values()
    assert group["RecursiveDeleteOption"] is True


def test_queries_read_no_more_than_the_limit(regional: Generated) -> None:
    """A query over too many hours is stopped, and nobody can get round that within the work group."""
    group = regional.of("AWS::Athena::WorkGroup")["ExportWorkGroup"]["WorkGroupConfiguration"]
    assert group["EnforceWorkGroupConfiguration"] is True
    assert group["BytesScannedCutoffPerQuery"] == regional.config.export.scan_limit_gb * 10**9


def test_replaced_files_leave_no_versions_for_ever(regional: Generated) -> None:
    """Versions, delete markers, half-sent uploads and query results end; older hours move to colder storage."""
    rules = {
        rule["Id"]: rule
        for rule in regional.of("AWS::S3::Bucket")["ExportBucket"]["LifecycleConfiguration"]["Rules"]
    }
    assert rules["ReplacedRuns"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rules["ReplacedRuns"]["ExpiredObjectDeleteMarker"] is True
    assert rules["ColderStorage"]["Transitions"] == [
        {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30}
    ]
    assert rules["QueryResults"]["Prefix"] == "athena/"
    assert "AbandonedUploads" in rules
    # No rule expires what readers see.
    assert [name for name, rule in rules.items() if "ExpirationInDays" in rule] == ["QueryResults"]


def test_alarms_watch_metrics_that_the_planner_emits(regional: Generated) -> None:
    """Lag and failures, under the names and the dimension that the log line has."""
    line = json.loads(results_line([], 0.0, regional.config.environment, 0))
    alarms = [
        alarm
        for title, alarm in regional.of("AWS::CloudWatch::Alarm").items()
        if title.startswith("MetricExport") and alarm["Namespace"] == NAMESPACE
    ]
    assert {alarm["MetricName"] for alarm in alarms} == {"HoursFailed", "ExportLag"}
    for alarm in alarms:
        assert alarm["MetricName"] in line
        assert alarm["Dimensions"] == [{"Name": "Environment", "Value": line["Environment"]}]


def test_no_function_may_delete_a_version_or_the_catalogs_entries(regional: Generated) -> None:
    """A file that is deleted by mistake is there for a week, and readers' partitions are only ever moved."""
    for title, role in regional.of("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = set(statement["Action"])
                assert not actions & {"s3:DeleteObjectVersion", "glue:DeletePartition", "glue:DeleteTable"}, (
                    title
                )
                if "s3:DeleteObject" in actions:
                    assert title == "MetricExportTidierRole"
