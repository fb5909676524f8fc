"""The id of a request, as a client may hand it on."""

import pytest

from ops.errors import OperatorError
from ops.request_account.ids import request_id


@pytest.mark.parametrize(
    "given",
    [
        "JfNb/W+pIAMFYqA=",
        "  JfNb/W+pIAMFYqA=\n",
        '"JfNb/W+pIAMFYqA="',
        "x-amz-apigw-id: JfNb/W+pIAMFYqA=",
        "X-Amz-Apigw-Id:JfNb/W+pIAMFYqA=",
        '{"request_id": "JfNb/W+pIAMFYqA=", "status": "accepted"}',
    ],
)
def test_an_id_is_taken_as_the_client_sees_it(given: str) -> None:
    """Of the header, of the body, or alone."""
    assert request_id(given) == "JfNb/W+pIAMFYqA="


@pytest.mark.parametrize(
    "given", ['x" "y', "{$.a = 1}", "%a%", "?a ?b", "../..", "a:b", '{"a": 1}', "\u2028💥"]
)
def test_whatever_fits_into_a_partition_key_is_an_id(given: str) -> None:
    """Something else than the API may have put a record on the stream."""
    assert request_id(given) == given


@pytest.mark.parametrize("given", ["", " ", "x-amz-apigw-id:", "a" * 257])
def test_what_cannot_be_an_id_is_refused(given: str) -> None:
    """With what was given, and what was expected."""
    with pytest.raises(OperatorError, match="expected a request's id, of 1 to 256 characters"):
        request_id(given)
