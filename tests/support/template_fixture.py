"""A template with every resource type the local run knows how to create."""

from typing import Any

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {
                "Service": [
                    f"{name}.amazonaws.com" for name in ("apigateway", "lambda", "scheduler", "states")
                ]
            },
            "Action": "sts:AssumeRole",
        }
    ],
}
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}],
}

_KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
        }
    ],
}
_WORK = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "dynamodb:PutItem",
                "kinesis:DescribeStream*",
                "kinesis:Get*",
                "kinesis:ListShards",
                "kms:Decrypt",
            ],
            "Resource": "*",
        }
    ],
}


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _att(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def everything() -> dict[str, Any]:
    """The template."""
    return {
        "Resources": {
            "Key": _resource(
                "KMS::Key",
                Description="data",
                EnableKeyRotation=True,
                KeyPolicy=_KEY_POLICY,
                PendingWindowInDays=7,
            ),
            "Alias": _resource("KMS::Alias", AliasName="alias/everything", TargetKeyId=_ref("Key")),
            "Stream": _resource(
                "Kinesis::Stream",
                RetentionPeriodHours=48,
                StreamModeDetails={"StreamMode": "PROVISIONED"},
                ShardCount=2,
                StreamEncryption={"EncryptionType": "KMS", "KeyId": _ref("Key")},
                Tags=[{"Key": "Project", "Value": "p"}],
            ),
            "Bucket": _resource(
                "S3::Bucket",
                VersioningConfiguration={"Status": "Enabled"},
                BucketEncryption={
                    "ServerSideEncryptionConfiguration": [
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": {
                                "SSEAlgorithm": "aws:kms",
                                "KMSMasterKeyID": _att("Key"),
                            },
                        }
                    ]
                },
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                LifecycleConfiguration={
                    "Rules": [
                        {
                            "Id": "expire",
                            "Status": "Enabled",
                            "Prefix": "quarantine/",
                            "ExpirationInDays": 30,
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                            "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 31}],
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                    ]
                },
                Tags=[{"Key": "Project", "Value": "p"}],
            ),
            "BucketPolicy": _resource("S3::BucketPolicy", Bucket=_ref("Bucket"), PolicyDocument=_POLICY),
            "Table": _resource(
                "DynamoDB::Table",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
                TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True},
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                SSESpecification={"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _att("Key")},
                Tags=[{"Key": "Project", "Value": "p"}],
            ),
            "Topic": _resource("SNS::Topic", DisplayName="alerts", KmsMasterKeyId=_ref("Key")),
            "TopicPolicy": _resource("SNS::TopicPolicy", PolicyDocument=_POLICY, Topics=[_ref("Topic")]),
            "Critical": _resource(
                "SNS::Subscription",
                TopicArn=_ref("Topic"),
                Protocol="sqs",
                Endpoint={"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:critical"},
                RawMessageDelivery=True,
                FilterPolicy={"severity": ["critical"]},
                FilterPolicyScope="MessageAttributes",
            ),
            "Logs": _resource("Logs::LogGroup", RetentionInDays=7, KmsKeyId=_att("Key")),
            "Role": _resource(
                "IAM::Role",
                AssumeRolePolicyDocument=_TRUST,
                Policies=[{"PolicyName": "inline", "PolicyDocument": _WORK}],
                ManagedPolicyArns=[
                    "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
                ],
            ),
            "Policy": _resource(
                "IAM::Policy", PolicyName="attached", PolicyDocument=_POLICY, Roles=[_ref("Role")]
            ),
            "ManagedPolicy": _resource("IAM::ManagedPolicy", PolicyDocument=_POLICY, Roles=[_ref("Role")]),
            "Alarm": _resource(
                "CloudWatch::Alarm",
                AlarmDescription="why",
                Namespace="Shop",
                MetricName="Errors",
                Dimensions=[{"Name": "Environment", "Value": "dev"}],
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=5,
                DatapointsToAlarm=3,
                Threshold=0,
                ComparisonOperator="GreaterThanThreshold",
                TreatMissingData="notBreaching",
                AlarmActions=[_ref("Topic")],
            ),
            "Dashboard": _resource("CloudWatch::Dashboard", DashboardBody='{"widgets": []}'),
            "Machine": _resource(
                "StepFunctions::StateMachine",
                RoleArn=_att("Role"),
                StateMachineType="STANDARD",
                DefinitionString=(
                    '{"StartAt": "Put", "States": {"Put": {"Type": "Task", "Resource": '
                    '"arn:aws:states:::dynamodb:putItem", "Parameters": {"TableName": "${Table}", "Item": '
                    '{"pk": {"S.$": "$.pk"}}}, "End": true}}}'
                ),
                DefinitionSubstitutions={"Table": _ref("Table")},
            ),
            "Group": _resource("Scheduler::ScheduleGroup"),
            "Schedule": _resource(
                "Scheduler::Schedule",
                GroupName=_ref("Group"),
                FlexibleTimeWindow={"Mode": "OFF"},
                ScheduleExpression="cron(5 * * * ? *)",
                ScheduleExpressionTimezone="UTC",
                Target={"Arn": _ref("Machine"), "RoleArn": _att("Role"), "Input": "{}"},
            ),
            "Catalog": _resource(
                "Glue::Database", CatalogId=_ref("AWS::AccountId"), DatabaseInput={"Name": "metrics"}
            ),
            "CatalogTable": _resource(
                "Glue::Table",
                CatalogId=_ref("AWS::AccountId"),
                DatabaseName=_ref("Catalog"),
                TableInput={
                    "Name": "points",
                    "TableType": "EXTERNAL_TABLE",
                    "PartitionKeys": [{"Name": "export_date", "Type": "string"}],
                    "StorageDescriptor": {
                        "Columns": [{"Name": "value", "Type": "double"}],
                        "Location": {"Fn::Sub": "s3://${Bucket}/metrics/"},
                    },
                },
            ),
            "WorkGroup": _resource(
                "Athena::WorkGroup",
                Name="analysts",
                WorkGroupConfiguration={"BytesScannedCutoffPerQuery": 10_000_000_000},
                State="ENABLED",
            ),
            "SamplingRule": _resource("XRay::SamplingRule", SamplingRule={"RuleName": "everything"}),
            "Database": _resource("Timestream::Database", DatabaseName="everything", KmsKeyId=_att("Key")),
            "Points": _resource(
                "Timestream::Table",
                DatabaseName=_ref("Database"),
                TableName="points",
                RetentionProperties={
                    "MemoryStoreRetentionPeriodInHours": "6",
                    "MagneticStoreRetentionPeriodInDays": "30",
                },
                Schema={
                    "CompositePartitionKey": [
                        {"Type": "DIMENSION", "Name": "metric_name", "EnforcementInRecord": "REQUIRED"}
                    ]
                },
            ),
            "Function": _resource(
                "Lambda::Function",
                Code={"S3Bucket": _ref("Bucket"), "S3Key": "functions.zip"},
                Role=_att("Role"),
                Handler="app.handler",
                Runtime="python3.13",
                Timeout=60,
                Environment={"Variables": {"TABLE": _ref("Table")}},
            ),
            "Mapping": _resource(
                "Lambda::EventSourceMapping",
                EventSourceArn=_att("Stream"),
                FunctionName=_att("Function"),
                StartingPosition="TRIM_HORIZON",
                BatchSize=100,
            ),
            "Permission": _resource(
                "Lambda::Permission",
                FunctionName=_ref("Function"),
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            ),
            "FunctionUrl": _resource("Lambda::Url", TargetFunctionArn=_att("Function"), AuthType="NONE"),
            **_api(),
            **_network(),
        },
        "Outputs": {
            "StreamName": {"Value": _ref("Stream")},
            "TableStreamArn": {"Value": _att("Table", "StreamArn")},
        },
    }


def _api() -> dict[str, Any]:
    api = _ref("Api")
    return {
        "Api": _resource("ApiGateway::RestApi", Name="ingest"),
        "ApiAccount": _resource("ApiGateway::Account", CloudWatchRoleArn=_att("Role")),
        "ApiModel": _resource("ApiGateway::Model", RestApiId=api, ContentType="application/json", Schema={}),
        "ApiValidator": _resource("ApiGateway::RequestValidator", RestApiId=api, ValidateRequestBody=True),
        "ApiTooLarge": _resource(
            "ApiGateway::GatewayResponse", RestApiId=api, ResponseType="REQUEST_TOO_LARGE"
        ),
        "ApiResource": _resource(
            "ApiGateway::Resource", RestApiId=api, ParentId=_att("Api", "RootResourceId"), PathPart="metrics"
        ),
        "ApiAuthorizer": _resource("ApiGateway::Authorizer", RestApiId=api, Type="TOKEN", Name="tokens"),
        "ApiMethod": _resource(
            "ApiGateway::Method",
            RestApiId=api,
            ResourceId=_ref("ApiResource"),
            HttpMethod="POST",
            AuthorizationType="CUSTOM",
            AuthorizerId=_ref("ApiAuthorizer"),
        ),
        "ApiDeployment": {**_resource("ApiGateway::Deployment", RestApiId=api), "DependsOn": "ApiMethod"},
        "ApiStage": _resource(
            "ApiGateway::Stage", RestApiId=api, DeploymentId=_ref("ApiDeployment"), StageName="v1"
        ),
    }


def _network() -> dict[str, Any]:
    vpc = _ref("Vpc")
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    return {
        "Vpc": _resource(
            "EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True, EnableDnsSupport=True,
            Tags=[{"Key": "Name", "Value": "private"}],
        ),
        "Subnet": _resource(
            "EC2::Subnet",
            VpcId=vpc,
            CidrBlock={"Fn::Select": [0, {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]},
            AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            MapPublicIpOnLaunch=False,
        ),
        "Routes": _resource("EC2::RouteTable", VpcId=vpc),
        "RoutesOfSubnet": _resource(
            "EC2::SubnetRouteTableAssociation", RouteTableId=_ref("Routes"), SubnetId=_ref("Subnet")
        ),
        "Endpoints": _resource(
            "EC2::SecurityGroup",
            VpcId=vpc,
            GroupDescription="endpoints",
            SecurityGroupIngress=[{**https, "CidrIp": "10.0.0.0/16", "Description": "functions"}],
        ),
        "Functions": _resource(
            "EC2::SecurityGroup",
            VpcId=vpc,
            GroupDescription="functions",
            SecurityGroupEgress=[{**https, "CidrIp": "10.0.0.0/16", "Description": "endpoints"}],
        ),
        "OutOfFunctions": _resource(
            "EC2::SecurityGroupEgress",
            GroupId=_ref("Functions"),
            DestinationSecurityGroupId=_ref("Endpoints"),
            **https,
        ),
        "ToS3": _resource(
            "EC2::VPCEndpoint",
            VpcId=vpc,
            VpcEndpointType="Gateway",
            ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            RouteTableIds=[_ref("Routes")],
        ),
        "FlowLog": _resource(
            "EC2::FlowLog",
            ResourceId=vpc,
            ResourceType="VPC",
            TrafficType="REJECT",
            LogGroupName=_ref("Logs"),
            DeliverLogsPermissionArn=_att("Role"),
        ),
    }  # fmt: skip
