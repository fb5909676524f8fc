"""One local run for all foreign clients."""

from collections.abc import Iterator

import pytest

from tests.support.foreign_clients import ForeignClients
from tests.support.local_run import LocalRun


@pytest.fixture(scope="session")
def run() -> Iterator[LocalRun]:
    """A run without the feed."""
    started = LocalRun("--no-feed")
    yield started
    started.kill()


@pytest.fixture(scope="session")
def clients(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> ForeignClients:
    """The clients, with the run's addresses."""
    return ForeignClients(run, tmp_path_factory.mktemp("home"))
