"""A REST API of a deployment, served on a port of this machine."""

import contextlib
import functools

from emulator.apigateway.access_log import STREAMS_KEPT, AccessLog
from emulator.apigateway.authorization import Authorization, NoRoles, Roles
from emulator.apigateway.authorizers import Authorizers
from emulator.apigateway.content_coding import MAX_PAYLOAD
from emulator.apigateway.execute_api import ExecuteApi, OnAnswer
from emulator.apigateway.integrations import AwsCaller
from emulator.apigateway.load_api import load_api
from emulator.apigateway.signature import LocalCredentials
from emulator.client import local_client
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.direct_calls import DirectEndpoint
from emulator.http_server import HttpServer
from emulator.iam.credentials import Issuer, ServiceIssuer, issue_operators
from emulator.log_shipper import LogShipper

LOOPBACK = "127.0.0.1"
# Seconds that requests under way get when the gateway is closed: a bit more than an integration may take.
_LAST_ANSWERS_S = 30.0
# Seconds a client may take to send the rest of a request, or stay idle on a kept connection.
_IDLE_S = 60.0


class Gateway:
    """A REST API that is being served; close it when done."""

    def __init__(
        self, server: HttpServer, caller: AwsCaller, authorizers: Authorizers, shipper: LogShipper | None
    ) -> None:
        self._server = server
        self._caller = caller
        self._authorizers = authorizers
        self._closing = contextlib.ExitStack()
        if shipper is not None:
            self._closing.callback(shipper.close)

    @property
    def url(self) -> str:
        """The root of the API; a path may begin with the stage, as on AWS, or after it."""
        return self._server.url

    def flush_authorizers(self) -> None:
        """Forget what the API's authorizers said, as FlushStageAuthorizersCache does."""
        self._authorizers.flush()

    def close(self) -> None:
        """Take no more requests, answer those under way, end kept connections. A second call does nothing."""
        self._server.close()
        self._caller.close()
        self._closing.close()


def serve_gateway(
    deployment: Deployment,
    *,
    port: int,
    endpoint_url: str,
    clock: Clock,
    credentials: LocalCredentials | None = None,
    act_as: Issuer = issue_operators,
    act_for: ServiceIssuer = issue_operators,
    roles: Roles | None = None,
    on_answer: OnAnswer = lambda _: None,
    source_ip: str = LOOPBACK,
    metrics: RegionMetrics | None = None,
    endpoint: DirectEndpoint | None = None,
) -> Gateway:
    """Serve the deployment's REST API on 127.0.0.1; port 0 takes a free one.

    Raises UnsupportedApiError, naming the logical id, for what cannot be served as AWS would, and
    PortInUseError. `act_as` gives the credentials of the role of an integration or an authorizer, `act_for` those of
    API Gateway itself; `roles` knows who signs with a role's. Requests count as coming from `source_ip`, wherever they
    come from. `on_answer` is called for every answer before it is sent, on the thread that answers. `metrics` gets
    what CloudWatch has of an API. An `endpoint` in this process answers without a connection what it can at once.
    """
    known = credentials or LocalCredentials()
    api = load_api(deployment)
    caller = AwsCaller(endpoint_url, deployment.region, act_as, act_for, endpoint)
    authorizers = Authorizers(api, caller, clock)
    server = HttpServer(
        port, name="gateway", body_limit=MAX_PAYLOAD, idle_s=_IDLE_S, drain_s=_LAST_ANSWERS_S, clock=clock
    )
    counted = metrics or RegionMetrics(clock)
    authorization = Authorization(api, authorizers, known, roles or NoRoles())
    shipper = access_log = None
    if api.access_log is not None:
        logs = functools.partial(
            local_client, "logs", endpoint_url=endpoint_url, region=deployment.region, attempts=3
        )
        shipper = LogShipper(lambda _: logs(), streams_kept=STREAMS_KEPT)
        access_log = AccessLog(api.access_log, api.name, shipper)
    server.start(ExecuteApi(api, caller, clock, on_answer, authorization, source_ip, counted, access_log))
    return Gateway(server, caller, authorizers, shipper)
