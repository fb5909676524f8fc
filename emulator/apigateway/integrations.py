"""Integrations: MOCK answers itself, an AWS action is called as API Gateway calls it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import botocore.session
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.apigateway.api import AwsAction
from emulator.apigateway.errors import GatewayError
from emulator.direct_calls import DirectEndpoint, headers_of
from emulator.http_server import HttpRequest
from emulator.iam.credentials import Credentials as Caller
from emulator.iam.credentials import Issuer, ServiceIssuer


@dataclass(frozen=True, slots=True)
class IntegrationAnswer:
    """An integration's answer, before the response templates."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def call_mock(rendered: str) -> IntegrationAnswer:
    """Answer with the status code that the request template states."""
    try:
        status = int(json.loads(rendered)["statusCode"])
    except (ValueError, TypeError, KeyError) as error:
        raise GatewayError("DEFAULT_5XX", "Internal server error") from error
    return IntegrationAnswer(status, (), b"")


_SESSION = "BackplaneAssumeRoleSession"
_SERVICE = "apigateway.amazonaws.com"


class AwsCaller:
    """Calls AWS at the local endpoint over kept connections, each time within its own limit.

    It calls as the roles it is told, or as API Gateway itself.
    """

    def __init__(
        self,
        endpoint_url: str,
        region: str,
        act_as: Issuer,
        act_for: ServiceIssuer,
        endpoint: DirectEndpoint | None = None,
    ) -> None:
        """With an `endpoint`, a call that it answers at once needs no connection."""
        self._endpoint = endpoint_url.rstrip("/") + "/"
        self._region = region
        self._act_as = act_as
        self._act_for = act_for
        self._direct = endpoint
        self._http = urllib3.PoolManager(maxsize=32, block=False, retries=False)
        self._session = botocore.session.get_session()
        self._services: dict[str, Mapping[str, Any]] = {}

    def call(
        self, action: AwsAction, body: bytes, headers: Mapping[str, str], *, timeout_s: float
    ) -> IntegrationAnswer:
        """The service's answer, whatever its status; GatewayError when none comes within `timeout_s` seconds."""
        service = self._service(action.service)
        target = f"{service['targetPrefix']}.{action.action}"
        signing_name = service.get("signingName", service["endpointPrefix"])
        caller = self._act_as(action.role_arn, _SESSION)
        given = {"Content-Type": "application/json", **headers, "X-Amz-Target": target}
        answer = self._at_once(target, signing_name, caller, given, body)
        if answer is not None:
            return answer
        request = AWSRequest(method="POST", url=self._endpoint, headers=given, data=body)
        return self._send(request, signing_name, caller, timeout_s)

    def _at_once(
        self, target: str, service: str, caller: Caller, given: Mapping[str, str], body: bytes
    ) -> IntegrationAnswer | None:
        """The answer without a connection; None where there is none."""
        if self._direct is None:
            return None
        headers = {**headers_of(target, service=service, region=self._region, caller=caller), **given}
        answer = self._direct.answer_at_once(HttpRequest("POST", "/", tuple(headers.items()), body))
        return IntegrationAnswer(answer.status, tuple(answer.headers), answer.body) if answer else None

    def invoke(
        self, function_arn: str, event: bytes, *, role_arn: str | None, source_arn: str, timeout_s: float
    ) -> IntegrationAnswer:
        """Lambda's answer to an invocation as a role, or as the service for what `source_arn` names.

        GatewayError when none comes within `timeout_s` seconds.
        """
        caller = self._act_as(role_arn, _SESSION) if role_arn else self._act_for(_SERVICE, source_arn)
        url = f"{self._endpoint}2015-03-31/functions/{quote(function_arn, safe='')}/invocations"
        request = AWSRequest(method="POST", url=url, headers={"Content-Type": "application/json"}, data=event)
        return self._send(request, "lambda", caller, timeout_s)

    def _send(self, request: Any, service: str, caller: Caller, timeout_s: float) -> IntegrationAnswer:
        credentials = Credentials(caller.access_key, caller.secret_key, caller.session_token)
        SigV4Auth(credentials, service, self._region).add_auth(request)
        try:
            response = self._http.request(
                "POST",
                request.url,
                body=request.data,
                headers=dict(request.headers),
                timeout=urllib3.Timeout(timeout_s),
            )
        except urllib3.exceptions.NewConnectionError as error:
            # urllib3 counts a refused connection among the timeouts.
            raise GatewayError("INTEGRATION_FAILURE", "Network error communicating with endpoint") from error
        except urllib3.exceptions.TimeoutError as error:
            raise GatewayError("INTEGRATION_TIMEOUT", "Endpoint request timed out") from error
        except urllib3.exceptions.HTTPError as error:
            raise GatewayError("INTEGRATION_FAILURE", "Network error communicating with endpoint") from error
        return IntegrationAnswer(response.status, tuple(response.headers.items()), response.data)

    def close(self) -> None:
        """Close the kept connections."""
        self._http.clear()

    def _service(self, name: str) -> Mapping[str, Any]:
        if name not in self._services:
            self._services[name] = self._session.get_service_model(name).metadata
        return self._services[name]
