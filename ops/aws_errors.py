"""AWS's refusals as one line for the operator, and the codes that are no trouble at all."""

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops.errors import OperatorError


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn AWS's refusal into an OperatorError that says what was asked."""
    try:
        yield
    except ClientError as error:
        raise OperatorError(f"{what}: {one_line(error.response['Error']['Message'])}") from error
    except NoCredentialsError as error:
        raise OperatorError(f"{what}: no AWS credentials") from error
    except BotoCoreError as error:
        raise OperatorError(f"{what}: {one_line(str(error))}") from error


def code_of(error: ClientError) -> str:
    """AWS's own code."""
    return str(error.response["Error"]["Code"])


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())
