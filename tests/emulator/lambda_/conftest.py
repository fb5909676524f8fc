"""Functions written for a test, run by AWS's runtime client as the local run does."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Functions, start_functions
from emulator.clock import Clock
from emulator.cloudformation.deployment import Resource
from emulator.faults import Faults
from emulator.http_server import Answerer
from tests.support.functions import NOWHERE, Start, deployment, function


@pytest.fixture
def clock() -> Clock:
    """The clock that the functions follow."""
    return Clock()


@pytest.fixture
def start(tmp_path: Path, runtime: Path, clock: Clock) -> Iterator[Start]:
    """Start a function from its source, until the test ends."""
    started: list[Functions] = []

    def begin(
        source: str,
        *more: Resource,
        endpoint_url: str = NOWHERE,
        endpoint: Answerer | None = None,
        faults: Faults | None = None,
        **properties: Any,
    ) -> Functions:
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        (bundle / "app.py").write_text(textwrap.dedent(source))
        started.append(
            start_functions(
                deployment(function(**properties), *more),
                endpoint=endpoint,
                faults=faults,
                endpoint_url=endpoint_url,
                clock=clock,
                code=bundle,
                runtime=runtime,
                logs=tmp_path / "logs",
            )
        )
        return started[-1]

    yield begin
    for functions in started:
        functions.close()
