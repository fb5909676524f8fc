"""The calls of API Gateway's control plane that the local AWS answers: those that a running API hears of."""

import re
import threading
from collections.abc import Callable

from emulator.aws_request import AwsRequest
from emulator.cloudformation.deployment import Deployment
from emulator.http_server import Response
from emulator.responses import error

_AUTHORIZERS_CACHE = re.compile(r"/restapis/([^/]+)/stages/([^/]+)/cache/authorizers/?")

Flush = Callable[[], object]
"""Forgets the cached results of an API's authorizers."""
_HOST = re.compile(r"([0-9a-z]+)\.execute-api\.([0-9a-z-]+)\.amazonaws\.com")


class RestApis:
    """Answers for the REST APIs of the deployments, served or not."""

    def __init__(self) -> None:
        self._flushes: dict[tuple[str, str, str], Flush] = {}
        self._urls: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def publish(self, deployment: Deployment) -> None:
        """Answer for a deployment's APIs from now on."""
        with self._lock:
            for place in _stages(deployment):
                self._flushes.setdefault(place, lambda: None)

    def serve(self, deployment: Deployment, flush: Flush, url: str) -> None:
        """Take note that a deployment's API is served, where, and how its authorizers' results are forgotten."""
        with self._lock:
            for region, api, stage in _stages(deployment):
                self._flushes[region, api, stage] = flush
                self._urls[region, api] = url

    def url(self, host: str) -> str | None:
        """The address here of an API by its host on AWS; None if it is not served."""
        named = _HOST.fullmatch(host)
        return self._urls.get((named[2], named[1])) if named else None

    def answer(self, request: AwsRequest) -> Response:
        """API Gateway's reply."""
        named = _AUTHORIZERS_CACHE.fullmatch(request.path)
        if named is None or request.method != "DELETE":
            message = f"The local run has no {request.method} {request.path} of API Gateway"
            return error(request, "UnknownOperationException", message, 400)
        flush = self._flushes.get((request.region, named[1], named[2]))
        if flush is None:
            return error(request, "NotFoundException", "Invalid stage identifier specified", 404)
        flush()
        return Response(202)


def _stages(deployment: Deployment) -> list[tuple[str, str, str]]:
    return [
        (deployment.region, stage.properties["RestApiId"], stage.physical_id)
        for stage in deployment.of_type("AWS::ApiGateway::Stage")
    ]
