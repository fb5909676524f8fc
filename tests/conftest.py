"""Settings of all tests: how properties are searched, what begins first, and that in CI none is skipped."""

import functools
import gc
import os
from collections.abc import Generator
from typing import Any

import botocore.loaders
import pytest
from hypothesis import HealthCheck, settings

from emulator.moto import sdk_memory
from tests.support.units import mixed

CI = "CI" in os.environ

settings.register_profile(
    "project",
    deadline=None,
    max_examples=70,  # two hundred properties: a quarter of a minute less than with a hundred each
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=CI,
)
settings.load_profile("project")

# Functions and clients start anew in most tests; the models of AWS's services are read once for all of them.
botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)
sdk_memory.remember()

# A worker loads a gigabyte, and lets go of little of it.
gc.set_threshold(20_000, 20, 5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that wait stand between those that compute, or cores are idle."""
    items[:] = mixed(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, the files that share a local run go to one worker."""
    # Imported here: not every environment of the tests has xdist.
    from tests.support.scheduling import SharedRunScheduling

    return SharedRunScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What was loaded for the tests stays: it is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that skips has failed."""
    report = yield
    _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a module that skips has failed."""
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped, as nothing may in CI: {report.longrepr}"
