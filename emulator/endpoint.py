"""The one local AWS endpoint: decides who answers a request, and strikes with faults on the way."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from emulator.admin_api import AdminApi
from emulator.apigateway.service import RestApis
from emulator.athena.service import Athena
from emulator.aws_request import AwsRequest
from emulator.cloudformation.stacks import Stacks
from emulator.cloudwatch.metrics import Metrics
from emulator.faults import FaultRule, Faults
from emulator.faults.partial import in_part
from emulator.http_server import HttpRequest, Response
from emulator.iam.access import Access
from emulator.iam.credentials import OPERATOR
from emulator.kinesis.service import Kinesis
from emulator.lambda_.api import LambdaApi
from emulator.moto.app import MotoApp
from emulator.responses import error
from emulator.timestream_metrics import TimestreamMetrics
from emulator.timestream_process import NoTimestream, TimestreamProcess
from emulator.writes import Writes

_LOG = logging.getLogger(__name__)


class Endpoint:
    """Answers every request to the local AWS."""

    def __init__(
        self,
        *,
        access: Access,
        admin: AdminApi,
        athena: Athena,
        engine: TimestreamProcess | NoTimestream,
        faults: Faults,
        functions: LambdaApi,
        kinesis: Kinesis,
        metrics: Metrics,
        moto: MotoApp,
        rest_apis: RestApis,
        stacks: Stacks,
        writes: Writes,
    ) -> None:
        self._access = access
        self._admin = admin
        self._athena = athena
        self._engine = engine
        self._faults = faults
        self._functions = functions
        self._kinesis = kinesis
        self._timestream_metrics = TimestreamMetrics(metrics)
        self._moto = moto
        self._rest_apis = rest_apis
        self._stacks = stacks
        self._writes = writes
        self._closing = threading.Event()

    def answer(self, request: HttpRequest) -> Response:
        """The service's reply, unless a fault says otherwise."""
        return self._answer(AwsRequest.of(request))

    def answer_at_once(self, request: HttpRequest) -> Response | None:
        """The reply to a call of a stream while nothing keeps it waiting; None for any other."""
        call = AwsRequest.of(request)
        if call.service != "kinesis" or self._faults.active or self._kinesis.is_held:
            return None
        try:
            return self._route(call)
        except Exception:  # noqa: BLE001 - as over HTTP, one bad request must not end its caller's thread
            _LOG.exception("%s failed", call.json_target)
            return error(call, "InternalFailure", "internal error, see the log", 500)

    def too_large(self, request: HttpRequest) -> Response:
        """The refusal of a body over the limit, which is far above that of any service."""
        return error(AwsRequest.of(request), "RequestEntityTooLarge", "The body is too large", 413)

    def _answer(self, request: AwsRequest) -> Response:
        if request.path.startswith("/_local/"):
            return self._admin.answer(request)
        rule = self._faults.take(request)
        return self._route(request) if rule is None else self._struck(request, rule)

    def _struck(self, request: AwsRequest, rule: FaultRule) -> Response:
        """The reply of a call that a fault strikes; ConnectionError where it loses the reply."""
        done = self._route(request) if rule.does else None
        if rule.latency_ms and self._closing.wait(rule.latency_ms / 1000):
            return error(request, "ServiceUnavailable", "The local run is ending", 503)
        if rule.loses:
            raise ConnectionAbortedError
        if rule.fault == "partial":
            return in_part(request, rule.share, self._route)
        if not rule.answers:
            return done or self._route(request)
        answer = rule.answer(request.service, request)
        reply = error(request, answer.code, rule.message, answer.status, answer.more)
        if request.service == "kinesis" and answer.code == "ProvisionedThroughputExceededException":
            self._kinesis.note_throttled(request)
        elif request.is_timestream:
            return self._timestream_metrics.counted(request, reply, 0.0)
        return reply

    def close(self) -> None:
        """Let no request wait any longer."""
        self._closing.set()

    def _route(self, request: AwsRequest) -> Response:
        refusal = self._access.refuse(request)
        if refusal is not None:
            return refusal
        reply = self._access.review(request, self._dispatch(request))
        self._writes.note(request)
        return reply

    def _dispatch(self, request: AwsRequest) -> Response:
        if request.is_timestream:
            return self._forward(request)
        if request.service == "kinesis":
            return self._kinesis.answer(request) or self._moto.answer(request)
        if request.service == "athena":
            return self._athena.answer(request, self._access.caller(request) or OPERATOR)
        services: Mapping[str, Callable[[AwsRequest], Response]] = {
            "apigateway": self._rest_apis.answer,
            "cloudformation": self._stacks.answer,
            "lambda": self._functions.answer,
        }
        return services.get(request.service, self._moto.answer)(request)

    def _forward(self, request: AwsRequest) -> Response:
        began_s = time.perf_counter()
        try:
            reply = self._engine.forward(request)
        except OSError:
            # A connection the engine dropped on purpose is one its client loses too: boto3 retries after a 5xx alike.
            reply = error(request, "InternalServerException", "The Timestream engine gave no answer", 500)
        return self._timestream_metrics.counted(request, reply, time.perf_counter() - began_s)
