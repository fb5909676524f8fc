"""AWS's errors in the domain's words."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, NoCredentialsError, SSLError
from botocore.parsers import ResponseParserError

from handlers.adapters.aws import ThrottledError, translate
from handlers.domain.errors import ConfigurationError, TransientError


def answer(code: str, status: int) -> ClientError:
    """An error as botocore raises it."""
    response = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (answer("ThrottlingException", 400), ThrottledError, "PutObject: ThrottlingException"),
        (answer("ProvisionedThroughputExceededException", 400), ThrottledError, None),
        (answer("SlowDown", 503), ThrottledError, "PutObject: SlowDown"),
        (answer("InternalError", 500), TransientError, "PutObject: InternalError"),
        (answer("RequestTimeout", 400), TransientError, None),
        (answer("AccessDenied", 403), ConfigurationError, "PutObject: AccessDenied"),
        (answer("ExpiredToken", 400), ConfigurationError, None),
        (ClientError({}, "PutObject"), ConfigurationError, "PutObject: Unknown"),
        (ConnectionClosedError(endpoint_url="x"), TransientError, "ConnectionClosedError"),
        (SSLError(endpoint_url="x", error="y"), TransientError, "SSLError"),
        (ResponseParserError(), TransientError, "ResponseParserError"),
        (NoCredentialsError(), ConfigurationError, "NoCredentialsError"),
    ],
)
def test_an_error_is_told_by_its_code(error: Exception, kind: type[Exception], text: str | None) -> None:
    """Throttled, transient or a matter of configuration; AWS's message is not repeated."""
    failure = translate(error)
    assert type(failure) is kind
    assert text is None or str(failure) == text
