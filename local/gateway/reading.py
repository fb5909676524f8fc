"""Reads a REST API from a deployment; what the gateway would not honour is refused with its logical id."""

import re
from collections.abc import Mapping
from typing import Any

import botocore.session

from local.cloud.deployment import Deployment, Resource
from local.gateway.api import Api, AwsAction, GatewayResponse, Integration, IntegrationResponse, Method
from local.gateway.errors import UnsupportedApiError
from local.gateway.parameters import RESPONSE_HEADER, check_source
from local.gateway.validation import Model
from local.gateway.velocity import MappingTemplate

# Seconds; API Gateway's default and upper limit.
_MAX_TIMEOUT = 29.0

# Properties the gateway acts on, and those that change nothing a client of one machine could see.
_PROPERTIES: Mapping[str, frozenset[str]] = {
    "AWS::ApiGateway::RestApi": frozenset(
        [
            "Name",
            "Description",
            "MinimumCompressionSize",
            "EndpointConfiguration",
            "DisableExecuteApiEndpoint",
            "Tags",
            "ApiKeySourceType",
            "FailOnWarnings",
            "Policy",
            "SecurityPolicy",
            "EndpointAccessMode",
        ]
    ),
    "AWS::ApiGateway::Resource": frozenset(["ParentId", "PathPart", "RestApiId"]),
    "AWS::ApiGateway::Method": frozenset(
        [
            "HttpMethod",
            "ResourceId",
            "RestApiId",
            "AuthorizationType",
            "ApiKeyRequired",
            "RequestModels",
            "RequestParameters",
            "RequestValidatorId",
            "Integration",
            "MethodResponses",
            "OperationName",
        ]
    ),
    "AWS::ApiGateway::Model": frozenset(["ContentType", "Description", "Name", "RestApiId", "Schema"]),
    "AWS::ApiGateway::RequestValidator": frozenset(
        ["Name", "RestApiId", "ValidateRequestBody", "ValidateRequestParameters"]
    ),
    "AWS::ApiGateway::GatewayResponse": frozenset(
        ["ResponseParameters", "ResponseTemplates", "ResponseType", "RestApiId", "StatusCode"]
    ),
    "AWS::ApiGateway::Stage": frozenset(
        [
            "AccessLogSetting",
            "DeploymentId",
            "Description",
            "MethodSettings",
            "RestApiId",
            "StageName",
            "Tags",
            "TracingEnabled",
            "Variables",
            "CacheClusterEnabled",
        ]
    ),
}
_INTEGRATION = frozenset(
    [
        "Type",
        "Uri",
        "IntegrationHttpMethod",
        "Credentials",
        "TimeoutInMillis",
        "PassthroughBehavior",
        "RequestTemplates",
        "RequestParameters",
        "IntegrationResponses",
    ]
)
_ACTION = re.compile(r"arn:aws[\w-]*:apigateway:[\w-]+:([\w-]+):action/(\w+)")


def read_api(deployment: Deployment) -> Api:
    """Return the one REST API of a deployment; UnsupportedApiError names what cannot be served here."""
    for resource_type, known in _PROPERTIES.items():
        for resource in deployment.of_type(resource_type):
            _refuse_unknown(resource.logical_id, resource_type, resource.properties, known)
    rest_api = _only(deployment, "AWS::ApiGateway::RestApi")
    stage = _only(deployment, "AWS::ApiGateway::Stage")
    minimum = rest_api.properties.get("MinimumCompressionSize")
    return Api(
        api_id=rest_api.physical_id,
        account_id=deployment.account_id,
        region=deployment.region,
        stage=stage.properties["StageName"],
        stage_variables=stage.properties.get("Variables", {}),
        minimum_compression=None if minimum is None else int(minimum),
        methods=_methods(deployment, _paths(deployment, rest_api)),
        gateway_responses={
            item.properties["ResponseType"]: GatewayResponse(
                status=int(item.properties["StatusCode"]) if "StatusCode" in item.properties else None,
                templates=item.properties.get("ResponseTemplates", {}),
                parameters=item.properties.get("ResponseParameters", {}),
            )
            for item in deployment.of_type("AWS::ApiGateway::GatewayResponse")
        },
    )


def _refuse_unknown(where: str, kind: str, properties: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(properties) - known)
    if unknown:
        raise UnsupportedApiError(f"{where}: {kind} has {', '.join(unknown)}, which is not served here")


def _only(deployment: Deployment, resource_type: str) -> Resource:
    found = deployment.of_type(resource_type)
    if len(found) != 1:
        names = ", ".join(item.logical_id for item in found) or "none"
        raise UnsupportedApiError(f"one {resource_type} can be served; the template has {names}")
    return found[0]


def _paths(deployment: Deployment, rest_api: Resource) -> Mapping[str, str]:
    """Return each resource's path by its physical id."""
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


def _methods(deployment: Deployment, paths: Mapping[str, str]) -> Mapping[str, Mapping[str, Method]]:
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
        methods[path][resource.properties["HttpMethod"]] = _method(resource, path, models, validators)
    return methods


def _method(
    resource: Resource, path: str, models: Mapping[str, Model], validators: Mapping[str, Mapping[str, Any]]
) -> Method:
    properties = resource.properties
    where = resource.logical_id
    authorization = properties.get("AuthorizationType", "NONE")
    if authorization not in {"NONE", "AWS_IAM"}:
        raise UnsupportedApiError(f"{where}: authorization {authorization} is not served here")
    if _true(properties.get("ApiKeyRequired")):
        raise UnsupportedApiError(f"{where}: API keys are not served here")
    validator = validators[properties["RequestValidatorId"]] if "RequestValidatorId" in properties else {}
    required = [name for name, needed in properties.get("RequestParameters", {}).items() if _true(needed)]
    return Method(
        logical_id=where,
        resource_id=properties["ResourceId"],
        resource_path=path,
        authorization=authorization,
        models={
            content_type.lower(): models[name]
            for content_type, name in properties.get("RequestModels", {}).items()
        }
        if _true(validator.get("ValidateRequestBody"))
        else {},
        required_parameters=tuple(required) if _true(validator.get("ValidateRequestParameters")) else (),
        integration=_integration(where, properties["Integration"], properties.get("MethodResponses", ())),
    )


def _integration(where: str, properties: Mapping[str, Any], method_responses: Any) -> Integration:
    _refuse_unknown(where, "its integration", properties, _INTEGRATION)
    declared = {
        int(item["StatusCode"]): frozenset(item.get("ResponseParameters", {})) for item in method_responses
    }
    parameters = properties.get("RequestParameters", {})
    for source in parameters.values():
        check_source(source, where=where)
    return Integration(
        logical_id=where,
        action=_action(where, properties),
        timeout=float(properties.get("TimeoutInMillis", _MAX_TIMEOUT * 1000)) / 1000,
        passthrough=properties.get("PassthroughBehavior", "WHEN_NO_MATCH"),
        templates=_templates(where, properties.get("RequestTemplates", {})),
        parameters=parameters,
        responses=tuple(
            _integration_response(where, item, declared)
            for item in properties.get("IntegrationResponses", ())
        ),
    )


def _action(where: str, properties: Mapping[str, Any]) -> AwsAction | None:
    kind = properties["Type"]
    if kind == "MOCK":
        return None
    if kind != "AWS":
        raise UnsupportedApiError(f"{where}: integration type {kind} is not served here")
    named = _ACTION.fullmatch(properties["Uri"])
    if named is None:
        raise UnsupportedApiError(f"{where}: the integration {properties['Uri']} is no AWS action")
    if "Credentials" not in properties:
        raise UnsupportedApiError(
            f"{where}: the integration has no Credentials, so AWS would refuse the call"
        )
    if properties.get("IntegrationHttpMethod") != "POST":
        raise UnsupportedApiError(f"{where}: an AWS action is called with IntegrationHttpMethod POST")
    service, action = named.groups()
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        raise UnsupportedApiError(f"{where}: there is no AWS service {service}")
    model = session.get_service_model(service)
    if model.metadata["protocol"] != "json" or action not in model.operation_names:
        raise UnsupportedApiError(f"{where}: {service} has no action {action} that is served here")
    return AwsAction(service, action)


def _integration_response(
    where: str, properties: Mapping[str, Any], declared: Mapping[int, frozenset[str]]
) -> IntegrationResponse:
    _refuse_unknown(
        where,
        "its integration response",
        properties,
        frozenset({"StatusCode", "SelectionPattern", "ResponseTemplates", "ResponseParameters"}),
    )
    status = int(properties["StatusCode"])
    parameters = properties.get("ResponseParameters", {})
    for target, source in parameters.items():
        if not target.startswith(RESPONSE_HEADER) or target not in declared.get(status, ()):
            raise UnsupportedApiError(f"{where}: its method response {status} does not declare {target}")
        check_source(source, where=where)
    if status not in declared:
        raise UnsupportedApiError(f"{where}: it has no method response {status}")
    pattern = properties.get("SelectionPattern")
    return IntegrationResponse(
        status=status,
        selection=re.compile(pattern) if pattern else None,
        templates=_templates(where, properties.get("ResponseTemplates", {})),
        parameters=parameters,
    )


def _templates(where: str, templates: Mapping[str, str]) -> Mapping[str, MappingTemplate]:
    return {
        content_type.lower(): MappingTemplate(text, where=f"{where} {content_type}")
        for content_type, text in templates.items()
    }


def _true(value: Any) -> bool:
    """Tell what a CloudFormation boolean says: it may be text."""
    return value is True or str(value).lower() == "true"
