"""Signatures, judged by the gateway's own check, and tokens."""

import pytest
from botocore.credentials import Credentials

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.signature import LocalCredentials, check_signature
from tidegauge_client import bearer, sigv4, unsigned

URL = "http://127.0.0.1:8080/metrics"
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


def arrived(headers: dict[str, str]) -> ApiRequest:
    """The request as the gateway gets it."""
    return ApiRequest("POST", "/metrics", (("Host", "127.0.0.1:8080"), *headers.items()), b"{}")


def test_a_signed_request_is_let_in() -> None:
    """The signature holds for this body and this region, and for no other."""
    signed = sigv4("eu-west-1", Credentials("local", "local"))(URL, b"{}", HEADERS)
    request = arrived(dict(signed))
    check_signature(request, b"{}", LocalCredentials(), region="eu-west-1")
    assert request.header("Content-Encoding") == "gzip"
    for body, region in ((b"{ }", "eu-west-1"), (b"{}", "us-east-1")):
        with pytest.raises(GatewayError):
            check_signature(request, body, LocalCredentials(), region=region)


def test_credentials_are_those_that_the_sdk_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each request, so that they may be renewed; without any it says so."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "Credential=key/" in sigv4("eu-west-1")(URL, b"{}", HEADERS)["Authorization"]
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    with pytest.raises(LookupError, match="no AWS credentials"):
        sigv4("eu-west-1")(URL, b"{}", HEADERS)


def test_an_unsigned_request_says_only_what_it_is() -> None:
    """An API that takes anybody's requests sees no credentials."""
    assert unsigned(URL, b"{}", HEADERS) == HEADERS


def test_a_token_goes_in_its_header() -> None:
    """As a bearer's."""
    assert bearer("tg_x")(URL, b"{}", HEADERS) == {**HEADERS, "Authorization": "Bearer tg_x"}
