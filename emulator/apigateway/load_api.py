"""Reads a REST API from a deployment; what the gateway would not honour is refused with its logical id."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.apigateway.access_log import load_access_log
from emulator.apigateway.api import Api, Authorizer, GatewayResponse, Method
from emulator.apigateway.gateway_responses import GATEWAY_HEADER, RESPONSE_TYPES
from emulator.apigateway.load_authorizer import load_authorizers
from emulator.apigateway.load_integration import load_integration, refuse_unknown
from emulator.apigateway.parameters import check_source
from emulator.apigateway.resource_policy import load_policy
from emulator.apigateway.validation import Model
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.errors import UnsupportedApiError
from emulator.token_bucket import Limits

_MEDIA_TYPE = re.compile(r"[^/\s;,]+/[^/\s;,]+")

# Properties the gateway acts on, and those that change nothing a client of one machine could see.
_PROPERTIES: Mapping[str, frozenset[str]] = {
    "AWS::ApiGateway::RestApi": frozenset(
        [
            "Name", "Description", "MinimumCompressionSize", "EndpointConfiguration",
            "DisableExecuteApiEndpoint", "Tags", "ApiKeySourceType", "FailOnWarnings", "Policy",
            "SecurityPolicy", "EndpointAccessMode", "BinaryMediaTypes",
        ]
    ),
    "AWS::ApiGateway::Resource": frozenset(["ParentId", "PathPart", "RestApiId"]),
    "AWS::ApiGateway::Method": frozenset(
        [
            "HttpMethod", "ResourceId", "RestApiId", "AuthorizationType", "AuthorizerId", "ApiKeyRequired",
            "RequestModels", "RequestParameters", "RequestValidatorId", "Integration", "MethodResponses",
            "OperationName",
        ]
    ),
    "AWS::ApiGateway::Model": frozenset(["ContentType", "Description", "Name", "RestApiId", "Schema"]),
    "AWS::ApiGateway::RequestValidator": frozenset(
        ["Name", "RestApiId", "ValidateRequestBody", "ValidateRequestParameters"]
    ),
    "AWS::ApiGateway::Authorizer": frozenset(
        [
            "AuthType", "AuthorizerCredentials", "AuthorizerResultTtlInSeconds", "AuthorizerUri",
            "IdentitySource", "IdentityValidationExpression", "Name", "RestApiId", "Type",
        ]
    ),
    "AWS::ApiGateway::GatewayResponse": frozenset(
        ["ResponseParameters", "ResponseTemplates", "ResponseType", "RestApiId", "StatusCode"]
    ),
    "AWS::ApiGateway::Stage": frozenset(
        [
            "AccessLogSetting", "DeploymentId", "Description", "MethodSettings", "RestApiId", "StageName",
            "Tags", "TracingEnabled", "Variables", "CacheClusterEnabled",
        ]
    ),
}  # fmt: skip


def load_api(deployment: Deployment) -> Api:
    """The one REST API of a deployment; UnsupportedApiError names what cannot be served here."""
    for resource_type, known in _PROPERTIES.items():
        for resource in deployment.of_type(resource_type):
            refuse_unknown(resource.logical_id, resource_type, resource.properties, known)
    rest_api = _only(deployment, "AWS::ApiGateway::RestApi")
    stage = _only(deployment, "AWS::ApiGateway::Stage")
    minimum = rest_api.properties.get("MinimumCompressionSize")
    policy = rest_api.properties.get("Policy")
    arn = f"arn:aws:execute-api:{deployment.region}:{deployment.account_id}:{rest_api.physical_id}"
    return Api(
        api_id=rest_api.physical_id,
        name=rest_api.properties.get("Name", ""),
        account_id=deployment.account_id,
        region=deployment.region,
        stage=stage.properties["StageName"],
        stage_variables=stage.properties.get("Variables", {}),
        minimum_compression=None if minimum is None else int(minimum),
        binary_media_types=_binary_media_types(rest_api),
        methods=_methods(deployment, _paths(deployment, rest_api), stage, load_authorizers(deployment, arn)),
        gateway_responses={
            item.properties["ResponseType"]: _gateway_response(item)
            for item in deployment.of_type("AWS::ApiGateway::GatewayResponse")
        },
        policy=None if policy is None else load_policy(rest_api.logical_id, policy, arn),
        access_log=load_access_log(stage.logical_id, stage.properties),
    )


def _binary_media_types(rest_api: Resource) -> frozenset[str]:
    """The API's binary media types; a slash may be written `~1`, and AWS takes none of them twice."""
    listed = [
        str(name).replace("~1", "/").lower() for name in rest_api.properties.get("BinaryMediaTypes", ())
    ]
    for name in listed:
        if _MEDIA_TYPE.fullmatch(name) is None:
            raise UnsupportedApiError(
                f"{rest_api.logical_id}: {name} of its BinaryMediaTypes is no media type"
            )
        if listed.count(name) > 1:
            raise UnsupportedApiError(f"{rest_api.logical_id}: {name} is twice in its BinaryMediaTypes")
    return frozenset(listed)


def _only(deployment: Deployment, resource_type: str) -> Resource:
    found = deployment.of_type(resource_type)
    if len(found) != 1:
        names = ", ".join(item.logical_id for item in found) or "none"
        raise UnsupportedApiError(f"one {resource_type} can be served; the template has {names}")
    return found[0]


def _paths(deployment: Deployment, rest_api: Resource) -> Mapping[str, str]:
    """Each resource's path by its physical id."""
    resources = {item.physical_id: item for item in deployment.of_type("AWS::ApiGateway::Resource")}
    paths = {str(rest_api.attributes["RootResourceId"]): "/"}

    def path_of(physical_id: str) -> str:
        if physical_id not in paths:
            properties = resources[physical_id].properties
            parent = path_of(properties["ParentId"])
            paths[physical_id] = f"{parent.rstrip('/')}/{properties['PathPart']}"
        return paths[physical_id]

    for physical_id in resources:
        path_of(physical_id)
    return paths


def _gateway_response(resource: Resource) -> GatewayResponse:
    properties, where = resource.properties, resource.logical_id
    if properties["ResponseType"] not in RESPONSE_TYPES:
        raise UnsupportedApiError(
            f"{where}: there is no gateway response of the type {properties['ResponseType']}"
        )
    parameters = properties.get("ResponseParameters", {})
    for target, source in parameters.items():
        if not target.startswith(GATEWAY_HEADER):
            raise UnsupportedApiError(
                f"{where}: {target} of its ResponseParameters is no {GATEWAY_HEADER}NAME"
            )
        check_source(source, where=where)
    return GatewayResponse(
        status=int(properties["StatusCode"]) if "StatusCode" in properties else None,
        templates=properties.get("ResponseTemplates", {}),
        parameters=parameters,
    )


def _methods(
    deployment: Deployment, paths: Mapping[str, str], stage: Resource, authorizers: Mapping[str, Authorizer]
) -> Mapping[str, Mapping[str, Method]]:
    models = {
        item.physical_id: Model(item.properties["Schema"], where=item.logical_id)
        for item in deployment.of_type("AWS::ApiGateway::Model")
    }
    validators = {
        item.physical_id: item.properties for item in deployment.of_type("AWS::ApiGateway::RequestValidator")
    }
    methods: dict[str, dict[str, Method]] = {path: {} for path in paths.values()}
    for resource in deployment.of_type("AWS::ApiGateway::Method"):
        path = paths[resource.properties["ResourceId"]]
        verb = resource.properties["HttpMethod"]
        methods[path][verb] = _method(
            resource, path, models, validators, authorizers, limits=_limits(stage, path, verb)
        )
    return methods


def _limits(stage: Resource, path: str, verb: str) -> Limits | None:
    """The limits in the stage's settings for this method, or else for all methods."""
    escaped = "/" if path == "/" else "/" + path.replace("/", "~1")
    found: Limits | None = None
    for setting in stage.properties.get("MethodSettings", ()):
        place = (setting.get("ResourcePath"), setting.get("HttpMethod"))
        if place not in {("/*", "*"), (escaped, verb)} or "ThrottlingRateLimit" not in setting:
            continue
        if found is None or place != ("/*", "*"):
            rate = float(setting["ThrottlingRateLimit"])
            found = Limits(rate, float(setting.get("ThrottlingBurstLimit", rate)))
    return found


def _method(
    resource: Resource,
    path: str,
    models: Mapping[str, Model],
    validators: Mapping[str, Mapping[str, Any]],
    authorizers: Mapping[str, Authorizer],
    *,
    limits: Limits | None,
) -> Method:
    properties = resource.properties
    where = resource.logical_id
    authorization = properties.get("AuthorizationType", "NONE")
    if authorization not in {"NONE", "AWS_IAM", "CUSTOM"}:
        raise UnsupportedApiError(f"{where}: authorization {authorization} is not served here")
    authorizer = authorizers.get(properties.get("AuthorizerId", ""))
    if (authorization == "CUSTOM") != (authorizer is not None):
        raise UnsupportedApiError(
            f"{where}: the authorization CUSTOM and the AuthorizerId of an authorizer go together"
        )
    if _true(properties.get("ApiKeyRequired")):
        raise UnsupportedApiError(f"{where}: API keys are not served here")
    validator = validators[properties["RequestValidatorId"]] if "RequestValidatorId" in properties else {}
    required = [name for name, needed in properties.get("RequestParameters", {}).items() if _true(needed)]
    return Method(
        logical_id=where,
        resource_id=properties["ResourceId"],
        resource_path=path,
        authorization=authorization,
        authorizer=authorizer,
        models={
            content_type.lower(): models[name]
            for content_type, name in properties.get("RequestModels", {}).items()
        }
        if _true(validator.get("ValidateRequestBody"))
        else {},
        required_parameters=tuple(required) if _true(validator.get("ValidateRequestParameters")) else (),
        limits=limits,
        integration=load_integration(where, properties["Integration"], properties.get("MethodResponses", ())),
    )


def _true(value: Any) -> bool:
    """True if a CloudFormation boolean says so: it may be text."""
    return value is True or str(value).lower() == "true"
