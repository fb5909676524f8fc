"""The local run from start to summary: build, start, feed, show, drain, account."""

import contextlib
import json
import logging
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

import generate
from emulator import (
    Clock,
    Cloud,
    CloudError,
    EngineCommand,
    FromOutput,
    PortInUseError,
    StackTemplate,
    start,
    timestream_command,
)
from local import sample_alert
from local.accounting import PointCounts
from local.caller import Caller, caller
from local.console import Console
from local.cost import cost_line
from local.environment_file import EnvironmentFile
from local.errors import LocalError
from local.guide import guide
from local.lock import PathLock
from local.pipeline import Options, Pipeline, start_pipeline
from local.ports import expect_free, in_use
from local.troubles import WarningsToFile
from local.view.reading import View
from ops.bill.template import Deployed
from ops.bundle import BUILD, Bundle, build_host
from ops.errors import OperatorError
from ops.output import sanitize
from ops.quarantined.given_up import GivenUp
from templates import config
from templates.config.fleet import STORE_REGIONS
from templates.names import ARTIFACTS_STACK
from templates.parameters import CODE_BUCKET, CODE_KEY, code_key

_REFRESH_SECONDS = 0.5
_LAST_PORT = 65_535
_BATCHES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings from the command line; no regions means the environment's first, None what its file says.

    Without an `environment_file` it is build/local.env, or one of its own while that is another run's. `console` is
    the port of the console, 0 for any; None is no console. `faults` are in force from when it is ready.
    """

    environment: str
    regions: tuple[str, ...]
    port: int | None
    aws_port: int | None
    duration_s: float | None
    feed: bool
    data: Path
    environment_file: Path | None
    console: int | None = None
    faults: tuple[Mapping[str, Any], ...] = ()


class Run:
    """A started pipeline per region. A context manager: nothing of it is left behind, however it ends."""

    def __init__(self, settings: Settings, view: View) -> None:
        self._settings, self._view = settings, view
        self._closing = contextlib.ExitStack()
        self._clock = Clock()
        self._pipelines: list[Pipeline] = []
        self._cloud: Cloud
        self._file: EnvironmentFile
        self._logs = Path("build") / "logs"

    def __enter__(self) -> Self:
        """Build and start everything; LocalError when something keeps it from starting."""
        try:
            self._start()
        except PortInUseError as error:
            self._close()
            raise in_use(error.port, "AWS_PORT") from error
        except (CloudError, OperatorError, config.ConfigError) as error:
            self._close()
            raise LocalError(str(error)) from error
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every process and thread, and take the environment file away."""
        self._close()

    def until_interrupted(self) -> int:
        """Show figures until the time is up or a signal comes, then drain and account; the exit status."""
        try:
            with contextlib.suppress(KeyboardInterrupt):
                self._watch()
            self._view.close()
            self._view.step("ending: no more requests; waiting until the stream is empty …")
            self._cloud.check()
            drained = [pipeline.drain() for pipeline in self._pipelines]
            counts = [(pipeline.region, pipeline.point_counts()) for pipeline in self._pipelines]
        except (CloudError, OperatorError, BotoCoreError, ClientError) as error:
            return self._give_up(f"the run failed: {error}", 1)
        except KeyboardInterrupt:
            return self._give_up("ended by a second signal", 130)
        status = self._summarise(counts, drained=all(drained))
        self._show_costs()
        return status

    def _watch(self) -> None:
        began_s = time.monotonic()
        while (elapsed_s := time.monotonic() - began_s) < (self._settings.duration_s or float("inf")):
            self._view.show([pipeline.reading() for pipeline in self._pipelines], elapsed_s)
            self._cloud.check()
            time.sleep(_REFRESH_SECONDS)

    def _give_up(self, reason: str, status: int) -> int:
        self._view.close()
        self._view.step(f"{reason}; the points of this run were not accounted for")
        return status

    def _start(self) -> None:
        # An execution that fails, as one under way at the end does, says so in its history, not in the terminal.
        logging.getLogger("moto").addHandler(logging.NullHandler())
        logging.getLogger("moto").propagate = False
        settings, view = self._settings, self._view
        values = config.load(settings.environment)
        regions = _checked(settings.regions, values.store.kind) or (values.regions[0],)
        port = _first_port(_given(settings.port, values.local.gateway_port), len(regions))
        aws_port = _given(settings.aws_port, values.local.aws_port)
        ports = [port + number if port else 0 for number in range(len(regions))]
        expect_free([(aws_port, "AWS_PORT"), *((one, "PORT") for one in ports)])
        view.step(f"templates   build/{settings.environment}/")
        generate.generate(settings.environment, BUILD)
        view.step("bundle      the functions and their dependencies, for this machine")
        bundle = build_host()
        view.step(f"stacks      {', '.join(regions)}{_others(settings.environment, regions, values.regions)}")
        stacks = _stacks(settings.environment, values, bundle)
        self._cloud = start(
            regions,
            stacks,
            aws_port=aws_port,
            data_dir=settings.data,
            clock=self._clock,
            engine=_engine(stacks, values.local.store_memory_mb),
        )
        self._closing.callback(self._cloud.close)
        self._file = EnvironmentFile.claim(settings.environment_file, aws_port=self._cloud.port)
        self._closing.callback(self._file.remove)
        self._claim_logs()
        calling = caller(self._cloud, values.api.auth, regions)
        console = self._start_console(regions[0], calling)
        for number, region in enumerate(regions):
            view.step(f"pipeline    {region}")
            options = Options(
                port=ports[number],
                feed=settings.feed,
                caller=calling,
                source_ip=_source_ip(values),
                tell=view.step,
            )
            pipeline = start_pipeline(self._cloud, region, options, bundle=bundle, logs=self._logs)
            self._closing.callback(pipeline.close)
            self._pipelines.append(pipeline)
        if settings.feed:
            self._put_sample_rule(values.alerts.tick_seconds)
        for fault in settings.faults:
            self._add_faults(fault)
        self._announce(console)

    def _add_faults(self, fault: Mapping[str, Any]) -> None:
        try:
            self._cloud.add_faults(fault)
        except CloudError as error:
            raise LocalError(f"--fault {json.dumps(fault)}: {error}") from error

    def _start_console(self, region: str, calling: Caller) -> Console | None:
        """Start the console, if it was asked for, beside the pipelines: it takes as long as they do."""
        settings = self._settings
        if settings.console is None:
            return None
        console = Console(
            settings.environment,
            region,
            endpoint_url=self._cloud.endpoint_url,
            port=settings.console,
            log=self._logs / "console.log",
            token=calling.token,
        )
        self._closing.callback(console.close)
        return console

    def _claim_logs(self) -> None:
        """Have a folder of one's own for the functions' log lines: build/logs, unless that is another run's."""
        lock = PathLock.take(self._logs, self._logs.with_name(f"logs-{self._cloud.port}"))
        if lock is not None:  # it always is: no other run has this port
            self._closing.callback(lock.free)
            self._logs = lock.path
        self._logs.mkdir(parents=True, exist_ok=True)
        handler = WarningsToFile(self._logs / "warnings.txt", self._warned)
        logging.getLogger().addHandler(handler)
        self._closing.callback(handler.close)
        self._closing.callback(logging.getLogger().removeHandler, handler)

    def _warned(self, text: str) -> None:
        """Show a warning of any part as the newest error of every region: nobody knows whose it is."""
        for pipeline in self._pipelines:
            pipeline.last_error.note("log", sanitize(text))

    def _put_sample_rule(self, tick_seconds: int) -> None:
        """Put the sample rule in force in the first region."""
        first = self._pipelines[0]
        mistakes = sample_alert.put_in_force(
            first.client("dynamodb"), first.deployment.outputs["RulesTableName"], tick_seconds=tick_seconds
        )
        for mistake in mistakes:
            self._view.step(f"rules       {mistake}")

    def _announce(self, console: Console | None) -> None:
        first = self._pipelines[0]
        self._file.write(
            endpoint_url=self._cloud.endpoint_url,
            environment=self._settings.environment,
            region=first.region,
            ingest_url=first.ingest_url,
            token=first.caller.token,
            outputs=first.outputs,
        )
        lines = guide(
            self._pipelines,
            endpoint_url=self._cloud.endpoint_url,
            environment_file=self._file.path,
            alerts=self._settings.feed,
        )
        page = [] if console is None else [("console", console.address())]
        self._view.guide([*page, *lines])

    def _summarise(self, counts: Sequence[tuple[str, PointCounts]], *, drained: bool) -> int:
        if not drained:
            self._view.step(
                f"the stream is not empty: the writer did not get through in time; see {self._logs}"
            )
        for region, points in counts:
            where = f" ({region})" if len(counts) > 1 else ""
            self._view.step(
                f"summary{where}: accepted {points.accepted} = stored {points.stored} "
                f"+ superseded {points.superseded} + quarantined {points.quarantined}"
                + (f" + given up {points.given_up}" if points.given_up else "")
            )
            if points.unaccounted:
                self._view.step(f"UNACCOUNTED{where}: {points.unaccounted} points; see {self._logs}")
        for pipeline in self._pipelines:
            for line in given_up_lines(pipeline.given_up()):
                self._view.step(line)
        unreachable = [call for pipeline in self._pipelines for call in pipeline.unreachable]
        for call, times in Counter(unreachable).items():
            self._view.step(f"UNREACHABLE: {call} ({times} times)")
        return int(not drained or bool(unreachable) or any(points.unaccounted for _, points in counts))

    def _show_costs(self) -> None:
        values, folder = config.load(self._settings.environment), BUILD / self._settings.environment
        regional, fleet = (
            json.loads((folder / f"{stack}.template.json").read_text()) for stack in ("regional", "fleet")
        )
        deployed = Deployed(regional, fleet, len(values.regions))
        for pipeline in self._pipelines:
            where = f" ({pipeline.region})" if len(self._pipelines) > 1 else ""
            self._view.step(f"cost{where}: {cost_line(pipeline.usage(), deployed)}")

    def _close(self) -> None:
        """A further Ctrl-C must not interrupt the cleaning up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self._view.close()
        self._closing.close()


def given_up_lines(given_up: GivenUp) -> Iterator[str]:
    """Lines that say where batches that were given up lie whole, and how to have them stored after all."""
    yield from given_up.lines()
    if given_up.objects:
        shown = ", ".join(given_up.objects[:_BATCHES_SHOWN])
        more = len(given_up.objects) - _BATCHES_SHOWN
        yield f"given up: {shown}" + (f", and {more} more" if more > 0 else "")
        yield (
            "    the writer did not get through them in time; while it runs: python -m ops quarantine redrive --batches"
        )


def _checked(regions: tuple[str, ...], kind: str) -> tuple[str, ...]:
    there = STORE_REGIONS[kind]
    for region in regions:
        if region not in there:
            raise LocalError(f"--region {region}: no {kind} there; it is in {', '.join(there)}")
        if regions.count(region) > 1:
            raise LocalError(f"--region {region}: given twice")
    return regions


def _source_ip(values: config.Config) -> str:
    """The address that requests of this machine seem to come from: one that the API answers."""
    return values.api.allow_from[0].split("/")[0] if values.api.allow_from else "127.0.0.1"


def _given(port: int | None, default: int) -> int:
    return default if port is None else port


def _others(environment: str, run: Sequence[str], regions: Sequence[str]) -> str:
    """A hint that the environment has more regions than are run."""
    left = [region for region in regions if region not in run]
    if not left:
        return ""
    shown = len(regions) - len(left)
    return (
        f" ({shown} of {len(regions)} regions of {environment}; more: REGION='{' '.join([*run, *left[:1]])}')"
    )


def _first_port(port: int, regions: int) -> int:
    if port + regions - 1 > _LAST_PORT:
        raise LocalError(f"--port {port}: {regions} regions take one port each, and the last is {_LAST_PORT}")
    return port


def _engine(stacks: Sequence[StackTemplate], memory_mb: int) -> EngineCommand | None:
    """Timestream's command, with what the environment lets it use; None if no stack has one."""
    types = {part["Type"] for stack in stacks for part in stack.body["Resources"].values()}
    if "AWS::Timestream::Table" not in types:
        return None

    def command(port: int, data_dir: Path, s3_endpoint: str) -> list[str]:
        return [*timestream_command(port, data_dir, s3_endpoint), "--memory-limit-mb", str(memory_mb)]

    return command


def _stacks(environment: str, values: config.Config, bundle: Bundle) -> list[StackTemplate]:
    """The stacks of a region in the order of a deployment, from the files that would be deployed."""

    def body(stack: str) -> Any:
        return json.loads((BUILD / environment / f"{stack}.template.json").read_text())

    artifacts = values.name(ARTIFACTS_STACK)
    parameters: dict[str, str | FromOutput] = {
        CODE_BUCKET: FromOutput(artifacts, "BucketName"),
        CODE_KEY: code_key(bundle.digest),
    }
    return [
        StackTemplate(artifacts, body("artifacts")),
        StackTemplate(values.stack_name, body("regional"), parameters),
    ]
