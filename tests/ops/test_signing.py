"""Signatures, judged by the gateway's own check."""

import pytest
from botocore.credentials import Credentials

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.signature import LocalCredentials, check_signature
from ops.signing import HEADERS, signed_for, unsigned

URL = "http://127.0.0.1:8080/metrics"


def arrived(headers: dict[str, str]) -> ApiRequest:
    """The request as the gateway gets it."""
    return ApiRequest("POST", "/metrics", (("Host", "127.0.0.1:8080"), *headers.items()), b"{}")


def test_a_signed_request_is_let_in() -> None:
    """The signature holds for this body and this region, and for no other."""
    request = arrived(dict(signed_for("eu-west-1", Credentials("local", "local"))(URL, b"{}")))
    check_signature(request, b"{}", LocalCredentials(), region="eu-west-1")
    assert request.header("Content-Type") == "application/json"
    for body, region in ((b"{ }", "eu-west-1"), (b"{}", "us-east-1")):
        with pytest.raises(GatewayError):
            check_signature(request, body, LocalCredentials(), region=region)


def test_an_unsigned_request_says_only_what_it_is() -> None:
    """An API that takes anybody's requests sees no credentials."""
    assert unsigned(URL, b"{}") == HEADERS == {"Content-Type": "application/json"}
