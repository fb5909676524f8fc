"""A small REST API as a template would describe it, and what stands for Kinesis behind it."""

from dataclasses import dataclass, field, replace
from typing import Any

from emulator import Deployment, Resource

METRIC: dict[str, Any] = {
    "type": "object",
    "required": ["metric_name", "value"],
    "properties": {
        "metric_name": {"type": "string", "minLength": 1},
        "value": {"type": "number"},
        "metric_type": {"enum": ["system", "application", "business"]},
        "dimensions": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
MODEL = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "properties": {**METRIC["properties"], "metrics": {"type": "array", "minItems": 1, "items": METRIC}},
}
REQUEST_TEMPLATE = """{
  "StreamName": "$stageVariables.stream",
  "Data": "$util.base64Encode($input.body)",
  "PartitionKey": "json/-/$context.extendedRequestId"
}"""
ACCEPTED_TEMPLATE = '{"request_id": "$context.extendedRequestId"}'
FAILED_TEMPLATE = """#set($type = $input.path('$.__type'))
#if($type.contains("InvalidArgument"))
#set($context.responseOverride.status = 413)
{"message": "too large"}
#else
{"message": "try again"}
#end"""


def rest_api(**changes: dict[str, Any]) -> Deployment:
    """The ingest API's shape; `changes` are merged into the properties of the resource with that logical id."""
    resources: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
        "Api": (
            "AWS::ApiGateway::RestApi",
            "api1",
            {"RootResourceId": "root1"},
            {"Name": "ingest", "MinimumCompressionSize": 0},
        ),
        "Metrics": (
            "AWS::ApiGateway::Resource",
            "res1",
            {},
            {"RestApiId": "api1", "ParentId": "root1", "PathPart": "metrics"},
        ),
        "Items": (
            "AWS::ApiGateway::Resource",
            "res2",
            {},
            {"RestApiId": "api1", "ParentId": "root1", "PathPart": "{item}"},
        ),
        "Model": (
            "AWS::ApiGateway::Model",
            "Batch",
            {},
            {"RestApiId": "api1", "Name": "Batch", "ContentType": "application/json", "Schema": MODEL},
        ),
        "Validator": (
            "AWS::ApiGateway::RequestValidator",
            "val1",
            {},
            {"RestApiId": "api1", "ValidateRequestBody": True, "ValidateRequestParameters": "true"},
        ),
        "Stage": (
            "AWS::ApiGateway::Stage",
            "live",
            {},
            {"RestApiId": "api1", "StageName": "live", "Variables": {"stream": "metrics-dev"}},
        ),
        "NotFound": (
            "AWS::ApiGateway::GatewayResponse",
            "gr1",
            {},
            {
                "RestApiId": "api1",
                "ResponseType": "MISSING_AUTHENTICATION_TOKEN",
                "StatusCode": "404",
                "ResponseTemplates": {"application/json": '{"message": "no such path"}'},
            },
        ),
        "BadBody": (
            "AWS::ApiGateway::GatewayResponse",
            "gr2",
            {},
            {
                "RestApiId": "api1",
                "ResponseType": "BAD_REQUEST_BODY",
                "ResponseTemplates": {
                    "application/json": '{"message": $context.error.messageString, '
                    '"reason": "$context.error.validationErrorString"}'
                },
            },
        ),
        "Timeout": (
            "AWS::ApiGateway::GatewayResponse",
            "gr3",
            {},
            {
                "RestApiId": "api1",
                "ResponseType": "INTEGRATION_TIMEOUT",
                "StatusCode": "503",
                "ResponseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
                "ResponseTemplates": {"application/json": '{"id": "$context.extendedRequestId"}'},
            },
        ),
        "PostMetrics": (
            "AWS::ApiGateway::Method",
            "m1",
            {},
            {
                "RestApiId": "api1",
                "ResourceId": "res1",
                "HttpMethod": "POST",
                "AuthorizationType": "NONE",
                "RequestModels": {"application/json": "Batch"},
                "RequestValidatorId": "val1",
                "MethodResponses": [
                    {"StatusCode": "202"},
                    {"StatusCode": "503", "ResponseParameters": {"method.response.header.Retry-After": True}},
                ],
                "Integration": {
                    "Type": "AWS",
                    "IntegrationHttpMethod": "POST",
                    "Uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord",
                    "Credentials": "arn:aws:iam::123456789012:role/api",
                    "PassthroughBehavior": "NEVER",
                    "TimeoutInMillis": 300,
                    "RequestParameters": {
                        "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"
                    },
                    "RequestTemplates": {"application/json": REQUEST_TEMPLATE},
                    "IntegrationResponses": [
                        {
                            "StatusCode": "202",
                            "SelectionPattern": "200",
                            "ResponseTemplates": {"application/json": ACCEPTED_TEMPLATE},
                        },
                        {
                            "StatusCode": "503",
                            "ResponseParameters": {"method.response.header.Retry-After": "'2'"},
                            "ResponseTemplates": {"application/json": FAILED_TEMPLATE},
                        },
                    ],
                },
            },
        ),
        "AnyMetrics": (
            "AWS::ApiGateway::Method",
            "m2",
            {},
            {
                "RestApiId": "api1",
                "ResourceId": "res1",
                "HttpMethod": "ANY",
                "AuthorizationType": "NONE",
                "MethodResponses": [
                    {"StatusCode": "405", "ResponseParameters": {"method.response.header.Allow": True}}
                ],
                "Integration": {
                    "Type": "MOCK",
                    "PassthroughBehavior": "WHEN_NO_TEMPLATES",
                    "RequestTemplates": {"application/json": '{"statusCode": 405}'},
                    "IntegrationResponses": [
                        {
                            "StatusCode": "405",
                            "ResponseParameters": {"method.response.header.Allow": "'POST'"},
                            "ResponseTemplates": {"application/json": '{"message": "use POST"}'},
                        }
                    ],
                },
            },
        ),
        "GetItem": (
            "AWS::ApiGateway::Method",
            "m3",
            {},
            {
                "RestApiId": "api1",
                "ResourceId": "res2",
                "HttpMethod": "GET",
                "AuthorizationType": "NONE",
                "RequestParameters": {"method.request.querystring.needed": True},
                "RequestValidatorId": "val1",
                "MethodResponses": [{"StatusCode": "200"}],
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                    "IntegrationResponses": [
                        {
                            "StatusCode": "200",
                            "ResponseTemplates": {
                                "application/json": '{"item": "$util.escapeJavaScript($input.params(\'item\'))", '
                                '"stage": "$context.stage", "path": "$context.resourcePath"}'
                            },
                        }
                    ],
                },
            },
        ),
    }
    return Deployment(
        account_id="123456789012",
        region="us-east-1",
        stack_name="metrics-dev",
        resources={
            name: Resource(name, kind, physical_id, attributes, {**properties, **changes.get(name, {})})
            for name, (kind, physical_id, attributes, properties) in resources.items()
        },
        outputs={},
        parameters={},
    )


AUTHORIZER = "arn:aws:lambda:us-east-1:123456789012:function:tokens"


def authorized_api(policy: Any = None, **changes: Any) -> Deployment:
    """The small API with an authorizer before POST; `changes` are of its properties, a None leaves one out."""
    properties = {
        "RestApiId": "api1",
        "Name": "tokens",
        "Type": "REQUEST",
        "AuthorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{AUTHORIZER}/invocations",
        "IdentitySource": "method.request.header.Authorization",
        **changes,
    }
    given = {name: value for name, value in properties.items() if value is not None}
    custom = {"AuthorizationType": "CUSTOM", "AuthorizerId": "auth1"}
    api = rest_api(PostMetrics=custom, Api={"Policy": policy} if policy else {})
    authorizer = Resource("Authorizer", "AWS::ApiGateway::Authorizer", "auth1", {}, given)
    return replace(api, resources={**api.resources, "Authorizer": authorizer})


def integration(deployment: Deployment, method: str, **changes: Any) -> dict[str, Any]:
    """That method's integration with some properties changed, to be passed to `rest_api` again."""
    return {**deployment.resources[method].properties["Integration"], **changes}


@dataclass
class FakeKinesis:
    """Answers PutRecord with a status and body, after a delay; remembers what it was asked."""

    url: str
    status: int = 200
    body: dict[str, Any] = field(default_factory=lambda: {"SequenceNumber": "1", "ShardId": "shardId-0"})
    delay: float = 0.0
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
