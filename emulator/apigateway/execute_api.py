"""A request's way through an API: route, authorize, validate, map, call, map back."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from emulator.apigateway import binary_support, content_coding, gateway_responses
from emulator.apigateway.access_log import AccessLog
from emulator.apigateway.api import Api, Integration, IntegrationResponse, Method
from emulator.apigateway.authorization import Authorization
from emulator.apigateway.context import new_context
from emulator.apigateway.errors import GatewayError, TemplateRenderError
from emulator.apigateway.integrations import AwsCaller, IntegrationAnswer, call_mock
from emulator.apigateway.mapping_template import Input, JavaMap, MappingTemplate, Util
from emulator.apigateway.parameters import REQUEST_HEADER, RESPONSE_HEADER, value_of
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.routing import has_path, route
from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.http_server import HttpRequest, Response
from emulator.token_bucket import TokenBucket

_LOG = logging.getLogger(__name__)
_NAMESPACE = "AWS/ApiGateway"


class Answered(NamedTuple):
    """A request that was answered; its resource's path is empty if it has none.

    `integration_request` is the body with which an AWS action was called for it, empty if none was.
    """

    method: str
    resource_path: str
    status: int
    integration_request: bytes = b""


OnAnswer = Callable[[Answered], object]


class ExecuteApi:
    """Answers requests to one API; safe to use from many threads. The access log has a line for each answer."""

    def __init__(
        self,
        api: Api,
        caller: AwsCaller,
        clock: Clock,
        on_answer: OnAnswer,
        authorization: Authorization,
        source_ip: str,
        metrics: RegionMetrics,
        access_log: AccessLog | None = None,
    ) -> None:
        self._api = api
        self._caller = caller
        self._clock = clock
        self._on_answer = on_answer
        self._authorization = authorization
        self._source_ip = source_ip
        self._metrics = metrics
        self._access_log = access_log
        self._buckets = {
            method.logical_id: TokenBucket(method.limits)
            for methods in api.methods.values()
            for method in methods.values()
            if method.limits is not None
        }

    def answer(self, http: HttpRequest) -> Response:
        """The response; whatever goes wrong becomes the API's own gateway response."""
        began_s = time.perf_counter()
        request = ApiRequest.of(http)
        request.source_ip = self._source_ip
        if self._names_stage(request):
            request.leave_out_stage()
        context = new_context(self._api, request, now_s=self._clock.now())
        try:
            response = self._answer(request, context)
        except GatewayError as error:
            response = gateway_responses.answer(self._api, error, request, context)
        except TemplateRenderError:
            _LOG.exception("a mapping template failed")
            response = self._internal_error(request, context)
        except Exception:  # noqa: BLE001 - a client gets an answer whatever failed here
            _LOG.exception("the gateway failed")
            response = self._internal_error(request, context)
        path = context.get("resourcePath", "")
        answered = Answered(request.method, path, response.status, request.integration_request)
        return self._finished(response, request, context, answered, began_s)

    def too_large(self, http: HttpRequest) -> Response:
        """The response to a request whose body is over API Gateway's limit and was not read."""
        began_s = time.perf_counter()
        request, error = ApiRequest.of(http), content_coding.too_large()
        context = new_context(self._api, request, now_s=self._clock.now())
        response = gateway_responses.answer(self._api, error, request, context)
        return self._finished(
            response, request, context, Answered(request.method, "", response.status), began_s
        )

    def _answer(self, request: ApiRequest, context: JavaMap) -> Response:
        coding = content_coding.request_coding(request.header("Content-Encoding"))
        found = route(self._api, request.segments, request.method)
        if found is None:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        method, request.path_parameters = found
        context["resourceId"] = method.resource_id
        context["resourcePath"] = method.resource_path
        self._authorization.check(method, request, context)
        bucket = self._buckets.get(method.logical_id)
        if bucket is not None and not bucket.take():
            raise GatewayError("THROTTLED", "Too Many Requests")
        request.body = content_coding.decompress(request.body, coding, self._api.minimum_compression)
        binary = binary_support.is_listed(request.content_type, self._api.binary_media_types)
        _validate(method, request, binary=binary)
        answer = self._integrate(method.integration, request, context)
        return self._respond(method.integration, answer, request, context)

    def _names_stage(self, request: ApiRequest) -> bool:
        """True for a path as on AWS's own host, where the stage comes first; a custom domain's paths begin after it."""
        return request.segments[:1] == (self._api.stage,) and not has_path(self._api, request.segments)

    def _integrate(
        self, integration: Integration, request: ApiRequest, context: JavaMap
    ) -> IntegrationAnswer:
        template = _request_template(integration, request)
        binary = binary_support.is_listed(request.content_type, self._api.binary_media_types)
        converted = binary_support.convert_request(
            request.body, binary=binary, handling=integration.content_handling
        )
        payload = request if converted.body == request.body else replace(request, body=converted.body)
        rendered = self._rendered(template, converted, payload, request, context)
        if integration.action is None:
            return call_mock(rendered.decode("utf-8", "replace"))
        headers = {}
        for target, source in integration.parameters.items():
            value = value_of(
                source, request=payload, context=context, stage_variables=self._api.stage_variables
            )
            if target.startswith(REQUEST_HEADER) and value is not None:
                headers[target.removeprefix(REQUEST_HEADER)] = value
        headers.update({name: str(value) for name, value in context["requestOverride"]["header"].items()})
        request.integration_request = rendered
        began_s = time.perf_counter()
        answer = self._caller.call(integration.action, rendered, headers, timeout_s=integration.timeout_s)
        latency_ms = round((time.perf_counter() - began_s) * 1000)
        context["integration"] = JavaMap(status=answer.status, latency=latency_ms)
        return answer

    def _respond(
        self, integration: Integration, answer: IntegrationAnswer, request: ApiRequest, context: JavaMap
    ) -> Response:
        chosen = _select(integration, answer.status)
        payload = ApiRequest("POST", "/", answer.headers, answer.body)
        listed = self._api.binary_media_types
        converted = binary_support.convert_response(
            answer.body,
            binary=binary_support.is_listed(payload.content_type, listed),
            accepts_binary=binary_support.is_listed(request.accepted_type, listed),
            handling=chosen.content_handling,
        )
        payload.body = converted.body
        headers: dict[str, str] = {}
        for target, source in chosen.parameters.items():
            value = value_of(
                source,
                request=request,
                context=context,
                stage_variables=self._api.stage_variables,
                response=payload,
            )
            if value is not None:
                headers[target.removeprefix(RESPONSE_HEADER)] = value
        content_type, template = _response_template(chosen.templates, request) or (payload.content_type, None)
        if template is not None and template.is_empty:
            template = None  # an empty one asks for the payload as it is
        body = self._rendered(template, converted, payload, request, context)
        override = context["responseOverride"]
        headers.update({name: str(value) for name, value in override["header"].items()})
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = content_type
        return Response(int(override.get("status", chosen.status)), tuple(headers.items()), body)

    def _rendered(
        self,
        template: MappingTemplate | None,
        converted: binary_support.Payload,
        payload: ApiRequest,
        request: ApiRequest,
        context: JavaMap,
    ) -> bytes:
        """The body that a template makes of a payload, or the payload where there is no template."""
        if template is None:
            return converted.body
        if not converted.is_text:
            raise binary_support.configuration_error()
        variables = {
            "input": Input(request, payload),
            "util": Util(),
            "context": context,
            "stageVariables": JavaMap(self._api.stage_variables),
        }
        return template.render(variables).encode("utf-8", "replace")

    def _internal_error(self, request: ApiRequest, context: JavaMap) -> Response:
        error = GatewayError("DEFAULT_5XX", "Internal server error")
        return gateway_responses.answer(self._api, error, request, context)

    def _finished(
        self, response: Response, request: ApiRequest, context: JavaMap, answered: Answered, began_s: float
    ) -> Response:
        """Add what every response carries, compress it when the client and the API want that, and count it."""
        body, coding = content_coding.compress(
            response.body, request.header("Accept-Encoding"), self._api.minimum_compression
        )
        headers = [
            *response.headers,
            ("x-amzn-RequestId", context["requestId"]),
            ("x-amz-apigw-id", context["extendedRequestId"]),
        ]
        if coding is not None:
            headers.append(("Content-Encoding", coding))
        self._on_answer(answered)
        took_s = time.perf_counter() - began_s
        self._count(response.status, took_s)
        if self._access_log is not None:
            context |= {
                "status": response.status,
                "responseLatency": round(took_s * 1000),
                "responseLength": len(body),
            }
            self._access_log.write(context, round(self._clock.now() * 1000))
        return Response(response.status, tuple(headers), body)

    def _count(self, status: int, took_s: float) -> None:
        """Put CloudWatch's metrics of a request: of the API, and of its stage.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        api = {"ApiName": self._api.name}
        for place in (api, {**api, "Stage": self._api.stage}):
            self._metrics.put(_NAMESPACE, "Count", 1, place)
            self._metrics.put(_NAMESPACE, "4XXError", 400 <= status < 500, place)
            self._metrics.put(_NAMESPACE, "5XXError", status >= 500, place)
            self._metrics.put(_NAMESPACE, "Latency", took_s * 1000, place, unit="Milliseconds")


def _validate(method: Method, request: ApiRequest, *, binary: bool) -> None:
    missing = []
    for name in method.required_parameters:
        source = value_of(name, request=request, context={}, stage_variables={})
        if source is None:
            missing.append(name.rpartition(".")[2])
    if missing:
        message = f"Missing required request parameters: [{', '.join(sorted(missing))}]"
        raise GatewayError("BAD_REQUEST_PARAMETERS", message)
    model = method.models.get(request.content_type) or method.models.get("$default")
    if model is not None and not binary:
        model.check(request)


def _request_template(integration: Integration, request: ApiRequest) -> MappingTemplate | None:
    """The template for the content type; None when the payload passes through as it is."""
    template = integration.templates.get(request.content_type)
    if template is not None:
        return template
    passes = integration.passthrough == "WHEN_NO_MATCH" or (
        integration.passthrough == "WHEN_NO_TEMPLATES" and not integration.templates
    )
    if not passes:
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    return None


def _response_template(
    templates: Mapping[str, MappingTemplate], request: ApiRequest
) -> tuple[str, MappingTemplate] | None:
    """The template that the client's Accept chooses, or else that for JSON, or else the first; None without any."""
    names = (request.accepted_type, "application/json", *templates)
    return next(((name, templates[name]) for name in names if name in templates), None)


def _select(integration: Integration, status: int) -> IntegrationResponse:
    default = None
    for response in integration.responses:
        if response.selection is None:
            default = response
        elif response.selection.fullmatch(str(status)):
            return response
    if default is None:
        raise GatewayError("API_CONFIGURATION_ERROR", "Internal server error")
    return default
