"""Word of what is written through the endpoint, for those who read it from there."""

import threading
from collections.abc import Callable

from emulator.aws_request import AwsRequest

_READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan")


class Writes:
    """News of writes to streams and tables: who reads one need not ask all the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[str], None]] = []

    def note(self, request: AwsRequest) -> None:
        """Take note of a request that was answered: the listeners hear of it if it may have written anything."""
        if request.service in {"dynamodb", "kinesis"} and not request.operation.startswith(_READS):
            with self._lock:
                listeners = tuple(self._listeners)
            for listener in listeners:
                listener(request.service)

    def on_write(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the service's name after each write, until the function returned is called."""
        with self._lock:
            self._listeners.append(listener)

        def remove() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return remove
