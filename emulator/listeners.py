"""Functions that hear of something until they no longer want to."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Heard = TypeVar("Heard")


class Listeners(Generic[Heard]):
    """Functions of one argument, called in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Heard], None]] = []

    def add(self, listener: Callable[[Heard], None]) -> Callable[[], None]:
        """Call `listener` from now on, until the function returned is called."""
        with self._lock:
            self._listeners.append(listener)

        def remove() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return remove

    def tell(self, heard: Heard) -> None:
        """Call them all."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(heard)
