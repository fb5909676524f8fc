"""Functions that subscribe to a topic: invoked as SNS invokes them, by whose policy each says that it may."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from emulator.client import local_client
from emulator.iam.credentials import Credentials
from emulator.sns.deliveries import NotDeliveredError


def invoker(
    endpoint_url: str, act_for: Callable[[str, str], Credentials]
) -> Callable[[str, str, str, bytes], None]:
    """An invoker of functions through Lambda's API; `act_for` gives the credentials of a service for a resource.

    It takes the region, the function's ARN, the topic's ARN and the event, and does not wait for the function.
    NotDeliveredError if Lambda does not take the event.
    """

    def invoke(region: str, function: str, topic: str, event: bytes) -> None:
        client = local_client(
            "lambda",
            endpoint_url=endpoint_url,
            region=region,
            caller=act_for("sns.amazonaws.com", topic),
        )
        try:
            client.invoke(FunctionName=function, InvocationType="Event", Payload=event)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise NotDeliveredError(str(error), may_pass=status >= 500 or status == 429) from error
        except BotoCoreError as error:
            raise NotDeliveredError(str(error), may_pass=True) from error
        finally:
            client.close()

    return invoke
