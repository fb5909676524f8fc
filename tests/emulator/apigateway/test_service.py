"""Authorizers whole: functions of a stack, the permission to invoke them, and the cache that callers flush."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import Cloud, PermissionMissingError, StackTemplate, start
from tests.support.http_client import Call, caller

REGION = "us-east-1"
_VERSION = {"Version": "2012-10-17"}
SOURCE = """
import time

def handler(event, context):
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": "somebody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked": time.time_ns()},
    }
"""


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def role(service: str, *actions: str) -> dict[str, Any]:
    """A role that a service may assume, which may do this to all functions."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": [*actions], "Resource": "arn:aws:lambda:*:*:function:*"}
    policies = [{"PolicyName": "p", "PolicyDocument": {**_VERSION, "Statement": allowed}}] if actions else []
    return resource("IAM::Role", AssumeRolePolicyDocument={**_VERSION, "Statement": trust}, Policies=policies)


def template(**more: Any) -> dict[str, Any]:
    """An API with a path for each way to invoke an authorizer."""
    api = {"RestApiId": {"Ref": "Api"}}
    function = resource(
        "Lambda::Function",
        Runtime="python3.13",
        Handler="app.handler",
        Role={"Fn::GetAtt": ["FunctionRole", "Arn"]},
        Code={"S3Bucket": "b", "S3Key": "k"},
    )
    lambda_path = (
        "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
    )
    resources = {
        "FunctionRole": role("lambda.amazonaws.com"),
        "Function": function,
        "InvokerRole": role("apigateway.amazonaws.com", "lambda:InvokeFunction"),
        "PowerlessRole": role("apigateway.amazonaws.com"),
        "Api": resource("ApiGateway::RestApi", Name="api"),
        "Stage": resource("ApiGateway::Stage", **api, StageName="live", DeploymentId={"Ref": "Deployment"}),
        "Deployment": resource("ApiGateway::Deployment", **api),
        "Permission": resource(
            "Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName={"Ref": "Function"},
            Principal="apigateway.amazonaws.com",
            SourceAccount={"Ref": "AWS::AccountId"},
            SourceArn={
                "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:*:${Api}/authorizers/${PermittedAuthorizer}"
            },
        ),
    }
    for name, credentials in (
        ("Permitted", None), ("Unpermitted", None), ("Invoker", "InvokerRole"), ("Powerless", "PowerlessRole"),
    ):  # fmt: skip
        properties: dict[str, Any] = {
            **api,
            "Name": name,
            "Type": "REQUEST",
            "IdentitySource": "method.request.header.Authorization",
            "AuthorizerUri": {"Fn::Sub": lambda_path},
        }
        if credentials:
            properties["AuthorizerCredentials"] = {"Fn::GetAtt": [credentials, "Arn"]}
        resources[f"{name}Authorizer"] = resource("ApiGateway::Authorizer", **properties)
        resources[f"{name}Resource"] = resource(
            "ApiGateway::Resource",
            **api,
            ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]},
            PathPart=name.lower(),
        )
        answer = {"StatusCode": "200", "ResponseTemplates": {"application/json": "$context.authorizer.asked"}}
        resources[f"{name}Method"] = resource(
            "ApiGateway::Method",
            **api,
            ResourceId={"Ref": f"{name}Resource"},
            HttpMethod="GET",
            AuthorizationType="CUSTOM",
            AuthorizerId={"Ref": f"{name}Authorizer"},
            MethodResponses=[{"StatusCode": "200"}],
            Integration={
                "Type": "MOCK",
                "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                "IntegrationResponses": [answer],
            },
        )
    return {"Resources": {**resources, **more}, "Outputs": {"Api": {"Value": {"Ref": "Api"}}}}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Iterator[Cloud]:
    """A local AWS with that API, its function running."""
    folder = tmp_path_factory.mktemp("authorizers")
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(SOURCE)
    with start([REGION], [StackTemplate("api", template())], data_dir=folder, engine=None) as started:
        started.start_functions(REGION, code=folder / "code", runtime=runtime, logs=folder / "logs")
        yield started


@pytest.fixture(scope="module")
def call(cloud: Cloud) -> Call:
    """Send one request to the API."""
    return caller(cloud.serve_api(REGION).url)


@pytest.mark.parametrize(
    ("path", "status"), [("permitted", 200), ("unpermitted", 500), ("invoker", 200), ("powerless", 500)]
)
def test_an_authorizer_is_invoked_by_permission_or_by_its_role(call: Call, path: str, status: int) -> None:
    """The permission of another authorizer, and a role without one, are none."""
    assert call("GET", f"/{path}", headers={"Authorization": "a"}).status == status


def test_callers_flush_the_cache_of_a_stage(cloud: Cloud, call: Call) -> None:
    """FlushStageAuthorizersCache: the next request is asked about anew, whatever the time to live."""
    client, api = cloud.client("apigateway", REGION), cloud.deployments[REGION].outputs["Api"]

    def asked() -> int:
        return int(call("GET", "/permitted", headers={"Authorization": "b"}).json)

    first = asked()
    assert asked() == first
    answered = client.flush_stage_authorizers_cache(restApiId=api, stageName="live")
    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 202
    second = asked()
    assert second > first
    cloud.clock.advance(299)
    assert asked() == second
    cloud.clock.advance(2)
    assert asked() > second
    client.close()


@pytest.mark.parametrize(
    "fault", [{"error": "TooManyRequestsException"}, {"error": "ServiceException"}, {"status": 503}]
)
def test_faults_of_lambda_strike_the_authorizer(cloud: Cloud, call: Call, fault: dict[str, Any]) -> None:
    """A client that is known meanwhile gets through, another one is told of our failure, and asked about afterwards."""
    faults = caller(cloud.endpoint_url)
    call("GET", "/permitted", headers={"Authorization": "known"})
    rule = {"service": "lambda", "operation": "Invoke", **fault}
    assert faults("POST", "/_local/faults", rule).status == 200
    try:
        token = f"new {fault}"
        statuses = [
            call("GET", "/permitted", headers={"Authorization": one}).status for one in ("known", token)
        ]
        assert statuses == [200, 500]
    finally:
        faults("DELETE", "/_local/faults")
    assert call("GET", "/permitted", headers={"Authorization": token}).status == 200


def test_a_stage_that_is_not_there_has_no_cache(cloud: Cloud) -> None:
    """NotFoundException, for an API and for a stage; other calls are refused by name."""
    client, api = cloud.client("apigateway", REGION), cloud.deployments[REGION].outputs["Api"]
    for names in ({"restApiId": api, "stageName": "dead"}, {"restApiId": "other", "stageName": "live"}):
        with pytest.raises(client.exceptions.NotFoundException, match="Invalid stage identifier"):
            client.flush_stage_authorizers_cache(**names)
    with pytest.raises(ClientError, match="has no GET /restapis"):
        client.get_rest_apis()
    client.close()


def test_a_role_needs_to_delete_the_cache(cloud: Cloud) -> None:
    """API Gateway's actions are HTTP's methods on the paths of its own API."""
    iam, api = cloud.client("iam", REGION), cloud.deployments[REGION].outputs["Api"]
    [arn] = [one["Arn"] for one in iam.list_roles()["Roles"] if "Powerless" in one["RoleName"]]
    client = cloud.client("apigateway", REGION, role_arn=arn)

    def allow(action: str, path: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:apigateway:{REGION}::{path}"}
        document = json.dumps({**_VERSION, "Statement": statement})
        iam.put_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="p", PolicyDocument=document)

    cache = f"/restapis/{api}/stages/live/cache/authorizers"
    for action, path in (("apigateway:GET", cache), ("apigateway:DELETE", "/restapis/other/*")):
        allow(action, path)
        with pytest.raises(ClientError, match="AccessDeniedException"):
            client.flush_stage_authorizers_cache(restApiId=api, stageName="live")
    allow("apigateway:DELETE", cache)
    client.flush_stage_authorizers_cache(restApiId=api, stageName="live")
    client.close()
    iam.close()


def test_api_gateway_has_to_be_able_to_assume_the_authorizers_role(tmp_path: Path) -> None:
    """AWS would not create the authorizer."""
    stack = StackTemplate("api", template(InvokerRole=role("lambda.amazonaws.com", "lambda:InvokeFunction")))
    with pytest.raises(
        PermissionMissingError, match=r"InvokerAuthorizer: apigateway\.amazonaws\.com may not assume"
    ):
        start([REGION], [stack], data_dir=tmp_path, engine=None)
