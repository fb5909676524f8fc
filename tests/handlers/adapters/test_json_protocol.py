"""Errors of AWS's JSON protocol, held to botocore's parser."""

import json

from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.http.answers import Answer
from handlers.adapters.json_protocol import error_of

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
