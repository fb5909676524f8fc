"""AWS's errors in the domain's words."""

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, ConnectionClosedError, NoCredentialsError, SSLError
from botocore.parsers import ResponseParserError

from handlers.adapters.aws import LaterClient, ThrottledError, aws_errors, client, translate
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
        (answer("KMS.ThrottlingException", 400), ThrottledError, "PutObject: KMS.ThrottlingException"),
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


@pytest.mark.parametrize(
    ("endpoint_url", "first"),
    [
        (None, "https://query.timestream.eu-west-1.amazonaws.com/ DescribeEndpoints"),
        ("https://query-cell2.timestream.eu-west-1.amazonaws.com", None),
    ],
)
def test_a_client_with_its_endpoint_asks_for_no_other(
    monkeypatch: pytest.MonkeyPatch, endpoint_url: str | None, first: str | None
) -> None:
    """The first call of a Timestream client is a question of where Timestream is, unless it has been told."""
    asked: list[str] = []

    def unreachable(request: AWSPreparedRequest, **_: object) -> None:
        asked.append(f"{request.url} {request.headers['X-Amz-Target'].decode().rpartition('.')[2]}")
        raise ConnectionClosedError(endpoint_url=request.url)

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    timestream = client("timestream-query", read_timeout=1, attempts=1, endpoint_url=endpoint_url)
    timestream.meta.events.register("before-send.timestream-query", unreachable)
    with pytest.raises(aws_errors()):
        timestream.query(QueryString="SELECT 1")
    assert asked == [first or f"{endpoint_url}/ Query"]


def test_a_client_for_later_is_made_by_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is the same from then on; a process that never calls has imported nothing for it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    made: list[object] = []

    def make(*arguments: object, **settings: object) -> object:
        made.append((arguments, settings))
        return client("s3", read_timeout=1, attempts=1)

    monkeypatch.setattr("handlers.adapters.aws.client", make)
    later = LaterClient("s3", read_timeout=3, attempts=2)
    assert not made
    assert later.put_object.__name__ == "put_object"
    assert later.meta is later.meta
    assert made == [(("s3",), {"read_timeout": 3, "attempts": 2})]
