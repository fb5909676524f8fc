"""Token buckets, and the answer when one is empty."""

from collections.abc import Callable

import pytest

from emulator import Gateway
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.throttle import Limits, TokenBucket
from emulator.cloudformation.deployment import Deployment
from tests.support.http_client import caller
from tests.support.rest_api import FakeKinesis, rest_api


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    """After the burst, a token comes back each 1/rate seconds, and never more than the burst."""
    now = [0.0]
    bucket = TokenBucket(Limits(rate=2, burst=3), lambda: now[0])
    for _ in range(3):
        bucket.take()
    with pytest.raises(GatewayError):
        bucket.take()
    now[0] += 0.5
    bucket.take()
    with pytest.raises(GatewayError):
        bucket.take()
    now[0] += 60
    for _ in range(3):
        bucket.take()
    with pytest.raises(GatewayError):
        bucket.take()


def test_requests_beyond_the_limit_are_throttled(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """429 for what exceeds the stage's burst, before anything reaches the stream."""
    settings = [
        {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}
    ]
    call = caller(serve(rest_api(Stage={"MethodSettings": settings})).url)
    point = {"metric_name": "a", "value": 1}
    assert [call("POST", "/metrics", point).status for _ in range(3)] == [202, 202, 429]
    assert len(kinesis.requests) == 2
