"""The metric writer: the function as the environment file describes it, and what watches it."""

from tests.support.generated import Generated, with_warnings


def test_the_function_is_as_it_is_configured(regional: Generated) -> None:
    """Timeout, memory and reserved concurrency are the environment's; it knows the environment."""
    writer, function = regional.config.writer, regional.of("AWS::Lambda::Function")["MetricWriterFunction"]
    assert function["Timeout"] == writer.timeout_seconds
    assert function["MemorySize"] == writer.memory_mb
    assert function.get("ReservedConcurrentExecutions") == writer.reserved_concurrency
    assert function["Environment"]["Variables"]["ENVIRONMENT"] == regional.config.environment


def test_the_mapping_reads_as_it_is_configured(regional: Generated) -> None:
    """Batches, window, retries, age and batches at once are the environment's."""
    writer = regional.config.writer
    mapping = regional.of("AWS::Lambda::EventSourceMapping")["MetricWriterMapping"]
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["Stream", "Arn"]}
    assert mapping["BatchSize"] == writer.batch_size
    assert mapping["MaximumBatchingWindowInSeconds"] == writer.window_seconds
    assert mapping["MaximumRetryAttempts"] == writer.maximum_retries
    assert mapping["MaximumRecordAgeInSeconds"] == writer.maximum_age_seconds
    assert mapping["ParallelizationFactor"] == writer.parallelization


def test_an_invocation_near_its_timeout_is_noticed(regional: Generated) -> None:
    """The alarm on duration goes off before invocations are cut off."""
    alarm = with_warnings(regional).of("AWS::CloudWatch::Alarm")["MetricWriterSlowAlarm"]
    assert alarm["MetricName"] == "Duration"
    assert alarm["Threshold"] == regional.config.writer.timeout_seconds * 800
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "MetricWriterFunction"}}]


def test_half_of_the_time_to_repair_is_told(regional: Generated) -> None:
    """The first attempt at a record that is half as old as one that is given up; long after somebody heard of it."""
    alarms = with_warnings(regional).of("AWS::CloudWatch::Alarm")
    alarm, age_ms = alarms["MetricWriterExpiringAlarm"], regional.config.writer.maximum_age_seconds * 1000
    assert (alarm["MetricName"], alarm["Statistic"]) == ("IteratorAge", "Maximum")
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (age_ms / 2, 1)
    assert "redrive --batches" in alarm["AlarmDescription"]
    assert alarms["MetricWriterLateAlarm"]["Threshold"] < alarm["Threshold"]


def test_every_function_is_among_the_outputs(regional: Generated) -> None:
    """Whoever looks for a region's functions finds their ARNs in the stack's outputs."""
    (_, arns) = regional.body["Outputs"]["FunctionArns"]["Value"]["Fn::Join"]
    assert {arn["Fn::GetAtt"][0] for arn in arns} == set(regional.of("AWS::Lambda::Function"))
