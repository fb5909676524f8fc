"""News of what is written through the endpoint, for those who read it from there."""

from emulator.aws_request import AwsRequest
from emulator.listeners import Listeners

_READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan")


class Writes(Listeners[str]):
    """Who reads a stream or a table hears its service's name after each write, and need not ask all the time."""

    def note(self, request: AwsRequest) -> None:
        """Take note of a request that was answered: the listeners hear of it if it may have written anything."""
        if request.service in {"dynamodb", "kinesis"} and not request.operation.startswith(_READS):
            self.tell(request.service)
