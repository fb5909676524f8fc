"""The endpoint that is written to: the one given, or the one that Timestream names, for as long as it says.

https://docs.aws.amazon.com/timestream/latest/developerguide/Using-API.endpoint-discovery.how-it-works.html
"""

import json
from collections.abc import Callable

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.origins import Origin, origin_of
from handlers.domain.errors import TransientError

# An endpoint that cannot be asked for again is still the best there is; it is asked for no more than once a minute.
_ASK_AGAIN_S = 60.0


class Endpoints:
    """The endpoint as far as it is known; whoever finds that it is not asks, and tells the answer."""

    def __init__(self, given: str | None, clock: Callable[[], float]) -> None:
        """No other than the `given` one if there is one; `clock` tells seconds, and only goes forward."""
        self._clock = clock
        self._known = None if given is None else origin_of(given)
        self._ask_again_s = float("inf") if given is not None else 0.0

    def current(self) -> Origin | None:
        """The endpoint to write to now, None if it must be asked for first."""
        return self._known if self._known is not None and self._clock() < self._ask_again_s else None

    def learn(self, answer: Answer) -> None:
        """Keep what DescribeEndpoints answered. `TransientError` if that names no endpoint."""
        try:
            [first, *_] = json.loads(answer.body)["Endpoints"]
            address, period_s = first["Address"], 60 * int(first["CachePeriodInMinutes"])
            origin = origin_of(address if "://" in address else f"https://{address}")
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise TransientError("DescribeEndpoints: no endpoint") from error
        if not origin.host:
            raise TransientError("DescribeEndpoints: no endpoint")
        # One for no time at all would be asked for without an end, by calls that wait for it.
        self._known, self._ask_again_s = origin, self._clock() + max(period_s, 1)

    def old(self) -> Origin | None:
        """The one that was known last, to go on with for a while as it could not be asked for again."""
        self._ask_again_s = self._clock() + _ASK_AGAIN_S
        return self._known

    def forget(self, origin: Origin) -> None:
        """Ask for another one before the next call, unless somebody has."""
        if self._known == origin:
            self._known = None
