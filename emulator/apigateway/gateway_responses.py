"""Gateway responses: what a client gets when no integration answered.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from emulator.apigateway.api import Api, GatewayResponse
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.json_path import MISSING, find
from emulator.apigateway.mapping_template import JavaMap, java_text
from emulator.apigateway.parameters import value_of
from emulator.apigateway.request import ApiRequest
from emulator.http_server import Response

GATEWAY_HEADER: Final = "gatewayresponse.header."
_STATUS: Final = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_5XX": 500,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 403,
    "REQUEST_TOO_LARGE": 413,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
}
RESPONSE_TYPES: Final = frozenset(
    {
        *_STATUS, "DEFAULT_4XX", "EXPIRED_TOKEN", "INVALID_API_KEY", "QUOTA_EXCEEDED", "RESOURCE_NOT_FOUND",
        "WAF_FILTERED",
    }
)  # fmt: skip
"""The types of gateway responses that an API may define, whether or not anything here ends in them."""
_DEFAULT = GatewayResponse(None, {"application/json": '{"message":$context.error.messageString}'}, {})
_NAME = r"(context|stageVariables|method\.request\.(?:header|querystring|path))\.([\w.-]*\w)"
_VARIABLE = re.compile(rf"\$(?:\{{{_NAME}\}}|{_NAME})")


def answer(api: Api, error: GatewayError, request: ApiRequest, context: dict[str, Any]) -> Response:
    """The response that the API defines for this failure, or API Gateway's own; `context` gets the error."""
    default = _STATUS[error.response_type]
    fallback = api.gateway_responses.get("DEFAULT_4XX" if default < 500 else "DEFAULT_5XX", _DEFAULT)
    chosen = api.gateway_responses.get(error.response_type, fallback)
    context["error"] = JavaMap(
        message=error.message,
        messageString=json.dumps(error.message),
        responseType=error.response_type,
        validationErrorString=error.validation_error,
    )
    content_type, text = next(iter((chosen.templates or _DEFAULT.templates).items()))
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", _error_type(error.response_type))]
    for target, source in chosen.parameters.items():
        value = value_of(source, request=request, context=context, stage_variables=api.stage_variables)
        if value is not None:
            headers.append((target.removeprefix(GATEWAY_HEADER), value))
    body = _VARIABLE.sub(lambda match: _substitute(match, api, request, context), text)
    # Half of a surrogate pair, as a reason may quote it, is what no UTF-8 has: Java, AWS's language, puts "?" there.
    encoded = body.encode("utf-8", "replace")
    return Response(chosen.status or fallback.status or default, tuple(headers), encoded)


def _substitute(match: re.Match[str], api: Api, request: ApiRequest, variables: Mapping[str, Any]) -> str:
    """A variable's text, escaped to stand between quotes; unknown variables vanish."""
    scope, name = (group for group in match.groups() if group is not None)
    if scope == "context":
        found = find(variables, f"$.{name}")
        if name == "error.messageString":
            return str(found)
        return "" if found is MISSING else _escaped(java_text(found))
    if scope == "stageVariables":
        return _escaped(api.stage_variables.get(name, ""))
    source = f"{scope}.{name}"
    return _escaped(value_of(source, request=request, context={}, stage_variables={}) or "")


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _error_type(response_type: str) -> str:
    return {
        "ACCESS_DENIED": "AccessDeniedException",
        "AUTHORIZER_CONFIGURATION_ERROR": "AuthorizerConfigurationException",
        "AUTHORIZER_FAILURE": "AuthorizerFailureException",
        "BAD_REQUEST_BODY": "BadRequestException",
        "BAD_REQUEST_PARAMETERS": "BadRequestException",
        "INVALID_SIGNATURE": "InvalidSignatureException",
        "MISSING_AUTHENTICATION_TOKEN": "MissingAuthenticationTokenException",
        "REQUEST_TOO_LARGE": "RequestTooLargeException",
        "THROTTLED": "TooManyRequestsException",
        "UNAUTHORIZED": "UnauthorizedException",
        "UNSUPPORTED_MEDIA_TYPE": "UnsupportedMediaTypeException",
    }.get(response_type, "InternalServerErrorException")
