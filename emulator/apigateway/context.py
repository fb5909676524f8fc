"""`$context`: the facts about a request, besides its payload, that a mapping may use."""

import base64
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

from emulator.apigateway.api import Api
from emulator.apigateway.errors import TemplateRenderError
from emulator.apigateway.mapping_template import JavaMap
from emulator.apigateway.request import ApiRequest


class Override(JavaMap):
    """Overrides set by a template; each may be set once, as API Gateway allows."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            raise TemplateRenderError(f"{name} is overridden twice")
        super().__setitem__(name, value)


def new_context(api: Api, request: ApiRequest, *, now_s: float) -> JavaMap:
    """The context of a request that arrived at `now_s`, in seconds since the epoch."""
    host = request.header("Host") or ""
    moment = datetime.fromtimestamp(now_s, tz=UTC)
    return JavaMap(
        accountId=api.account_id,
        apiId=api.api_id,
        domainName=host,
        domainPrefix=host.partition(".")[0],
        # Eleven random bytes give the sixteen characters, ending in "=", that AWS's ids have.
        extendedRequestId=base64.b64encode(secrets.token_bytes(11)).decode(),
        httpMethod=request.method,
        identity=JavaMap(sourceIp=request.source_ip, userAgent=request.header("User-Agent") or ""),
        path=f"/{api.stage}{request.path}",
        protocol="HTTP/1.1",
        requestId=str(uuid.uuid4()),
        requestOverride=JavaMap(header=Override(), path=Override(), querystring=Override()),
        requestTime=moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        requestTimeEpoch=int(now_s * 1000),
        responseOverride=Override(header=Override()),
        stage=api.stage,
    )
