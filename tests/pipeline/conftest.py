"""Local runs for the tests of the whole pipeline."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.local_run import ROOT, LocalRun


@pytest.fixture
def start() -> Iterator[Callable[..., LocalRun]]:
    """A function that starts a run with the given options; each is ended after the test."""
    started: list[LocalRun] = []

    def starter(*options: str, project: Path = ROOT) -> LocalRun:
        started.append(LocalRun(*options, project=project))
        return started[-1]

    yield starter
    for run in started:
        run.kill()
