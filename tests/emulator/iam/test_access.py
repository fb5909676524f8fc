"""Roles at the endpoint: what their policies allow is done, everything else is refused in the service's words."""

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator import Cloud, InvokeResult, PermissionMissingError, StackTemplate, start

REGION = "us-east-1"
ACCOUNT = "123456789012"
_VERSION = {"Version": "2012-10-17"}
NOBODY = {**_VERSION, "Statement": []}

As = Callable[..., Any]


def trusting(service: str) -> dict[str, Any]:
    """The policy of a role that a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {**_VERSION, "Statement": [statement]}


def allowing(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {
        **_VERSION,
        "Statement": [{"Effect": "Allow", "Action": [*actions], "Resource": resource, **more}],
    }


def _att(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


_ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
_ENCRYPTED = {
    "ServerSideEncryptionConfiguration": [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _att("Key")}}
    ]
}
_DEFINITION = {
    "StartAt": "Publish",
    "States": {
        "Publish": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": "${Topic}", "Message": "m"},
            "End": True,
        }
    },
}
_KEY_POLICY = {
    **_VERSION,
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": _ROOT,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
        }
    ],
}
TEMPLATE: dict[str, Any] = {
    name: {"Type": f"AWS::{kind}", "Properties": properties}
    for name, kind, properties in [
        ("Key", "KMS::Key", {"KeyPolicy": _KEY_POLICY}),
        (
            "Stream",
            "Kinesis::Stream",
            {"ShardCount": 1, "StreamEncryption": {"EncryptionType": "KMS", "KeyId": _att("Key")}},
        ),
        ("Topic", "SNS::Topic", {"KmsMasterKeyId": _att("Key")}),
        ("Bucket", "S3::Bucket", {"BucketEncryption": _ENCRYPTED}),
        (
            "Table",
            "DynamoDB::Table",
            {
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": _att("Key")},
            },
        ),
        ("Database", "Timestream::Database", {"DatabaseName": "sea"}),
        (
            "Points",
            "Timestream::Table",
            {
                "DatabaseName": {"Ref": "Database"},
                "TableName": "points",
                "MagneticStoreWriteProperties": {
                    "EnableMagneticStoreWrites": True,
                    "MagneticStoreRejectedDataLocation": {
                        "S3Configuration": {
                            "BucketName": {"Ref": "Bucket"},
                            "ObjectKeyPrefix": "rejected",
                            "EncryptionOption": "SSE_S3",
                        }
                    },
                },
            },
        ),
        ("MachineRole", "IAM::Role", {"AssumeRolePolicyDocument": trusting("states.amazonaws.com")}),
        (
            "Machine",
            "StepFunctions::StateMachine",
            {
                "RoleArn": _att("MachineRole"),
                "DefinitionString": json.dumps(_DEFINITION),
                "DefinitionSubstitutions": {"Topic": {"Ref": "Topic"}},
            },
        ),
    ]
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local AWS with one of each."""
    template = StackTemplate("s", {"Resources": TEMPLATE})
    with start([REGION], [template], data_dir=tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def acting(cloud: Cloud) -> Iterator[As]:
    """A function that makes a client of a service for a new role with these policies."""
    iam, made = cloud.client("iam", REGION), []

    def act(service: str, *policies: Mapping[str, Any]) -> Any:
        name = f"role-{service}-{len(iam.list_roles()['Roles'])}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(NOBODY))["Role"]
        for number, policy in enumerate(policies):
            iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy))
        made.append(cloud.client(service, REGION, role_arn=role["Arn"]))
        made[-1].role_name = name
        return made[-1]

    yield act
    for client in (iam, *made):
        client.close()


def ref(cloud: Cloud, name: str) -> str:
    """A resource's physical id."""
    return cloud.deployments[REGION].resources[name].physical_id


def arn(cloud: Cloud, name: str) -> str:
    """A resource's ARN."""
    return str(cloud.deployments[REGION].resources[name].attributes["Arn"])


def key_use(cloud: Cloud, service: str, *actions: str) -> dict[str, Any]:
    """A policy that lets the key be used through a service."""
    via = {"StringEquals": {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}}
    return allowing(*actions, resource=arn(cloud, "Key"), Condition=via)


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int, str]:
    """Code, status and message of the refusal of a call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: Any = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_a_role_without_policies_may_do_nothing(cloud: Cloud, acting: As) -> None:
    """Each service refuses with its own code; the message names caller, action and resource."""
    role = acting("dynamodb")
    code, status, message = refusal(role.get_item, TableName=ref(cloud, "Table"), Key={"pk": {"S": "a"}})
    assert (code, status) == ("AccessDeniedException", 400)
    assert message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role.role_name}/client is not authorized to perform: "
        f"dynamodb:GetItem on resource: {arn(cloud, 'Table')} because no identity-based policy allows the "
        "dynamodb:GetItem action"
    )
    record = {"StreamName": ref(cloud, "Stream"), "PartitionKey": "k", "Data": b"x"}
    assert refusal(acting("kinesis").put_record, **record)[:2] == ("AccessDeniedException", 400)
    s3 = acting("s3")
    assert refusal(s3.put_object, Bucket=ref(cloud, "Bucket"), Key="k")[:2] == ("AccessDenied", 403)
    topic = {"TopicArn": ref(cloud, "Topic"), "Message": "m"}
    assert refusal(acting("sns").publish, **topic)[:2] == ("AuthorizationError", 403)
    machine = {"stateMachineArn": ref(cloud, "Machine")}
    assert refusal(acting("stepfunctions").start_execution, **machine)[0] == "AccessDeniedException"
    invoked = refusal(acting("lambda").invoke, FunctionName="f")
    assert invoked[:2] == ("AccessDeniedException", 403)


def test_allowed_calls_take_the_use_of_the_key_as_well(cloud: Cloud, acting: As) -> None:
    """What is encrypted with a key of one's own is closed to those who may not use it through the service."""
    record = {"StreamName": ref(cloud, "Stream"), "PartitionKey": "k", "Data": b"x"}
    put = allowing("kinesis:PutRecord", resource=arn(cloud, "Stream"))
    assert refusal(acting("kinesis", put).put_record, **record)[0] == "KMSAccessDeniedException"
    assert (
        refusal(acting("kinesis", put, key_use(cloud, "s3", "kms:GenerateDataKey")).put_record, **record)[0]
        == "KMSAccessDeniedException"
    )
    assert acting("kinesis", put, key_use(cloud, "kinesis", "kms:GenerateDataKey")).put_record(**record)
    item = {"TableName": ref(cloud, "Table"), "Key": {"pk": {"S": "a"}}}
    get = allowing("dynamodb:GetItem", resource=arn(cloud, "Table"))
    assert "kms:Decrypt" in refusal(acting("dynamodb", get).get_item, **item)[2]
    assert "Item" not in acting("dynamodb", get, key_use(cloud, "dynamodb", "kms:Decrypt")).get_item(**item)


def test_a_keys_policy_must_let_the_accounts_policies_decide(cloud: Cloud, acting: As) -> None:
    """An action that the key's policy does not give the account is nobody's, whatever a role's policy says."""
    topic = {"TopicArn": ref(cloud, "Topic"), "Message": "m"}
    policies = allowing("sns:Publish"), allowing("kms:*")
    role, kms = acting("sns", *policies), cloud.client("kms", REGION)
    with closing(kms):
        key = {"KeyId": ref(cloud, "Key"), "PolicyName": "default"}
        assert role.publish(**topic)
        less = json.loads(json.dumps(_KEY_POLICY).replace('"kms:GenerateDataKey"', '"kms:Encrypt"'))
        kms.put_key_policy(**key, Policy=json.dumps(less))
        assert refusal(role.publish, **topic)[0] == "KMSAccessDenied"
        kms.put_key_policy(**key, Policy=json.dumps(_KEY_POLICY))
        assert role.publish(**topic)


def test_only_who_may_list_a_bucket_hears_that_an_object_is_not_there(cloud: Cloud, acting: As) -> None:
    """Others are refused, as if it might be there."""
    get, use = allowing("s3:GetObject"), key_use(cloud, "s3", "kms:Decrypt")
    missing = {"Bucket": ref(cloud, "Bucket"), "Key": "missing"}
    assert refusal(acting("s3", get, use).get_object, **missing)[:2] == ("AccessDenied", 403)
    assert refusal(acting("s3", get, use, allowing("s3:ListBucket")).get_object, **missing)[0] == "NoSuchKey"


def test_a_deny_wins_wherever_it_stands(cloud: Cloud, acting: As) -> None:
    """In the role's own policy, or in the bucket's; a bucket's policy may also allow by itself."""
    deny = {
        **_VERSION,
        "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": f"{arn(cloud, 'Bucket')}/no/*"}],
    }
    listing = {"Bucket": ref(cloud, "Bucket")}
    role = acting("s3", allowing("s3:*"), allowing("kms:*"), deny)
    assert role.put_object(**listing, Key="yes/k")
    assert refusal(role.put_object, **listing, Key="no/k")[0] == "AccessDenied"
    with closing(cloud.client("s3", REGION)) as operator:
        statement: dict[str, Any] = {
            "Principal": "*",
            "Action": "s3:ListBucket",
            "Resource": arn(cloud, "Bucket"),
        }
        try:
            operator.put_bucket_policy(
                **listing, Policy=json.dumps({**_VERSION, "Statement": [{"Effect": "Deny", **statement}]})
            )
            assert refusal(role.list_objects_v2, **listing)[0] == "AccessDenied"
            assert operator.list_objects_v2(**listing)["KeyCount"] == 1
            operator.put_bucket_policy(
                **listing, Policy=json.dumps({**_VERSION, "Statement": [{"Effect": "Allow", **statement}]})
            )
            assert acting("s3").list_objects_v2(**listing)["KeyCount"] == 1
        finally:
            operator.delete_bucket_policy(**listing)


def test_a_changed_policy_counts_at_once(cloud: Cloud, acting: As) -> None:
    """A decision is not kept beyond the policy it was made by."""
    role = acting("s3", allowing("s3:ListBucket"))
    assert role.list_objects_v2(Bucket=ref(cloud, "Bucket"))
    with closing(cloud.client("iam", REGION)) as iam:
        iam.delete_role_policy(RoleName=role.role_name, PolicyName="p0")
    assert refusal(role.list_objects_v2, Bucket=ref(cloud, "Bucket"))[0] == "AccessDenied"


def test_writing_points_takes_the_place_of_reports(cloud: Cloud, acting: As) -> None:
    """Timestream puts its reports on late points into the bucket in the writer's name."""
    point = {
        "Dimensions": [{"Name": "host", "Value": "a"}],
        "MeasureName": "m",
        "MeasureValue": "1",
        "Time": str(int(cloud.clock.now() * 1000)),
    }
    call = {"DatabaseName": "sea", "TableName": "points", "Records": [point]}
    bucket, reports = arn(cloud, "Bucket"), f"{arn(cloud, 'Bucket')}/rejected/*"
    write = [allowing("timestream:WriteRecords"), allowing("timestream:DescribeEndpoints")]
    assert "s3:GetBucketAcl" in refusal(acting("timestream-write", *write).write_records, **call)[2]
    write.append(allowing("s3:GetBucketAcl", resource=bucket))
    assert "s3:PutObject" in refusal(acting("timestream-write", *write).write_records, **call)[2]
    write += [
        allowing("s3:PutObject", resource=reports),
        key_use(cloud, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
    ]
    assert acting("timestream-write", *write).write_records(**call)


def test_an_unload_takes_the_bucket_and_the_key(cloud: Cloud, acting: As) -> None:
    """UNLOAD writes in the caller's name; each right that AWS lists for it is asked for."""
    sql = (
        f"UNLOAD (SELECT * FROM sea.points) TO 's3://{ref(cloud, 'Bucket')}/out' "
        f"WITH (encryption = 'SSE_KMS', kms_key = '{arn(cloud, 'Key')}')"
    )
    with closing(cloud.client("kms", REGION)) as kms:
        everything = {"Effect": "Allow", "Principal": _ROOT, "Action": "kms:*", "Resource": "*"}
        kms.put_key_policy(
            KeyId=ref(cloud, "Key"),
            PolicyName="default",
            Policy=json.dumps({**_VERSION, "Statement": [everything]}),
        )
    wanted = [
        ("timestream:DescribeEndpoints", "timestream"), ("timestream:Select", "timestream"),
        ("timestream:Unload", "timestream"), ("timestream:ListMeasures", "timestream"),
        ("timestream:WriteRecords", "timestream"), ("s3:GetBucketAcl", "s3"), ("s3:AbortMultipartUpload", "s3"),
        ("s3:GetObject", "s3"), ("s3:PutObject", "s3"), ("kms:DescribeKey", "kms"), ("kms:CreateGrant", "kms"),
        ("kms:Decrypt", "kms"), ("kms:GenerateDataKey", "kms"), ("kms:GenerateDataKeyWithoutPlaintext", "kms"),
    ]  # fmt: skip
    actions = [action for action, _ in wanted]
    for action in actions[1:]:
        rest = allowing(*(other for other in actions if other != action))
        code, _, message = refusal(acting("timestream-query", rest).query, QueryString=sql)
        assert (code, f"{action} on" in message) == ("AccessDeniedException", True), (action, message)
    pages = acting("timestream-query", allowing(*actions)).get_paginator("query").paginate(QueryString=sql)
    assert [row for page in pages for row in page["Rows"]]


def test_what_a_statement_takes_is_asked_each_time(cloud: Cloud, acting: As) -> None:
    """A role that may prepare an UNLOAD, or write it to one bucket, may not yet write it to another."""
    caller = acting(
        "timestream-query",
        *(allowing(f"timestream:{name}") for name in ("DescribeEndpoints", "Select", "Unload")),
    )
    sql = "UNLOAD (SELECT * FROM sea.points) TO 's3://elsewhere/out' WITH (format = 'CSV')"
    with suppress(ClientError):  # the service may have a word on the statement, the role's policies have none
        caller.prepare_query(QueryString=sql)
    for _ in range(2):
        assert "timestream:ListMeasures" in refusal(caller.query, QueryString=sql)[2]


def test_a_state_machine_acts_as_its_own_role(cloud: Cloud) -> None:
    """Its tasks fail for want of a permission, and succeed with it; who starts it does not matter."""
    with (
        closing(cloud.client("stepfunctions", REGION)) as states,
        closing(cloud.client("iam", REGION)) as iam,
    ):

        def run(name: str) -> dict[str, Any]:
            started = states.start_execution(stateMachineArn=ref(cloud, "Machine"), name=name)["executionArn"]
            while (ended := states.describe_execution(executionArn=started))["status"] == "RUNNING":
                pass
            return dict(ended)

        failed = run("first")
        assert (failed["status"], failed["error"]) == ("FAILED", "SNS.AuthorizationErrorException")
        policies = allowing("sns:Publish", "kms:Decrypt", "kms:GenerateDataKey")
        iam.put_role_policy(
            RoleName=ref(cloud, "MachineRole"), PolicyName="p", PolicyDocument=json.dumps(policies)
        )
        assert run("second")["status"] == "SUCCEEDED"


def test_temporary_credentials_that_were_not_issued_are_refused(cloud: Cloud) -> None:
    """A made up key of that kind is not the operator's."""
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=cloud.endpoint_url,
        aws_access_key_id="ASIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="b",
        aws_session_token="c",
    )
    with closing(client):
        assert refusal(client.list_tables)[:2] == ("UnrecognizedClientException", 403)


def test_an_operation_of_unknown_permission_is_refused_by_name(cloud: Cloud, acting: As) -> None:
    """To a role; the operator may call everything that is here."""
    role = acting("dynamodb", allowing("*"))
    code, _, message = refusal(role.list_tables)
    assert (code, "dynamodb ListTables" in message) == ("UnknownOperationException", True)


def test_what_was_used_and_refused_is_shown(cloud: Cloud, acting: As) -> None:
    """One example for each place in a policy that gave a permission, and each refusal."""
    role = acting("s3", allowing("s3:PutObject", resource="arn:aws:s3:::*/a/*"), allowing("kms:*"))
    for number in range(3):
        role.put_object(Bucket=ref(cloud, "Bucket"), Key=f"a/{number}")
    refusal(role.put_object, Bucket=ref(cloud, "Bucket"), Key="b/1")
    with urllib.request.urlopen(f"{cloud.endpoint_url}/_local/permissions") as reply:  # noqa: S310
        shown = json.loads(reply.read())
    used = [one for one in shown["used"] if one["role"].endswith(f"/{role.role_name}")]
    assert [(one["action"], one["resource"].rpartition(":")[2]) for one in used] == [
        ("s3:PutObject", f"{ref(cloud, 'Bucket')}/a/0"),
        ("kms:GenerateDataKey", f"key/{ref(cloud, 'Key')}"),
    ]
    assert used[1]["context"] == {"kms:viaservice": f"s3.{REGION}.amazonaws.com"}
    refused = [one for one in shown["refused"] if one["role"].endswith(f"/{role.role_name}")]
    assert [one["resource"] for one in refused] == [f"{arn(cloud, 'Bucket')}/b/1"]


def started_with(tmp_path: Path, **resources: Any) -> None:
    """Start the local AWS with these resources, and end it."""
    start([REGION], [StackTemplate("s", {"Resources": resources})], data_dir=tmp_path).close()


def test_a_role_that_the_service_may_not_assume_ends_the_start(tmp_path: Path) -> None:
    """AWS would not create what acts as it."""
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trusting("lambda.amazonaws.com")},
    }
    machine = {**TEMPLATE["Machine"], "Properties": {**TEMPLATE["Machine"]["Properties"]}}
    machine["Properties"]["RoleArn"] = _att("Role")
    with pytest.raises(PermissionMissingError, match=r"Machine: states\.amazonaws\.com may not assume"):
        started_with(tmp_path, Key=TEMPLATE["Key"], Topic=TEMPLATE["Topic"], Role=role, Machine=machine)


@pytest.mark.parametrize("missing", ["kinesis:DescribeStream", "s3:ListBucket", "kms:GenerateDataKey"])
def test_a_mapping_whose_role_lacks_a_right_ends_the_start(tmp_path: Path, missing: str) -> None:
    """Lambda reads the stream and keeps failed batches as the function's role."""
    actions = [
        "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "kinesis:ListShards", "kms:Decrypt", "kms:GenerateDataKey", "s3:ListBucket", "s3:PutObject",
    ]  # fmt: skip
    policy = allowing(*(action for action in actions if action != missing))
    function = {"Runtime": "python3.13", "Handler": "a.b", "Role": _att("Role"), "Code": {"ZipFile": ""}}
    role = {
        "AssumeRolePolicyDocument": trusting("lambda.amazonaws.com"),
        "Policies": [{"PolicyName": "p", "PolicyDocument": policy}],
    }
    mapping = {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": _att("Stream"),
        "StartingPosition": "TRIM_HORIZON",
        "DestinationConfig": {"OnFailure": {"Destination": _att("Bucket")}},
    }
    with pytest.raises(PermissionMissingError, match=f"Mapping: .* may not {missing}"):
        started_with(
            tmp_path,
            **{name: TEMPLATE[name] for name in ("Key", "Stream", "Bucket")},
            Role={"Type": "AWS::IAM::Role", "Properties": role},
            Function={"Type": "AWS::Lambda::Function", "Properties": function},
            Mapping={"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
        )


def test_functions_are_invoked_by_who_may(cloud: Cloud, acting: As) -> None:
    """The function's own role has no part in that."""
    invoked = []

    def invoke(_region: str, name: str, _payload: bytes, _kind: str) -> InvokeResult:
        invoked.append(name)
        return InvokeResult(b"{}")

    cloud.invoke_with(invoke)
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    role = acting("lambda", allowing("lambda:InvokeFunction", resource=function))
    assert refusal(role.invoke, FunctionName="g")[0] == "AccessDeniedException"
    assert refusal(role.invoke, FunctionName="f")[0] == "ResourceNotFoundException"
    assert invoked == []
