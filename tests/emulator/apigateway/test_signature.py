"""AWS_IAM: requests signed by botocore's own signer, as any SDK does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator import Gateway
from emulator.apigateway.signature import LocalCredentials
from emulator.cloudformation.deployment import Deployment
from tests.support.http_client import Call, caller
from tests.support.rest_api import FakeKinesis, rest_api

CREDENTIALS = LocalCredentials()
BODY = json.dumps({"metric_name": "a", "value": 1}).encode()


@pytest.fixture
def signed_api(serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis) -> Gateway:
    """The small API, for signed requests only."""
    return serve(rest_api(PostMetrics={"AuthorizationType": "AWS_IAM"}))


@pytest.fixture
def send(signed_api: Gateway) -> Call:
    """Send a request to it."""
    return caller(signed_api.url)


def sign(
    gateway: Gateway,
    credentials: LocalCredentials = CREDENTIALS,
    *,
    region: str = "us-east-1",
    path: str = "/metrics",
) -> dict[str, Any]:
    """The headers of a signed POST."""
    request = AWSRequest("POST", f"{gateway.url}{path}?b=2&a=%2F", {"Content-Type": "application/json"}, BODY)
    SigV4Auth(
        Credentials(credentials.access_key, credentials.secret_key, "token"), "execute-api", region
    ).add_auth(request)
    return dict(request.headers)


def test_a_signed_request_is_accepted(signed_api: Gateway, send: Call) -> None:
    """The signature covers method, path, query, headers and body."""
    assert send("POST", "/metrics?b=2&a=%2F", headers=sign(signed_api), raw=BODY).status == 202


def test_a_signature_covers_the_path_as_it_was_sent(signed_api: Gateway, send: Call) -> None:
    """With the stage in front of it, or without; a signature for the one is none for the other."""
    headers = sign(signed_api, path="/live/metrics")
    assert send("POST", "/live/metrics?b=2&a=%2F", headers=headers, raw=BODY).status == 202
    assert send("POST", "/metrics?b=2&a=%2F", headers=headers, raw=BODY).status == 403


def test_an_unsigned_request_is_refused(send: Call, kinesis: FakeKinesis) -> None:
    """Without Authorization it is MISSING_AUTHENTICATION_TOKEN, like an unknown path."""
    assert send("POST", "/metrics", raw=BODY).status == 404
    assert kinesis.requests == []


@pytest.mark.parametrize(
    ("path", "raw", "how"),
    [
        ("/metrics?b=2&a=%2F", BODY + b" ", {}),
        ("/metrics?b=3&a=%2F", BODY, {}),
        ("/metrics?b=2&a=%2F", BODY, {"credentials": LocalCredentials(secret_key="guess")}),
        ("/metrics?b=2&a=%2F", BODY, {"credentials": LocalCredentials(access_key="AKIAOTHER")}),
        ("/metrics?b=2&a=%2F", BODY, {"region": "eu-west-1"}),
    ],
)
def test_a_request_that_differs_from_what_was_signed_is_refused(
    signed_api: Gateway, send: Call, kinesis: FakeKinesis, path: str, raw: bytes, how: dict[str, Any]
) -> None:
    """403 for another body, query, secret, key or region."""
    assert send("POST", path, headers=sign(signed_api, **how), raw=raw).status == 403
    assert kinesis.requests == []


def test_a_malformed_authorization_is_refused(signed_api: Gateway, send: Call) -> None:
    """A header that is no Signature Version 4 gets 403, no error."""
    for value in ("Bearer x", "AWS4-HMAC-SHA256 Credential=a", ""):
        headers = {**sign(signed_api), "Authorization": value}
        assert send("POST", "/metrics?b=2&a=%2F", headers=headers, raw=BODY).status == 403
