"""Reads a method's integration: the target of its requests, and the mappings of its answers."""

import re
from collections.abc import Mapping
from typing import Any

import botocore.session

from emulator.apigateway.api import AwsAction, Integration, IntegrationResponse
from emulator.apigateway.binary_support import TO_BINARY, TO_TEXT
from emulator.apigateway.mapping_template import MappingTemplate
from emulator.apigateway.parameters import RESPONSE_HEADER, check_source
from emulator.errors import UnsupportedApiError

# API Gateway's default and upper limit.
_MAX_TIMEOUT_S = 29.0

_INTEGRATION = frozenset(
    [
        "Type", "Uri", "IntegrationHttpMethod", "Credentials", "TimeoutInMillis", "PassthroughBehavior",
        "RequestTemplates", "RequestParameters", "IntegrationResponses", "ContentHandling",
    ]
)  # fmt: skip
_ACTION = re.compile(r"arn:aws[\w-]*:apigateway:[\w-]+:([\w-]+):action/(\w+)")


def load_integration(where: str, properties: Mapping[str, Any], method_responses: Any) -> Integration:
    """A method's integration; UnsupportedApiError names the method for what cannot be done here."""
    refuse_unknown(where, "its integration", properties, _INTEGRATION)
    declared = {
        int(item["StatusCode"]): frozenset(item.get("ResponseParameters", {})) for item in method_responses
    }
    parameters = properties.get("RequestParameters", {})
    for source in parameters.values():
        check_source(source, where=where)
    return Integration(
        logical_id=where,
        action=_action(where, properties),
        timeout_s=float(properties.get("TimeoutInMillis", _MAX_TIMEOUT_S * 1000)) / 1000,
        passthrough=properties.get("PassthroughBehavior", "WHEN_NO_MATCH"),
        templates=_templates(where, properties.get("RequestTemplates", {})),
        parameters=parameters,
        content_handling=_content_handling(where, properties),
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
    role_arn = properties["Credentials"]
    if ":role/" not in role_arn:
        raise UnsupportedApiError(f"{where}: the integration's Credentials {role_arn} are no role")
    if properties.get("IntegrationHttpMethod") != "POST":
        raise UnsupportedApiError(f"{where}: an AWS action is called with IntegrationHttpMethod POST")
    service, action = named.groups()
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        raise UnsupportedApiError(f"{where}: there is no AWS service {service}")
    model = session.get_service_model(service)
    if model.metadata["protocol"] != "json" or action not in model.operation_names:
        raise UnsupportedApiError(f"{where}: {service} has no action {action} that is served here")
    return AwsAction(service, action, role_arn)


def _integration_response(
    where: str, properties: Mapping[str, Any], declared: Mapping[int, frozenset[str]]
) -> IntegrationResponse:
    refuse_unknown(
        where,
        "its integration response",
        properties,
        frozenset(
            {"StatusCode", "SelectionPattern", "ResponseTemplates", "ResponseParameters", "ContentHandling"}
        ),
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
        content_handling=_content_handling(where, properties),
    )


def _content_handling(where: str, properties: Mapping[str, Any]) -> str | None:
    handling = properties.get("ContentHandling")
    if handling not in {None, TO_BINARY, TO_TEXT}:
        raise UnsupportedApiError(f"{where}: ContentHandling is {TO_BINARY} or {TO_TEXT}, not {handling}")
    return handling


def _templates(where: str, templates: Mapping[str, str]) -> Mapping[str, MappingTemplate]:
    return {
        content_type.lower(): MappingTemplate(text, where=f"{where} {content_type}")
        for content_type, text in templates.items()
    }


def refuse_unknown(where: str, kind: str, properties: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise UnsupportedApiError when there is a property that would be ignored."""
    unknown = sorted(set(properties) - known)
    if unknown:
        raise UnsupportedApiError(f"{where}: {kind} has {', '.join(unknown)}, which is not served here")
