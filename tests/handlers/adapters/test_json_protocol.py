"""Requests of AWS's JSON protocol, and its errors, held to botocore's parser."""

import json

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.origins import origin_of
from handlers.adapters.json_protocol import JsonProtocol, error_of
from handlers.adapters.signing import Signer

words = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["x#Throttling", "A:http://b", "#:", "a#b#c:d"])
)
bodies = st.one_of(
    st.binary(max_size=20).filter(lambda body: b"\xff" not in body),
    st.sampled_from([b"", b" ", b"<html>", b" <html><body>", b"{", b"[]", b"1", b"null", b"NaN", b"{}"]),
    st.dictionaries(st.sampled_from(["__type", "message", "Message", "code", "RejectedRecords"]), words).map(
        lambda members: json.dumps(members).encode()
    ),
)


@given(
    status=st.integers(301, 599),
    body=bodies,
    headers=st.dictionaries(st.sampled_from(["x-amzn-requestid", "date"]), st.text(max_size=5)),
)
def test_an_error_is_what_botocores_parser_makes_of_it(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    """Code, message, status and headers are the same wherever the parser can read the body; no body breaks ours."""
    error = error_of(Answer(status, headers, body, keep=True), "WriteRecords")
    assert error.operation_name == "WriteRecords"
    try:
        theirs = create_parser("json").parse({"status_code": status, "headers": headers, "body": body}, None)
    except (AttributeError, TypeError, UnicodeDecodeError):
        assert isinstance(error.response["Error"]["Code"], str)
        return
    assert {name: error.response[name] for name in theirs} == theirs


def test_members_of_a_body_stand_beside_the_error() -> None:
    """As the rejected records of a call, of which the model has them."""
    body = b'{"__type": "x#RejectedRecordsException", "RejectedRecords": [{"RecordIndex": 1}]}'
    error = error_of(Answer(419, {}, body, keep=True), "WriteRecords")
    assert error.response["RejectedRecords"] == [{"RecordIndex": 1}]
    assert error.response["Error"] == {"Code": "RejectedRecordsException", "Message": ""}


def test_a_proxy_is_told_all_unless_it_only_passes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain HTTP the whole address and the password stand in the request; in TLS neither does, nor is it signed."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://user:pass@127.0.0.1:3128")
    protocol = JsonProtocol(Signer("timestream", "eu-west-1"), "T")
    keys = ReadOnlyCredentials("AKID", "secret", None)
    for url, line, told in (
        ("http://a.example:81/x", "POST http://a.example:81/x/ HTTP/1.1", True),
        ("https://a.example", "POST / HTTP/1.1", False),
    ):
        request = protocol.request(origin_of(url), "WriteRecords", b"{}", keys, "X-Amzn-Trace-Id: t\r\n")
        head, _, body = request.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        assert (first, body) == (line, "{}")
        assert ("Proxy-Authorization: Basic dXNlcjpwYXNz" in lines) == told
        assert {"X-Amzn-Trace-Id: t", "Content-Length: 2", "X-Amz-Target: T.WriteRecords"} <= set(lines)
        [signed] = [one for one in lines if one.startswith("Authorization")]
        assert "SignedHeaders=content-type;host;x-amz-date;x-amz-target," in signed
