"""The small REST API, served."""

from collections.abc import Callable

import pytest

from emulator import Gateway
from emulator.cloudformation.deployment import Deployment
from tests.support.http_client import Call, caller
from tests.support.rest_api import rest_api


@pytest.fixture
def gateway(serve: Callable[[Deployment], Gateway]) -> Gateway:
    """The small API, served."""
    return serve(rest_api())


@pytest.fixture
def call(gateway: Gateway) -> Call:
    """Send one request to the small API."""
    return caller(gateway.url)
