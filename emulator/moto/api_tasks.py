"""The task `apigateway:invoke` of state machines: a call of an API that is served here, signed with the machine's role.

moto's own sends it to an address of LocalStack's, unsigned, and takes every status but 200 for an error.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

import http.client
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from emulator.iam.credentials import Issuer

_MODULE = (
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_api_gateway"
)
_REQUIRED = frozenset({"ApiEndpoint", "Method"})
_KNOWN = _REQUIRED | {"AuthType", "Headers", "Path", "RequestBody", "Stage"}
_DOCUMENTED = _KNOWN | {"AllowNullValues", "QueryParameters"}
_WITH_BODY = frozenset({"PATCH", "POST", "PUT"})
_FORBIDDEN = frozenset(
    {
        "authorization", "connection", "content-md5", "expect", "host", "max-forwards", "proxy-authenticate", "server",
        "te", "trailer", "transfer-encoding", "upgrade", "via", "www-authenticate",
    }
)  # fmt: skip
_FORBIDDEN_STARTS = ("x-amz", "x-forwarded")
# As long as API Gateway may take to answer.
_TIMEOUT_S = 30.0

UrlOf = Callable[[str], str | None]
"""The address here of an API, by its host on AWS; None if it is not served."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """The answer of an API."""

    status_code: int
    reason: str
    headers: Mapping[str, list[str]]
    text: str

    def output(self) -> dict[str, Any]:
        """The task's output."""
        try:
            body = json.loads(self.text)
        except ValueError:
            body = self.text
        return {
            "Headers": dict(self.headers),
            "ResponseBody": body,
            "StatusCode": self.status_code,
            "StatusText": self.reason,
        }


def call_api(parameters: Mapping[str, Any], role_arn: str, url_of: UrlOf, act_as: Issuer) -> ApiAnswer:
    """The answer to a task's call; ValueError names a parameter that AWS, or this AWS, does not take."""
    for name in sorted(_REQUIRED - parameters.keys()):
        raise ValueError(f"The field '{name}' is required but was missing")
    for name in sorted(parameters.keys() - _KNOWN):
        raise ValueError(f"the local run does not know the parameter {name} of apigateway:invoke")
    url, host = url_of(parameters["ApiEndpoint"]), parameters["ApiEndpoint"]
    if url is None:
        raise ConnectionError(f"{host} is no API that is served here")
    target = "/" + "/".join(
        part.strip("/") for part in (parameters.get("Stage"), parameters.get("Path")) if part
    )
    body = _body(parameters)
    request = AWSRequest(parameters["Method"], f"http://{host}{target}", _headers(parameters), body)
    match parameters.get("AuthType", "NO_AUTH"):
        case "IAM_ROLE":
            caller, region = act_as(role_arn, "stepfunctions"), host.split(".")[2]
            keys = Keys(caller.access_key, caller.secret_key, caller.session_token)
            SigV4Auth(keys, "execute-api", region).add_auth(request)
        case "NO_AUTH":
            pass
        case other:
            raise ValueError(f"the local run does not know the AuthType {other}")
    return _sent(urlsplit(url).netloc, request, target, body, host)


class _CallFailedError(Exception):
    """A call that was not answered with success; `name` is the error's after `ApiGateway.`."""

    def __init__(self, name: object, cause: str) -> None:
        super().__init__(cause)
        self.name = f"ApiGateway.{name}"


def install(call: Callable[[Mapping[str, Any], str], ApiAnswer]) -> None:
    """Let moto's interpreter call APIs this way from now on: by a task's parameters and the machine's role."""
    module = importlib.import_module(_MODULE)

    def evaluate(_: Any, *, env: Any, normalised_parameters: Any, **more: Any) -> None:
        role_arn = more["state_credentials"].role_arn
        try:
            answer = call(normalised_parameters, role_arn)
        except (OSError, ValueError) as failure:
            raise _CallFailedError(type(failure).__name__, str(failure)) from failure
        if not 200 <= answer.status_code < 300:
            raise _CallFailedError(answer.status_code, answer.text)
        env.stack.append(answer.output())

    def failure_event(task: Any, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, _CallFailedError):
            return module.StateTaskServiceCallback._from_error(task, env, ex)
        details = module.TaskFailedEventDetails(
            error=ex.name,
            cause=str(ex),
            resource=task._get_sfn_resource(),
            resourceType=task._get_sfn_resource_type(),
        )
        return module.FailureEvent(
            env=env,
            error_name=module.CustomErrorName(ex.name),
            event_type=module.HistoryEventType.TaskFailed,
            event_details=module.EventDetails(taskFailedEventDetails=details),
        )

    ours = {
        "_eval_service_task": evaluate,
        "_from_error": failure_event,
        # moto would leave out all parameters but two.
        "_get_supported_parameters": lambda _: _DOCUMENTED,
    }
    for name, method in ours.items():
        setattr(module.StateTaskServiceApiGateway, name, method)


def _body(parameters: Mapping[str, Any]) -> bytes:
    if "RequestBody" not in parameters:
        return b""
    if parameters["Method"] not in _WITH_BODY:
        raise ValueError(f"a RequestBody is for {', '.join(sorted(_WITH_BODY))} only")
    body = parameters["RequestBody"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _headers(parameters: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, values in parameters.get("Headers", {}).items():
        if name.lower() in _FORBIDDEN or name.lower().startswith(_FORBIDDEN_STARTS):
            raise ValueError(f"the header {name} is not permitted")
        headers[name] = ",".join(values if isinstance(values, list) else [values])
    return headers


def _sent(address: str, request: AWSRequest, target: str, body: bytes, host: str) -> ApiAnswer:
    connection = http.client.HTTPConnection(address, timeout=_TIMEOUT_S)
    try:
        connection.request(request.method, target, body, {**dict(request.headers.items()), "Host": host})
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
    finally:
        connection.close()
    headers: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        headers.setdefault(name, []).append(value)
    return ApiAnswer(response.status, response.reason, headers, text)
