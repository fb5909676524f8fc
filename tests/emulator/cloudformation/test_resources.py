"""Each resource of a template, seen through the calls that describe it."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest

from emulator import Cloud
from emulator.cloudformation.deployment import Deployment
from emulator.cloudformation.resources import HANDLERS
from tests.support.aws_clients import Clients
from tests.support.template_fixture import everything


@pytest.fixture(scope="module")
def deployment(cloud: Cloud) -> Deployment:
    """The stack of every type in the first region."""
    return cloud.deployments["us-east-1"]


@pytest.fixture(scope="module")
def ids(deployment: Deployment) -> Mapping[str, str]:
    """The physical id of each resource."""
    return {name: resource.physical_id for name, resource in deployment.resources.items()}


def test_the_fixture_has_every_known_type() -> None:
    """Each type the local run knows is deployed by these tests."""
    assert {resource["Type"] for resource in everything()["Resources"].values()} == set(HANDLERS)


def test_a_key_rotates_and_has_its_alias(client: Clients, ids: Mapping[str, str]) -> None:
    """A key exists under its alias, with its description, policy and rotation."""
    kms = client("kms")
    described = kms.describe_key(KeyId="alias/everything")["KeyMetadata"]
    assert (described["KeyId"], described["Description"]) == (ids["Key"], "data")
    assert kms.get_key_rotation_status(KeyId=ids["Key"])["KeyRotationEnabled"] is True
    policy = kms.get_key_policy(KeyId=ids["Key"], PolicyName="default")["Policy"]
    assert json.loads(policy)["Statement"][0]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_stream_is_encrypted_and_keeps_its_records_as_long_as_declared(
    client: Clients, ids: Mapping[str, str]
) -> None:
    """A stream has its shards, mode, key, retention and tags."""
    kinesis = client("kinesis")
    summary = kinesis.describe_stream_summary(StreamName=ids["Stream"])["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2
    assert summary["RetentionPeriodHours"] == 48
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", ids["Key"])
    assert {"Key": "Project", "Value": "p"} in kinesis.list_tags_for_stream(StreamName=ids["Stream"])["Tags"]


def test_a_bucket_has_everything_it_was_declared_with(
    client: Clients, ids: Mapping[str, str], deployment: Deployment
) -> None:
    """A bucket is versioned, encrypted, private, tidied and tagged as its properties say."""
    s3 = client("s3")
    bucket = ids["Bucket"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (encryption,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": deployment.resources["Key"].attributes["Arn"],
    }
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Filter"] == {"Prefix": "quarantine/"}
    assert rule["Expiration"] == {"Days": 30}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rule["Transitions"] == [{"Days": 31, "StorageClass": "STANDARD_IA"}]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    (ownership,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
    assert {"Key": "Project", "Value": "p"} in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Version"] == "2012-10-17"


def test_a_table_streams_expires_and_recovers(
    client: Clients, ids: Mapping[str, str], deployment: Deployment
) -> None:
    """A table has its key, billing, stream, time to live, recovery and encryption."""
    dynamodb = client("dynamodb")
    table = dynamodb.describe_table(TableName=ids["Table"])["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["LatestStreamArn"] == deployment.outputs["TableStreamArn"]
    assert table["SSEDescription"]["SSEType"] == "KMS"
    expiry = dynamodb.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]
    assert (expiry["AttributeName"], expiry["TimeToLiveStatus"]) == ("expires_at", "ENABLED")
    backups = dynamodb.describe_continuous_backups(TableName=ids["Table"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_subscription_gets_only_what_its_filter_lets_through(
    client: Clients, ids: Mapping[str, str]
) -> None:
    """Of two messages the queue receives the critical one, raw."""
    sns, sqs = client("sns"), client("sqs")
    queue = sqs.create_queue(QueueName="critical")["QueueUrl"]
    for severity in ("low", "critical"):
        attributes = {"severity": {"DataType": "String", "StringValue": severity}}
        sns.publish(TopicArn=ids["Topic"], Message=severity, MessageAttributes=attributes)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in messages] == ["critical"]
    attributes = sns.get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert (attributes["DisplayName"], attributes["KmsMasterKeyId"]) == ("alerts", ids["Key"])
    assert json.loads(attributes["Policy"])["Statement"][0]["Effect"] == "Allow"


def test_a_log_group_keeps_a_week(client: Clients, ids: Mapping[str, str]) -> None:
    """A log group has its retention and key."""
    logs = client("logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    assert group["retentionInDays"] == 7
    assert group["kmsKeyId"].endswith(ids["Key"])


def test_a_role_has_inline_and_managed_policies(client: Clients, ids: Mapping[str, str]) -> None:
    """A role holds the policies of its own properties, of other resources, and of AWS."""
    iam = client("iam")
    assert set(iam.list_role_policies(RoleName=ids["Role"])["PolicyNames"]) == {"attached", "inline"}
    attached = iam.list_attached_role_policies(RoleName=ids["Role"])["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == {
        ids["ManagedPolicy"],
        "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    }


def test_alarms_and_dashboards_are_described(client: Clients, ids: Mapping[str, str]) -> None:
    """Alarms keep their thresholds and actions, dashboards their body."""
    cloudwatch = client("cloudwatch")
    described = cloudwatch.describe_alarms()
    (alarm,) = described["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["DatapointsToAlarm"], alarm["TreatMissingData"]) == (
        ids["Alarm"],
        3,
        "notBreaching",
    )
    assert alarm["AlarmActions"] == [ids["Topic"]]
    assert json.loads(cloudwatch.get_dashboard(DashboardName=ids["Dashboard"])["DashboardBody"]) == {
        "widgets": []
    }


def test_a_schedule_keeps_its_target(client: Clients, ids: Mapping[str, str]) -> None:
    """A schedule is in its group, with expression and target."""
    schedule = client("scheduler").get_schedule(Name=ids["Schedule"], GroupName=ids["Group"])
    assert schedule["ScheduleExpression"] == "cron(5 * * * ? *)"
    assert schedule["Target"]["Arn"] == ids["Machine"]


def test_the_catalog_has_database_and_table(client: Clients, ids: Mapping[str, str]) -> None:
    """A catalog table has its columns, partition keys and location; the work group its scan limit."""
    table = client("glue").get_table(DatabaseName="metrics", Name="points")["Table"]
    assert table["PartitionKeys"] == [{"Name": "export_date", "Type": "string"}]
    assert table["StorageDescriptor"]["Location"] == f"s3://{ids['Bucket']}/metrics/"
    group = client("athena").get_work_group(WorkGroup="analysts")["WorkGroup"]
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000_000


def test_the_metric_store_is_in_the_engine(client: Clients, ids: Mapping[str, str]) -> None:
    """Database and table exist in the Timestream engine, with numbers where the template has texts."""
    timestream = client("timestream-write")
    table = timestream.describe_table(DatabaseName="everything", TableName="points")["Table"]
    assert table["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 30,
    }
    assert table["Schema"]["CompositePartitionKey"][0]["Name"] == "metric_name"
    assert ids["Points"] == "everything|points"


def test_functions_are_recorded_and_not_given_to_moto(
    client: Clients, ids: Mapping[str, str], deployment: Deployment
) -> None:
    """Lambda's API shows function and mapping; what runs them is not moto, which would deliver records itself."""
    functions = client("lambda")
    (function,) = functions.list_functions()["Functions"]
    assert function["FunctionName"] == ids["Function"]
    assert function["Environment"] == {"Variables": {"TABLE": ids["Table"]}}
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == deployment.resources["Stream"].attributes["Arn"]
    assert mapping["UUID"] == ids["Mapping"]
    assert functions.get_function(FunctionName=ids["Function"])["Configuration"]["Timeout"] == 60


def test_a_function_url_has_the_form_of_awss(deployment: Deployment) -> None:
    """Its id and region are the host's; it is known by the function it invokes."""
    url, function = deployment.resources["FunctionUrl"], deployment.resources["Function"]
    pattern = rf"https://[0-9a-z]{{32}}\.lambda-url\.{deployment.region}\.on\.aws/"
    assert re.fullmatch(pattern, url.attributes["FunctionUrl"])
    assert url.physical_id == url.attributes["FunctionArn"] == function.attributes["Arn"]


def test_the_api_is_handed_on_resolved(deployment: Deployment, ids: Mapping[str, str]) -> None:
    """A method refers to its API, resource and authorizer by the ids these have."""
    method = deployment.resources["ApiMethod"].properties
    assert method["RestApiId"] == ids["Api"]
    assert method["ResourceId"] == ids["ApiResource"]
    assert method["AuthorizerId"] == ids["ApiAuthorizer"]
    root = deployment.resources["ApiResource"].properties["ParentId"]
    assert root == deployment.resources["Api"].attributes["RootResourceId"] != ids["Api"]


def test_the_network_is_there_to_look_at(client: Clients, ids: Mapping[str, str]) -> None:
    """Groups let out and in what their rules say, and nothing else."""
    ec2 = client("ec2")
    assert ec2.describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"][0]["AvailabilityZone"] == "us-east-1a"
    groups = {
        group["GroupId"]: group
        for group in ec2.describe_security_groups(GroupIds=[ids["Functions"], ids["Endpoints"]])[
            "SecurityGroups"
        ]
    }
    egress = groups[ids["Functions"]]["IpPermissionsEgress"]
    assert [range_["CidrIp"] for rule in egress for range_ in rule["IpRanges"]] == ["10.0.0.0/16"]
    assert [pair["GroupId"] for rule in egress for pair in rule["UserIdGroupPairs"]] == [ids["Endpoints"]]
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["ToS3"]])["VpcEndpoints"]
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.s3"
    (flow_log,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [ids["Vpc"]]}])[
        "FlowLogs"
    ]
    assert flow_log["TrafficType"] == "REJECT"


def test_a_state_machine_reaches_the_other_services(client: Clients, ids: Mapping[str, str]) -> None:
    """An execution of the deployed definition writes to the deployed table."""
    states = client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=ids["Machine"])
    assert ids["Table"] in machine["definition"]
    execution = states.start_execution(
        stateMachineArn=ids["Machine"], name="first", input=json.dumps({"pk": "from the machine"})
    )["executionArn"]
    assert _finished(states, execution)["status"] == "SUCCEEDED"
    key = {"pk": {"S": "from the machine"}}
    assert client("dynamodb").get_item(TableName=ids["Table"], Key=key)["Item"] == key


def test_regions_hold_their_own(cloud: Cloud, client: Clients) -> None:
    """The same stack in another region has its own names and its own data."""
    here, there = (cloud.deployments[region] for region in ("us-east-1", "eu-west-1"))
    for name in ("Bucket", "Role", "Stream"):
        assert here.resources[name].physical_id != there.resources[name].physical_id
    assert there.resources["Table"].attributes["Arn"].startswith("arn:aws:dynamodb:eu-west-1:")
    client("kinesis").put_record(StreamName=here.outputs["StreamName"], PartitionKey="a", Data=b"x")
    with pytest.raises(client("kinesis", "eu-west-1").exceptions.ResourceNotFoundException):
        client("kinesis", "eu-west-1").put_record(
            StreamName=here.outputs["StreamName"], PartitionKey="a", Data=b"x"
        )
    tables = client("timestream-write", "eu-west-1").list_tables(DatabaseName="everything")["Tables"]
    assert tables[0]["Arn"].startswith("arn:aws:timestream:eu-west-1:")


def _finished(states: Any, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        described: dict[str, Any] = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.05)
    raise AssertionError("the execution did not end")
