"""A secret in the Parameter Store of AWS Systems Manager."""

import time
from collections.abc import Callable
from typing import Any

from handlers.adapters.aws import translated

_KEPT_S = 300.0


class SecretParameter:
    """A parameter, asked for when its value is five minutes old."""

    def __init__(self, ssm: Any, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._ssm, self._name, self._clock = ssm, name, clock
        self._value, self._until_s = "", 0.0

    def value(self) -> str:
        """The value, without the line end that a shell may have put there. Raises the domain's failures."""
        if self._clock() >= self._until_s:
            with translated():
                found = self._ssm.get_parameter(Name=self._name, WithDecryption=True)
            self._value = str(found["Parameter"]["Value"]).strip()
            self._until_s = self._clock() + _KEPT_S
        return self._value

    def forget(self) -> None:
        """Ask for it the next time: it may have been replaced."""
        self._until_s = 0.0
