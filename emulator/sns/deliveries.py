"""Deliveries to subscribers: in the background, tried again as SNS does, counted whether they arrive or not.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from emulator.clock import Clock
from emulator.cloudwatch.metrics import Metrics

_LOOK_EVERY_S = 0.2
_AT_ONCE = 16
# SNS's default for HTTP, and the longest it has for what is AWS's own.
_PAUSE_S = 20.0


class NotDeliveredError(Exception):
    """A delivery that failed; the text says why. Only what `may_pass` is tried again."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        self.may_pass = may_pass
        super().__init__(reason)


@dataclass(slots=True)
class Endpoint:
    """Counts of one subscriber's notifications: delivered, waiting for another attempt, given up."""

    delivered: int = 0
    waiting: int = 0
    undelivered: int = 0
    last_error: str = ""


@dataclass(slots=True)
class _Delivery:
    region: str
    topic: str
    endpoint: str
    send: Callable[[], None]
    give_up: Callable[[], None]
    retries: int
    due_s: float
    failures: int = field(default=0)


class Deliveries:
    """Delivers what is offered, each by itself; close it when done."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock, self._metrics = clock, metrics
        self._lock = threading.Lock()
        self._waiting: list[_Delivery] = []
        self._endpoints: dict[str, dict[str, Endpoint]] = {}
        self._stopped = threading.Event()
        self._attempts = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="delivery")
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)
        self._thread.start()

    def offer(
        self,
        region: str,
        topic: str,
        endpoint: str,
        send: Callable[[], None],
        *,
        retries: int,
        give_up: Callable[[], None],
    ) -> None:
        """Have `send` called until it raises no NotDeliveredError, or the retries are used up; it does not wait.

        `give_up` is called when it will not be tried again.
        """
        with self._lock:
            self._of(region, endpoint).waiting += 1
        self._try(_Delivery(region, topic, endpoint, send, give_up, retries, self._clock.now()))

    def note(self, region: str, topic: str, endpoint: str, error: str = "") -> None:
        """Count a notification that was delivered at once, or could not be."""
        self._count(region, topic, delivered=not error)
        with self._lock:
            found = self._of(region, endpoint)
            found.delivered += not error
            found.undelivered += bool(error)
            found.last_error = error

    def status(self, region: str) -> Mapping[str, Endpoint]:
        """The counts of a region's subscribers that had a notification."""
        with self._lock:
            return dict(self._endpoints.get(region, {}))

    def close(self) -> None:
        """Try nothing any more; an attempt under way is not waited for."""
        self._stopped.set()
        self._thread.join(5)
        self._attempts.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            now_s = self._clock.now()
            with self._lock:
                due = [delivery for delivery in self._waiting if delivery.due_s <= now_s]
                self._waiting = [delivery for delivery in self._waiting if delivery.due_s > now_s]
            for delivery in due:
                self._try(delivery)

    def _try(self, delivery: _Delivery) -> None:
        if not self._stopped.is_set():
            self._attempts.submit(self._attempt, delivery)

    def _attempt(self, delivery: _Delivery) -> None:
        try:
            delivery.send()
            error = None
        except NotDeliveredError as failure:
            error = failure
        again = error is not None and error.may_pass and delivery.failures < delivery.retries
        if error is not None and not again:
            delivery.give_up()
        with self._lock:
            endpoint = self._of(delivery.region, delivery.endpoint)
            endpoint.last_error = str(error or "")
            if again:
                delivery.failures += 1
                delivery.due_s = self._clock.now() + _PAUSE_S
                self._waiting.append(delivery)
                return
            endpoint.waiting -= 1
            endpoint.delivered += error is None
            endpoint.undelivered += error is not None
        self._count(delivery.region, delivery.topic, delivered=error is None)

    def _of(self, region: str, endpoint: str) -> Endpoint:
        return self._endpoints.setdefault(region, {}).setdefault(endpoint, Endpoint())

    def _count(self, region: str, topic: str, *, delivered: bool) -> None:
        """Put CloudWatch's metric of a topic.

        https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
        """
        place: dict[str, Any] = {"TopicName": topic}
        name = "NumberOfNotificationsDelivered" if delivered else "NumberOfNotificationsFailed"
        self._metrics.of(region).put("AWS/SNS", name, 1, place)
