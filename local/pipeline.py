"""One region of the local run: its functions, its API, its feed, and the accounts of all three."""

import contextlib
import functools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from emulator import Cloud, Deployment, Functions, FunctionUrls, Gateway, PortInUseError, Schedules
from local import accounting
from local.accounting import PointCounts
from local.answers import AnswerCounter
from local.caller import Caller
from local.cost import Usage
from local.feed.host import Host
from local.feed.sender import Feed, Sent
from local.observer import Observer
from local.ports import in_use
from local.prober import Prober
from local.sample_alert import Notifications
from local.troubles import LastError
from local.view.reading import Reading
from ops.bundle import BUILD, Bundle
from ops.errors import OperatorError
from ops.output import sanitize
from ops.quarantined.given_up import GivenUp, read_given_up
from ops.quarantined.ledger import records_sent_twice
from ops.store.choice import store_of

_DRAIN_SECONDS = 60.0
_NO_POINTS = PointCounts(0, 0, 0, 0)
_MOST_BATCHES = 10_000
_GIVEN_UP_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a region here: its API's port, who calls it and from where, and if it is fed.

    `tell` is called with a line for each notification.
    """

    port: int
    feed: bool
    caller: Caller
    source_ip: str
    tell: Callable[[str], None]


class Pipeline:
    """A region that takes requests, until it is drained and closed."""

    def __init__(
        self,
        cloud: Cloud,
        region: str,
        functions: Functions,
        gateway: Gateway,
        urls: FunctionUrls,
        answers: AnswerCounter,
        options: Options,
        logs: Path,
    ) -> None:
        self.deployment = cloud.deployments[region]
        self._answers, self._logs = answers, logs
        self._cloud, self._functions, self._gateway, self._urls = cloud, functions, gateway, urls
        self.client = functools.cache(functools.partial(cloud.client, region=region))
        self.base_url = gateway.url
        self.ingest_url = f"{gateway.url}/metrics"
        self.outputs = _served_here(self.deployment, gateway.url, urls)
        self.caller = options.caller
        sign = self.caller.sign(region)
        self._feed = Feed(self.ingest_url, Host().sample, cloud.clock, sign=sign) if options.feed else None
        sent = self._feed.sent if self._feed else Sent()
        outputs = self.deployment.outputs
        self.store = store_of(outputs, self.client)
        self._prober = Prober(self.store, sent, batch_window_s=_batch_window_s(self.deployment))
        self._writer = outputs["MetricWriterName"]
        # With kept data the store is not empty: only what comes from here on is this run's.
        self._before = _NO_POINTS
        self._before = self.point_counts()
        self._observer = Observer(self.client, outputs, cloud.clock)
        self._notifications = Notifications(
            self.client("sqs"), self.client("sns"), topic_arn=outputs["AlertTopicArn"], tell=options.tell
        )
        self.last_error = LastError()
        self._schedules: Schedules | None = None
        self._given_up_seen = (float("-inf"), GivenUp())

    @property
    def region(self) -> str:
        """The region it stands for."""
        return self.deployment.region

    @property
    def curl(self) -> str:
        """The beginning of a command line that posts to it."""
        return f"curl -s {self.caller.curl(self.region)}{self.ingest_url}"

    @property
    def unreachable(self) -> tuple[str, ...]:
        """A line for each call that a function's network would not have let through."""
        return self._functions.unreachable

    def start(self) -> Self:
        """Begin to feed and to measure."""
        self._prober.start()
        self._observer.start()
        self._notifications.start()
        self._schedules = self._cloud.start_schedules(self.region)
        if self._feed is not None:
            self._feed.start()
        return self

    def reading(self) -> Reading:
        """The figures that a view shows of it now."""
        self.last_error.note("prober", self._prober.last_error)
        self.last_error.note("feed", self._feed.sent.last_error if self._feed else "")
        return Reading(
            region=self.region,
            accepted=self._answers.accepted_points,
            stored=self._prober.stored - self._before.stored,
            superseded=self._prober.superseded or self._count("PointsSuperseded"),
            quarantined=self._count("PointsQuarantined"),
            given_up=self._given_up(),
            rate=self._prober.rate,
            delay_s=self._prober.delay_s,
            reasons=self._observer.reasons,
            rules=self._observer.rules,
            alerts=self._notifications.open_alerts,
            alarms=self._observer.alarms,
            undelivered=tuple(self._undelivered()),
            last_error=self.last_error.text,
            last_error_age_s=self.last_error.age_s,
        )

    def _undelivered(self) -> Iterator[str]:
        for endpoint, counts in self._cloud.subscribers(self.region).items():
            if counts.waiting or counts.undelivered:
                waiting = f", {counts.waiting} waiting" if counts.waiting else ""
                why = f" ({counts.last_error})" if counts.last_error else ""
                yield sanitize(f"{counts.undelivered} undelivered{waiting} to {endpoint}{why}")

    def drain(self) -> bool:
        """Stop feeding and taking requests, then wait until the stream is empty; True if it became so in time."""
        self._stop()
        return bool(self._functions.drain(_DRAIN_SECONDS))

    def point_counts(self) -> PointCounts:
        """Points of this run by where they are: the store asked in SQL, the quarantine listed."""
        stored = accounting.stored_points(self.store)
        quarantined = accounting.quarantined_points(
            self.client("s3"), self.deployment.outputs["QuarantineBucketName"]
        )
        if self.store.superseded:
            superseded = accounting.superseded_points(self.store)
        else:
            superseded = self._superseded_when_written() + _replaced(self._cloud, self.region)
        counts = PointCounts(self._answers.accepted_points, stored, superseded, quarantined) - self._before
        # Of a batch that was given up, some points may have been stored by a writer that died before it said so.
        return replace(counts, given_up=max(0, min(self.given_up().points, counts.unaccounted)))

    def _superseded_when_written(self) -> int:
        """Points that lost to a later version as they were written; the log is this run's once there is one."""
        if not self._count("PointsSuperseded"):
            return 0
        sent_twice = records_sent_twice(self.client("s3"), self.deployment.outputs["QuarantineBucketName"])
        return accounting.superseded_when_written(self._log, sent_twice)

    @property
    def _log(self) -> Path:
        """The metric writer's log."""
        return self._logs / f"{self._writer}.log"

    def given_up(self) -> GivenUp:
        """The batches that were given up and lie in the bucket, with the points that the writer has not settled."""
        if not any(self._functions.given_up.values()):
            return GivenUp()
        return read_given_up(
            self.client("s3"),
            self.deployment.outputs["QuarantineBucketName"],
            self._writer,
            most=_MOST_BATCHES,
            settled=accounting.settled_requests(self._log),
        )

    def usage(self) -> Usage:
        """The units that AWS would have billed it for."""
        answers = self._answers.requests
        received = [
            metrics["PointsReceived"].count
            for metrics in self._functions.metrics().values()
            if "PointsReceived" in metrics
        ]
        return Usage(
            requests=sum(answers.values()),
            records=self._answers.records,
            points=self._answers.accepted_points,
            batches=sum(received),
        )

    def status(self) -> dict[str, Any]:
        """The figures that `/_local/status` shows of it."""
        return {
            "ingest_url": self.ingest_url,
            "requests": {str(status): count for status, count in self._answers.requests.items()},
            "accepted": self._answers.accepted_points,
            "unreachable": self.unreachable,
            "subscribers": {
                endpoint: {
                    "delivered": counts.delivered,
                    "waiting": counts.waiting,
                    "undelivered": counts.undelivered,
                    "last_error": counts.last_error,
                }
                for endpoint, counts in self._cloud.subscribers(self.region).items()
            },
            "metrics": {
                function: {name: total.sum for name, total in metrics.items()}
                for function, metrics in self._functions.metrics().items()
            },
        }

    def close(self) -> None:
        """Stop what runs, whether it was drained or not."""
        self._stop()
        self._functions.close()

    def _stop(self) -> None:
        if self._feed is not None:
            self._feed.stop()
        self._prober.stop()
        self._observer.stop()
        self._notifications.stop()
        if self._schedules is not None:
            self._schedules.close()
        self._gateway.close()
        self._urls.close()

    def _given_up(self) -> GivenUp:
        """The batches that were given up, read again every few seconds: a redrive takes them away."""
        read_s, _ = self._given_up_seen
        if time.monotonic() - read_s > _GIVEN_UP_EVERY_S:
            with contextlib.suppress(OperatorError):
                self._given_up_seen = (time.monotonic(), self.given_up())
        return self._given_up_seen[1]

    def _count(self, metric: str) -> int:
        """A metric of the functions' logs, added up over all of them."""
        totals = (metrics.get(metric) for metrics in self._functions.metrics().values())
        return int(sum(total.sum for total in totals if total))


def start_pipeline(cloud: Cloud, region: str, options: Options, *, bundle: Bundle, logs: Path) -> Pipeline:
    """Run the functions and serve the API of a region's deployment; LocalError when its port is taken.

    The functions' log lines go to the folder `logs`. Whatever of it runs ends with the cloud at the latest.
    """
    functions = cloud.start_functions(
        region, code=bundle.folder, runtime=BUILD / "host" / "runtime", logs=logs
    )
    answers = AnswerCounter()
    try:
        gateway = cloud.serve_api(
            region, port=options.port, on_answer=answers.add, source_ip=options.source_ip
        )
    except PortInUseError as error:
        raise in_use(options.port, "PORT") from error
    urls = cloud.serve_function_urls(region, on_answer=answers.add_remote_write, source_ip=options.source_ip)
    pipeline = Pipeline(cloud, region, functions, gateway, urls, answers, options, logs)
    cloud.add_status(region, pipeline.status)
    return pipeline.start()


def _served_here(deployment: Deployment, url: str, urls: FunctionUrls) -> Mapping[str, str]:
    """The stack's outputs, with the addresses where its API, at `url`, and its function URLs are served here."""
    (api,) = deployment.of_type("AWS::ApiGateway::RestApi")
    on_aws = re.compile(rf"https://{api.physical_id}\.execute-api\.[a-z0-9.-]+(?=/)")
    return {name: urls.localized(on_aws.sub(url, value)) for name, value in deployment.outputs.items()}


def _batch_window_s(deployment: Deployment) -> float:
    """The seconds that the metric writer's batches may fill."""
    mappings = deployment.of_type("AWS::Lambda::EventSourceMapping")
    [writer] = (one for one in mappings if one.logical_id == "MetricWriterMapping")
    return float(writer.properties["MaximumBatchingWindowInSeconds"])


def _replaced(cloud: Cloud, region: str) -> int:
    """Points that a later request corrected, since the store started: they were stored, and are no more."""
    return int(cloud.status()["timestream"]["regions"].get(region, {}).get("replaced", 0))
