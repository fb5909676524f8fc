"""botocore's client of DynamoDB where functions have their own, for tests in which moto answers inside the process."""

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.client import DynamoDb


def dynamodb_by_sdk(*, read_timeout_s: float, attempts: int, connections: int) -> DynamoDb:
    """A client as the functions ask for one."""
    found: DynamoDb = client(
        "dynamodb", read_timeout=read_timeout_s, attempts=attempts, connections=connections
    )
    return found
