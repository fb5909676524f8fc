"""One region of the local run: its functions, its API, its feed, and the accounts of all three."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config as SdkConfig

from emulator.apigateway import Gateway, serve_gateway
from emulator.clock import Clock
from emulator.cloud import Cloud
from emulator.cloudformation.deployment import Deployment
from emulator.errors import PortInUseError
from emulator.lambda_ import Functions, start_functions
from emulator.lambda_.api import Invocation
from emulator.scheduler.schedules import Schedules, read_schedules
from local import accounting
from local.accounting import PointCounts
from local.answers import AnswerCounter
from local.errors import LocalError
from local.feed.host import Host
from local.feed.sender import Feed, Sent
from local.feed.signing import signed_for, unsigned
from local.prober import Prober
from local.view.reading import Reading
from ops.bundle import Bundle

_DRAIN_SECONDS = 60.0
_NO_POINTS = PointCounts(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a region here: the port of its API, if it wants signed requests, and if it is fed."""

    port: int
    feed: bool
    signed: bool


class Pipeline:
    """A region that takes requests, until it is drained and closed."""

    def __init__(
        self,
        deployment: Deployment,
        functions: Functions,
        gateway: Gateway,
        answers: AnswerCounter,
        clients: Callable[[str], Any],
        *,
        replaced: Callable[[], int],
        clock: Clock,
        options: Options,
    ) -> None:
        self.deployment = deployment
        self._functions, self._gateway, self._clients = functions, gateway, clients
        self._answers = answers
        self._replaced = replaced
        self.ingest_url = f"{gateway.url}/metrics"
        self._signed = options.signed
        sign = signed_for(deployment.region) if options.signed else unsigned
        self._feed = Feed(self.ingest_url, Host().sample, clock, sign=sign) if options.feed else None
        sent = self._feed.sent if self._feed else Sent()
        outputs = deployment.outputs
        self._prober = Prober(
            clients("timestream-query"), outputs["DatabaseName"], outputs["TableName"], sent
        )
        # With kept data the store is not empty: only what comes from here on is this run's.
        self._before = _NO_POINTS
        self._before = self.point_counts()
        self._schedules = Schedules(read_schedules(deployment), clients, clock)

    @property
    def region(self) -> str:
        """The region it stands for."""
        return self.deployment.region

    @property
    def curl(self) -> str:
        """The beginning of a command line that posts to it."""
        sign = f"--aws-sigv4 aws:amz:{self.region}:execute-api --user local:local " if self._signed else ""
        return f"curl -s {sign}{self.ingest_url}"

    def client(self, service: str) -> Any:
        """An SDK client of this region."""
        return self._clients(service)

    def start(self) -> Self:
        """Begin to feed and to measure."""
        self._prober.start()
        self._schedules.start()
        if self._feed is not None:
            self._feed.start()
        return self

    def reading(self) -> Reading:
        """The figures that a view shows of it now."""
        errors = (self._prober.last_error, self._feed.sent.last_error if self._feed else "")
        return Reading(
            region=self.region,
            accepted=self._answers.accepted_points,
            stored=self._prober.stored - self._before.stored,
            superseded=self._count("PointsSuperseded"),
            quarantined=self._count("PointsQuarantined"),
            rate=self._prober.rate,
            delay_s=self._prober.delay_s,
            last_error=next((error for error in errors if error), ""),
        )

    def drain(self) -> bool:
        """Stop feeding and taking requests, then wait until the stream is empty; True if it became so in time."""
        if self._feed is not None:
            self._feed.stop()
        self._prober.stop()
        self._schedules.close()
        self._gateway.close()
        return bool(self._functions.drain(_DRAIN_SECONDS))

    def point_counts(self) -> PointCounts:
        """Points of this run by where they are: the store asked in SQL, the quarantine listed."""
        outputs = self.deployment.outputs
        stored = accounting.stored_points(
            self._clients("timestream-query"), outputs["DatabaseName"], outputs["TableName"]
        )
        quarantined = accounting.quarantined_points(self._clients("s3"), outputs["QuarantineBucketName"])
        superseded = self._count("PointsSuperseded") + self._replaced()
        return PointCounts(self._answers.accepted_points, stored, superseded, quarantined) - self._before

    def invoke(self, function: str, payload: bytes, kind: str) -> Invocation:
        """Invoke a function of this region, and wait for its answer unless `kind` is Event."""
        if kind == "Event":
            self._functions.invoke_later(function, payload)
            return Invocation(b"", status=202)
        result = self._functions.invoke(function, payload)
        return Invocation(result.payload, result.function_error, result.status)

    def status(self) -> dict[str, Any]:
        """The figures that `/_local/status` shows of it."""
        return {
            "ingest_url": self.ingest_url,
            "requests": {str(status): count for status, count in self._answers.requests.items()},
            "accepted": self._answers.accepted_points,
            "metrics": {
                function: {name: total.sum for name, total in metrics.items()}
                for function, metrics in self._functions.metrics().items()
            },
        }

    def close(self) -> None:
        """Stop what runs, whether it was drained or not."""
        if self._feed is not None:
            self._feed.stop()
        self._prober.stop()
        self._schedules.close()
        self._gateway.close()
        self._functions.close()

    def _count(self, metric: str) -> int:
        """A metric of the functions' logs, added up over all of them."""
        totals = (metrics.get(metric) for metrics in self._functions.metrics().values())
        return int(sum(total.sum for total in totals if total))


def start_pipeline(cloud: Cloud, region: str, options: Options, *, clock: Clock, bundle: Bundle) -> Pipeline:
    """Run the functions and serve the API of a region's deployment; LocalError when its port is taken."""
    deployment = cloud.deployments[region]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=cloud.endpoint_url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - made up: the local endpoint checks none
            config=SdkConfig(retries={"mode": "standard", "max_attempts": 3}, read_timeout=70),
        )

    with contextlib.ExitStack() as failing:
        functions = start_functions(
            deployment, endpoint_url=cloud.endpoint_url, clock=clock, bundle=bundle.folder
        )
        failing.callback(functions.close)
        answers = AnswerCounter()
        try:
            gateway = serve_gateway(
                deployment,
                port=options.port,
                endpoint_url=cloud.endpoint_url,
                clock=clock,
                on_answer=answers.add,
            )
        except PortInUseError as error:
            raise LocalError(
                f"port {options.port} on 127.0.0.1 is in use; stop what uses it, or: make run PORT=…"
            ) from error
        failing.callback(gateway.close)
        pipeline = Pipeline(
            deployment,
            functions,
            gateway,
            answers,
            functools.cache(client),
            replaced=lambda: _replaced(cloud, region),
            clock=clock,
            options=options,
        )
        cloud.add_status(region, pipeline.status)
        failing.pop_all()
    return pipeline.start()


def _replaced(cloud: Cloud, region: str) -> int:
    """Points that a later request corrected, since the store started: they were stored, and are no more."""
    return int(cloud.status()["timestream"]["regions"].get(region, {}).get("replaced", 0))
