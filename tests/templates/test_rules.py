"""Rules that every stack of every environment keeps."""

import json
import re
from dataclasses import replace
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from templates.config import load
from templates.names import ARTIFACTS_BUCKET
from tests.support.generated import Generated, build, with_warnings

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
TOPIC = {"Ref": "OperatorTopic"}

# Where a resource that holds data, even for a moment, names its key.
ENCRYPTION = {
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration",
        "ResultConfiguration",
        "EncryptionConfiguration",
        "KmsKey",
    ),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Kinesis::Stream": ("StreamEncryption", "KeyId"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::Timestream::Database": ("KmsKeyId",),
}
HOLDS_NOTHING = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",  # what it keeps are names of clients, for minutes
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::Glue::Database",  # names and columns of what lies in the bucket; the account's catalog has one setting
    "AWS::Glue::Table",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::XRay::SamplingRule",
    "AWS::StepFunctions::StateMachine",  # what goes through it names things and holds no points
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::Timestream::Table",  # as its database is
}
PASSING = {"AlertWindowsTable"}  # aggregates of the last hours, of no use when they are older
KEPT = {
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
}


def test_everything_that_holds_data_is_encrypted_with_the_regions_key(regional: Generated) -> None:
    """Data at rest is under the customer managed key; a type that is not in the lists needs a decision."""
    for title, resource in regional.resources.items():
        path = ENCRYPTION.get(resource["Type"])
        if path is None:
            assert resource["Type"] in HOLDS_NOTHING, title
        else:
            assert _at(resource["Properties"], path) == KEY, title


def test_timestreams_reports_on_rejected_points_are_encrypted_with_the_key(regional: Generated) -> None:
    """The reports hold points, too."""
    for table in regional.of("AWS::Timestream::Table").values():
        place = table["MagneticStoreWriteProperties"]["MagneticStoreRejectedDataLocation"]["S3Configuration"]
        assert (place["EncryptionOption"], place["KmsKeyId"]) == ("SSE_KMS", KEY)


def test_data_and_its_key_outlive_the_stack(any_stack: Generated) -> None:
    """Deleting or replacing a stack deletes no data, and no key without which data is lost."""
    for title, resource in any_stack.resources.items():
        if resource["Type"] in KEPT and title not in PASSING:
            policies = resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")
            assert policies == ("RetainExceptOnCreate", "Retain"), title


def test_log_groups_are_kept_for_the_configured_time(any_stack: Generated) -> None:
    """No log is kept for ever."""
    for title, group in any_stack.of("AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == any_stack.config.logs.retention_days, title


# By tracing.mode. A function that passes through is traced where the state machine that called it is.
TRACING = {"off": "PassThrough", "sampled": "PassThrough", "active": "Active"}


def test_functions_are_alike(regional: Generated) -> None:
    """Every function runs on arm64 and python3.13, is traced as configured, and writes to a log group of its own."""
    functions = regional.of("AWS::Lambda::Function")
    own = {"Fn::Sub": regional.config.name(ARTIFACTS_BUCKET)}
    bucket = {"Fn::If": ["CodeIsInArtifactsBucket", own, {"Ref": "CodeBucket"}]}
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions.values()]
    assert functions
    assert len(set(groups)) == len(groups)
    assert set(groups) <= set(regional.of("AWS::Logs::LogGroup"))
    for title, function in functions.items():
        assert function["Architectures"] == ["arm64"], title
        assert function["Runtime"] == "python3.13", title
        assert function["TracingConfig"] == {"Mode": TRACING[regional.config.tracing.mode]}, title
        assert function["Code"] == {"S3Bucket": bucket, "S3Key": {"Ref": "CodeKey"}}, title


def test_the_api_is_traced_throttled_and_logs_no_bodies(regional: Generated) -> None:
    """The stage has tracing, an access log and throttling; execution logs, which may hold bodies, are off."""
    (stage,) = regional.of("AWS::ApiGateway::Stage").values()
    (setting,) = stage["MethodSettings"]
    traced = regional.config.tracing.mode != "off"
    assert stage.get("TracingEnabled", False) is traced
    [api] = regional.of("AWS::ApiGateway::RestApi").values()
    rules = [part["SamplingRule"] for part in regional.of("AWS::XRay::SamplingRule").values()]
    assert len(rules) == traced
    for rule in rules:
        assert rule["ServiceName"] == f"{api['Name']}/{stage['StageName']}"
        assert len(rule["ServiceName"]) <= 64
        assert (rule["ReservoirSize"], rule["FixedRate"]) == (0, regional.config.tracing.percent / 100)
    assert "$context.extendedRequestId" in stage["AccessLogSetting"]["Format"]
    assert not re.search(r"body|validationErrorString|error\.message", stage["AccessLogSetting"]["Format"])
    assert (setting["LoggingLevel"], setting["DataTraceEnabled"]) == ("OFF", False)
    assert setting["ThrottlingRateLimit"] == regional.config.api.throttle_rate
    assert setting["ThrottlingBurstLimit"] == regional.config.api.throttle_burst


def test_every_alarm_goes_to_the_operators_and_says_why(regional: Generated) -> None:
    """An alarm notifies when it goes off and when it is over, and its description tells what to do about it."""
    alarms = regional.of("AWS::CloudWatch::Alarm")
    assert alarms
    for title, alarm in alarms.items():
        assert alarm["AlarmActions"] == [TOPIC], title
        assert alarm["OKActions"] == [TOPIC], title
        assert len(alarm["AlarmDescription"]) > 60, title
        # No data means no trouble, but for what is there each minute or each hour as long as all is well.
        missing = "breaching" if title.endswith("MissingAlarm") else "notBreaching"
        assert alarm["TreatMissingData"] == missing, title
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"], title


# By what people hear of a function that fails or is throttled; each alarm is paid for, so none says what another does.
TOLD_BY = {
    # Its throttles are 503 of the API, and nothing but load.
    "ClientAuthorizerFunction": {"ClientAuthorizerErrorsAlarm", "IngestApiUnavailableAlarm"},
    "RemoteWriteReceiverFunction": {
        "RemoteWriteReceiverThrottlesAlarm",
        "RemoteWriteReceiverUnavailableAlarm",
    },
    "MetricWriterFunction": {
        "MetricWriterErrorsAlarm",
        "MetricWriterThrottlesAlarm",
        "MetricWriterLateAlarm",
        "MetricWriterExpiringAlarm",
    },
    # A batch that fails comes again and is late; one that is throttled may not even be that.
    "WindowAggregatorFunction": {"WindowAggregatorThrottlesAlarm", "WindowAggregatorLateAlarm"},
    "RuleChangesFunction": {"RuleChangesGaveUpAlarm"},
    # The state machines try their steps again, and fail with what does not heal.
    "AlertEvaluatorFunction": {"AlertEvaluationFailedAlarm", "AlertEvaluationTimedOutAlarm"},
    "MetricExportPlannerFunction": {"MetricExportExecutionsFailedAlarm"},
    "MetricExportUnloaderFunction": {"MetricExportHoursFailedAlarm"},
    "MetricExportPublisherFunction": {"MetricExportHoursFailedAlarm"},
    "MetricExportTidierFunction": {"MetricExportExecutionsFailedAlarm"},
}


def told_by(function: str) -> set[str]:
    """The alarms that tell of a function; a forwarder's are called after its receiver."""
    title = function.removesuffix("Function")
    return {f"{title}NotPostedAlarm"} if title.startswith("AlertForwarder") else TOLD_BY[function]


def test_every_function_has_alarms_on_what_stops_it(regional: Generated) -> None:
    """Whatever keeps a function from its work is told, by itself or by what it keeps from ending well."""
    alarms = with_warnings(regional).of("AWS::CloudWatch::Alarm")
    functions = regional.of("AWS::Lambda::Function")
    assert set().union(*map(told_by, functions)) <= alarms.keys()
    by_itself = {
        (alarm["Dimensions"][0]["Value"]["Ref"], title)
        for title, alarm in alarms.items()
        if alarm.get("Dimensions", [{}])[0].get("Name") == "FunctionName" and not title.endswith("SlowAlarm")
    }
    assert by_itself <= {(function, title) for function in functions for title in told_by(function)}


def test_every_mapping_ends_its_retries_and_keeps_what_it_gives_up(regional: Generated) -> None:
    """No batch blocks a shard for ever, is retried whole for one bad record, or is forgotten by the stream first."""
    mappings = regional.of("AWS::Lambda::EventSourceMapping")
    assert mappings
    for title, mapping in mappings.items():
        assert mapping["BisectBatchOnFunctionError"] is True, title
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], title
        assert -1 <= mapping["MaximumRetryAttempts"] <= 10_000, title
        age = mapping["MaximumRecordAgeInSeconds"]
        assert 60 <= age <= regional.config.stream.retention_hours * 3600 - 3600, title
        destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert destination == {"Fn::GetAtt": ["QuarantineBucket", "Arn"]}, title
        assert mapping["MaximumBatchingWindowInSeconds"] >= 1 or mapping["BatchSize"] <= 10, title


def test_buckets_are_private(to_regions: Generated) -> None:
    """Every bucket is versioned, closed to the public, named for this account alone, and refuses plain HTTP."""
    policies = {policy["Bucket"]["Ref"]: policy for policy in to_regions.of("AWS::S3::BucketPolicy").values()}
    buckets = to_regions.of("AWS::S3::Bucket")
    assert buckets
    for title, bucket in buckets.items():
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, title
        assert all(bucket["PublicAccessBlockConfiguration"].values()), title
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, title
        assert bucket["BucketNamespace"] == "account-regional", title
        name = bucket["BucketName"]["Fn::Sub"]
        longest = name.replace("${AWS::AccountId}", "1" * 12).replace("${AWS::Region}", "ap-northeast-1")
        assert len(longest) <= 63, title
        assert name.endswith("-${AWS::AccountId}-${AWS::Region}-an"), title
        (statement,) = policies[title]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny", title
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, title
        assert len(statement["Resource"]) == 2, title


def test_nothing_of_iam_has_a_name(any_stack: Generated) -> None:
    """IAM is global: a named role would clash with the next region's."""
    for title, resource in any_stack.resources.items():
        if resource["Type"].startswith("AWS::IAM::"):
            names = {"RoleName", "PolicyName", "ManagedPolicyName", "GroupName", "UserName"}
            if resource["Type"] == "AWS::IAM::Policy":
                names.remove("PolicyName")  # told apart within its role only
            assert not names & set(resource["Properties"]), title


def test_roles_of_an_environment_are_under_its_path(to_regions: Generated) -> None:
    """A principal that may make these roles need not be allowed to make any other."""
    for title, role in to_regions.of("AWS::IAM::Role").items():
        assert role["Path"] == f"/{to_regions.config.project}-{to_regions.config.environment}/", title


def test_whatever_takes_tags_is_tagged(any_stack: Generated) -> None:
    """By AWS's own schemas: every resource that can carry tags has the project's and the user's.

    What outlives its stack says besides what it was there: CloudFormation leaves its tags on some types only.
    """
    config = any_stack.config
    own = {"Project": config.project, "Environment": config.environment, "ManagedBy": "CloudFormation"}
    for title, resource in any_stack.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        if "Tags" in schema["properties"]:
            tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
            kept = "Retain" in resource.get("DeletionPolicy", "")
            assert tags == {**config.tags, **own, **({"LogicalId": title} if kept else {})}, title


def test_parameters_are_described_grouped_and_used(any_stack: Generated) -> None:
    """Whoever deploys by hand reads what each parameter is for."""
    parameters = any_stack.body.get("Parameters", {})
    interface = any_stack.body.get("Metadata", {}).get("AWS::CloudFormation::Interface", {})
    grouped = [name for group in interface.get("ParameterGroups", []) for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters)
    assert sorted(interface.get("ParameterLabels", {})) == sorted(parameters)
    for name, parameter in parameters.items():
        assert len(parameter["Description"]) > 20, name
        used = (any_stack.resources, any_stack.body.get("Conditions", {}))
        assert any({"Ref": name} in _nodes(part) for part in used), name


def test_outputs_are_described(any_stack: Generated) -> None:
    """Whoever looks at the stack reads what each output is."""
    assert any_stack.body["Outputs"]
    for name, output in any_stack.body["Outputs"].items():
        assert len(output["Description"]) > 15, name


def test_the_regional_stack_has_the_outputs_that_scripts_rely_on(regional: Generated) -> None:
    """These names are promised; others may be added."""
    assert set(regional.body["Outputs"]) >= {
        "BaseUrl",
        *(["DatabaseName"] if regional.config.store.kind == "timestream" else []),
        "DimensionsTableName",
        "HealthUrl",
        "IngestArn",
        "IngestUrl",
        "KeyArn",
        "MetricWriterName",
        "OperatorTopicArn",
        "QuarantineBucketName",
        "StreamName",
        "TableName",
    }


def test_a_template_is_flat_and_fits_where_it_is_deployed_from(any_stack: Generated) -> None:
    """No nested stack, no transform, and under the 1 MB and 500 resources of a template in S3."""
    text = str(any_stack.body)
    assert "Transform" not in any_stack.body
    assert "AWS::CloudFormation::Stack'" not in text
    assert len(text) < 1_000_000
    assert len(any_stack.resources) < 500


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _nodes(value: Any) -> list[Any]:
    """Every dictionary in a template's part."""
    found = [value] if isinstance(value, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found + [node for part in inner for node in _nodes(part)]


def test_two_projects_alarms_share_nothing() -> None:
    """Two projects with an environment `prod` in one account and region: neither wakes the other's operators."""
    mine, theirs = (_watched(build("regional", replace(load("prod"), project=name))) for name in ("a1", "b2"))
    assert mine.keys() == theirs.keys()
    assert not {title for title in mine if mine[title] == theirs[title]}


def _watched(regional: Generated) -> dict[str, str]:
    """The metrics of each alarm, with the stack in the place of what only the stack's own resources have."""
    found = {}
    for title, alarm in regional.of("AWS::CloudWatch::Alarm").items():
        assert "AlarmName" not in alarm, "CloudFormation's begins with the stack's, and so with the project"
        metric = json.dumps(
            [alarm.get(part) for part in ("Namespace", "MetricName", "Dimensions", "Metrics")]
        )
        found[title] = re.sub(r"Ref|Fn::GetAtt|Fn::Sub", f"of {regional.config.stack_name}", metric)
    return found
