"""An account that rollouts go to: a CloudFormation held against the SDK's model, the rest from moto."""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from ops.bundle import Bundle
from ops.rollout import Rollout
from templates.config import Config
from templates.stacks import STACKS
from tests.support.fake_cloudformation import World
from tests.support.generated import written

REGIONS = ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"]  # the canary first
ARTIFACTS, PIPELINE, FLEET = "metrics-prod-artifacts", "metrics-prod-regional", "metrics-prod-fleet"


class Answering:
    """A service that answers one call with an error, or with something of the test's."""

    def __init__(self, operation: str, answer: Any) -> None:
        self._operation, self._answer = operation, answer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            assert name == self._operation
            if isinstance(self._answer, Exception):
                raise self._answer
            return self._answer

        return call


@functools.cache
def _client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)


@dataclass
class Account:
    """An account that rollouts go to, and what was said meanwhile."""

    build: Path
    world: World = field(default_factory=World)
    said: list[str] = field(default_factory=list)
    instead: dict[tuple[str, str], Any] = field(default_factory=dict)
    code: bytes = b"code"
    tamper: Callable[[str, dict[str, Any]], None] = lambda _name, _body: None

    def client(self, service: str, region: str) -> Any:
        """The fake for CloudFormation, the test's own where it gives one, moto for the rest."""
        if service == "cloudformation":
            return self.world.client(region)
        return self.instead.get((service, region)) or _client(service, region)

    def roll_out(self, config: Config) -> int:
        """Write the templates as generate.py does, and roll out; the exit status."""
        folder = self.build / config.environment
        folder.mkdir(exist_ok=True)
        for name in STACKS:
            body = json.loads(written(name, config))
            self.tamper(name, body)
            (folder / f"{name}.template.json").write_text(json.dumps(body, indent=2) + "\n")
        self.said[:] = []
        self.world.operations.clear()
        return Rollout(config, self.client, self.said.append, self.build).run()

    def bundle(self) -> tuple[Bundle, Path]:
        """A bundle of the test's code."""
        archive = self.build / "functions.zip"
        archive.write_bytes(self.code)
        return Bundle(self.build, hashlib.sha256(self.code).hexdigest()), archive

    def parameters(self) -> dict[str, str]:
        """Those of the fleet's stack."""
        values: dict[str, str] = self.world.stacks["us-east-1", FLEET]["parameters"]
        return dict(values)
