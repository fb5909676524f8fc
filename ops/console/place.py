"""Places: an environment's stack in a region, with the clients, outputs and costs that every page of it shares."""

import contextlib
import functools
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ops import local_run, stack
from ops.console.spending import Spending
from ops.errors import OperatorError, refusals
from ops.stack import Target
from ops.store.choice import store_of
from ops.store.port import Store
from templates.config import ENVIRONMENTS, Config
from templates.config.fleet import REGIONS

_FRESH_S = 30.0
_STATUS_S = 3.0


class Place:
    """A deployment to look at. Its methods wait for AWS, so they are called from threads; it is safe to use from many.

    Every failure is an OperatorError, a line to show.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.environment, self.region = target.config.environment, target.region
        self.spending = Spending()
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._stack: Mapping[str, Any] = {}
        self._read_at_s = float("-inf")
        self._endpoint: str | None = None
        self._resources: Mapping[str, str] = {}
        self._resources_of = ""

    def client(self, service: str) -> Any:
        """An SDK client, made once."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.target.client(service)
            return self._clients[service]

    def stack(self) -> Mapping[str, Any]:
        """The stack's description, at most half a minute old; OperatorError if there is none."""
        if time.monotonic() - self._read_at_s > _FRESH_S:
            self._stack, self._read_at_s = self.target.stack(), time.monotonic()
        return self._stack

    def output(self, name: str) -> str:
        """One of the stack's outputs."""
        found = self._outputs()
        if name not in found:
            raise OperatorError(
                f"stack {self.target.stack_name} has no output {name}: it is of another version"
            )
        return found[name]

    def store(self) -> Store:
        """The store of its points; what is asked of it is counted in `spending`."""
        return store_of(self._outputs(), self.client, self.spending)

    def resource(self, logical_id: str) -> str:
        """The physical id of one of the stack's resources, such as a function's name."""
        stack_id = str(self.stack()["StackId"])
        if self._resources_of != stack_id:
            with refusals("cannot list the stack's resources"):
                pages = self.client("cloudformation").get_paginator("list_stack_resources")
                self._resources = {
                    summary["LogicalResourceId"]: summary.get("PhysicalResourceId", "")
                    for page in pages.paginate(StackName=stack_id)
                    for summary in page["StackResourceSummaries"]
                }
            self._resources_of = stack_id
        if logical_id not in self._resources:
            raise OperatorError(
                f"stack {self.target.stack_name} has no {logical_id}: it is of another version"
            )
        return self._resources[logical_id]

    def _outputs(self) -> Mapping[str, str]:
        return {output["OutputKey"]: str(output["OutputValue"]) for output in self.stack().get("Outputs", [])}

    @functools.cached_property
    def account(self) -> str:
        """The account's number."""
        with refusals("cannot tell which account this is"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def local_endpoint(self) -> str | None:
        """The address of the local run, if that is what answers where the SDK's settings lead."""
        if self._endpoint is None:
            endpoint = str(self.client("cloudformation").meta.endpoint_url)
            self._endpoint = endpoint if local_run.status(endpoint) is not None else None
        return self._endpoint

    def local(self, what: str, body: Any = None, *, method: str | None = None) -> Any:
        """The answer of a control of the local run: status, faults or clock."""
        if self.local_endpoint is None:
            raise OperatorError(f"only a local run has /_local/{what}")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.local_endpoint}/_local/{what}", data, method=method)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=_STATUS_S) as reply:  # noqa: S310 - loopback
                return json.loads(reply.read())
        except urllib.error.HTTPError as error:
            with error:
                raise OperatorError(
                    f"the local run refused: {error.read(500).decode(errors='replace')}"
                ) from error
        except (OSError, ValueError) as error:
            raise OperatorError(f"the local run does not answer at {self.local_endpoint}") from error

    def ingest_url(self) -> str:
        """The address to post to: the stack's, or where a local run serves it."""
        if self.local_endpoint is None:
            return self.output("IngestUrl")
        url = self.local("status").get(self.region, {}).get("ingest_url")
        if not isinstance(url, str) or not local_run.is_here(url):
            raise OperatorError(f"the local run serves no API in {self.region}")
        return url

    def now_s(self) -> float:
        """The time there: a local run's clock may have been moved."""
        if self.local_endpoint is None:
            return time.time()
        return time.time() + float(self.local("clock")["offset_seconds"])

    @property
    def where(self) -> str:
        """The words for where this is: the local run, or the account."""
        endpoint = self.local_endpoint
        return f"local run at {urlsplit(endpoint).netloc}" if endpoint else f"account {self.account}"


class Places:
    """Every place that was looked at, each made once, and the one that is shown first."""

    def __init__(self, environment: str, region: str) -> None:
        self.first = (environment, region)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Place] = {}

    @functools.cached_property
    def environments(self) -> Mapping[str, tuple[str, ...]]:
        """The regions of every environment whose file is good, as they were at first."""
        found = {}
        for name in sorted(path.stem for path in ENVIRONMENTS.glob("*.toml")):
            with contextlib.suppress(OperatorError):
                found[name] = tuple(stack.settings(name).regions)
        return found

    def find(self, environment: str | None, region: str | None) -> Place:
        """The place of these names; OperatorError if there is no such environment, or it has no such region."""
        name = environment or self.first[0]
        config = stack.settings(name)
        there = region or (self.first[1] if name == self.first[0] else config.regions[0])
        if there not in REGIONS:
            raise OperatorError(f"there is no region {there!r}; {name} is in {', '.join(config.regions)}")
        with self._lock:
            if (name, there) not in self._known:
                self._known[name, there] = Place(self._target(config, name, there))
            return self._known[name, there]

    def _target(self, config: Config, name: str, region: str) -> Target:
        """The deployment: another environment than the first may be that of another local run here."""
        here = os.environ.get("AWS_ENDPOINT_URL", "")
        if name != self.first[0] and local_run.is_here(here):
            for file in local_run.others(here):
                variables = local_run.read(file)
                if variables.get("TIDEGAUGE_ENVIRONMENT") == name:
                    return _OtherRun(config, region, config.stack_name, variables["AWS_ENDPOINT_URL"])
        return Target(config, region, config.stack_name)


@dataclass(frozen=True, slots=True)
class _OtherRun(Target):
    """A deployment in a local run that the SDK's settings do not lead to."""

    endpoint_url: str

    def client(self, service: str) -> Any:
        """An SDK client at that run."""
        return stack.client(service, self.region, endpoint_url=self.endpoint_url)
