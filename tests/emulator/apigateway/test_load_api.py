"""An API that is not served is refused before the first request."""

from typing import Any

import pytest

from emulator.apigateway.load_api import load_api
from emulator.cloudformation.deployment import Deployment
from emulator.errors import UnsupportedApiError
from emulator.token_bucket import Limits
from tests.support.rest_api import integration, rest_api


def post(**changes: Any) -> Deployment:
    """The small API with another integration behind POST."""
    return rest_api(PostMetrics={"Integration": integration(rest_api(), "PostMetrics", **changes)})


def responses(**changes: Any) -> list[dict[str, Any]]:
    """One integration response with some properties changed."""
    return [{"StatusCode": "202", **changes}]


@pytest.mark.parametrize(
    ("deployment", "named"),
    [
        (rest_api(PostMetrics={"AuthorizationScopes": ["a"]}), "PostMetrics.*AuthorizationScopes"),
        (
            rest_api(PostMetrics={"AuthorizationType": "COGNITO_USER_POOLS"}),
            "PostMetrics: authorization COGNITO",
        ),
        (rest_api(PostMetrics={"AuthorizationType": "CUSTOM"}), "PostMetrics: the authorization CUSTOM"),
        (rest_api(NotFound={"ResponseType": "MISSING_TOKEN"}), "NotFound: there is no gateway response"),
        (
            rest_api(NotFound={"ResponseParameters": {"method.response.header.A": "'1'"}}),
            "NotFound: method.response",
        ),
        (
            rest_api(NotFound={"ResponseParameters": {"gatewayresponse.header.A": "1"}}),
            "NotFound: .* not valid",
        ),
        (rest_api(PostMetrics={"ApiKeyRequired": True}), "PostMetrics: API keys"),
        (rest_api(Api={"BinaryMediaTypes": ["png"]}), "Api: png of its BinaryMediaTypes is no media type"),
        (rest_api(Api={"BinaryMediaTypes": ["image~1png", "image/png"]}), "Api: image/png is twice"),
        (rest_api(Model={"Schema": {"type": "thing"}}), "Model: the model is no draft-4 schema"),
        (post(Type="AWS_PROXY"), "PostMetrics: integration type AWS_PROXY"),
        (post(ContentHandling="TO_TEXT"), "PostMetrics: ContentHandling is .* not TO_TEXT"),
        (post(IntegrationResponses=responses(ContentHandling="BASE64")), "PostMetrics: ContentHandling"),
        (post(Credentials=None) and post(IntegrationHttpMethod="GET"), "PostMetrics.*POST"),
        (post(Uri="arn:aws:apigateway:us-east-1:kinesis:path/x"), "PostMetrics.*no AWS action"),
        (
            post(Uri="arn:aws:apigateway:us-east-1:kinesis:action/PutRecrod"),
            "PostMetrics.*no action PutRecrod",
        ),
        (
            post(Uri="arn:aws:apigateway:us-east-1:kinesys:action/PutRecord"),
            "PostMetrics.*no AWS service kinesys",
        ),
        (
            post(Uri="arn:aws:apigateway:us-east-1:sns:action/Publish"),
            "PostMetrics: sns has no action Publish",
        ),
        (post(RequestTemplates={"application/json": "#if($a)"}), "PostMetrics application/json.*not valid"),
        (post(RequestTemplates={"application/json": "#foreach($a in [1])#break#end"}), "#break"),
        (post(RequestTemplates={"application/json": "$input.body.endswith('x')"}), r"endswith\(\)"),
        (
            post(RequestParameters={"integration.request.header.A": "text"}),
            "PostMetrics: the mapping expression text",
        ),
        (
            post(IntegrationResponses=responses(StatusCode="299")),
            "PostMetrics: it has no method response 299",
        ),
        (
            post(IntegrationResponses=responses(ResponseParameters={"method.response.header.A": "'1'"})),
            "PostMetrics: its method response 202 does not declare",
        ),
    ],
)
def test_what_is_not_served_is_named(deployment: Deployment, named: str) -> None:
    """The message holds the logical id and what it is about."""
    with pytest.raises(UnsupportedApiError, match=named):
        load_api(deployment)


def test_a_template_without_a_stage_is_refused() -> None:
    """There has to be one API with one stage."""
    whole = rest_api()
    resources = {name: item for name, item in whole.resources.items() if name != "Stage"}
    with pytest.raises(UnsupportedApiError, match="one AWS::ApiGateway::Stage"):
        load_api(Deployment(whole.account_id, whole.region, whole.stack_name, resources, {}, {}))


def test_a_models_schema_may_be_text() -> None:
    """CloudFormation takes JSON as an object or as its text."""
    load_api(rest_api(Model={"Schema": '{"type": "object"}'}))


def test_limits_of_a_method_come_before_those_of_all() -> None:
    """Method settings name a path with ~1 for its slashes."""
    settings = [
        {
            "ResourcePath": "/~1metrics",
            "HttpMethod": "POST",
            "ThrottlingRateLimit": 5,
            "ThrottlingBurstLimit": 7,
        },
        {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 50},
        {"ResourcePath": "/~1other", "HttpMethod": "POST", "ThrottlingRateLimit": 1},
    ]
    methods = load_api(rest_api(Stage={"MethodSettings": settings})).methods
    assert methods["/metrics"]["POST"].limits == Limits(5, 7)
    assert methods["/metrics"]["ANY"].limits == Limits(50, 50)
