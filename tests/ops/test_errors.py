"""AWS's refusals as an operator reads them."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from handlers.domain.errors import ConfigurationError, TransientError
from ops.errors import OperatorError, refusals

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not\n allowed"}}, "GetItem")
NO_MESSAGE = ClientError({"Error": {"Code": "404"}}, "HeadObject")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DENIED, "not allowed"),
        (NO_MESSAGE, "404"),
        (
            NoCredentialsError(),
            "no AWS credentials; for a local run: `make run`, then source build/local.env",
        ),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            'Could not connect to the endpoint URL: "https://x"',
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/x"),
            "nothing listens at 127.0.0.1:4566; is `make run` up?",
        ),
        (TransientError("try\nlater"), "try later"),
        (ConfigurationError("no such table"), "no such table"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_is_one_line_that_says_what_was_asked(error: Exception, reason: str) -> None:
    """Whatever way AWS refuses, the operator reads what was being done and the reason."""
    with pytest.raises(OperatorError) as caught, refusals("cannot read the rules"):
        raise error
    assert str(caught.value) == f"cannot read the rules: {reason}"
    assert caught.value.__cause__ is error


def test_other_failures_are_no_refusals() -> None:
    """A mistake in the program stays what it is."""
    with pytest.raises(KeyError), refusals("cannot read"):
        raise KeyError("x")
