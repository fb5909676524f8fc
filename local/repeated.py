"""Work that a thread of the local run does again and again, until it is told to stop."""

import threading


class Repeated:
    """A thread that calls `once` every so many seconds, the first time after them."""

    def __init__(self, name: str, *, every_s: float) -> None:
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def once(self) -> None:
        """The work; what it raises ends the thread."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the work under way, for which it waits up to ten seconds."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            self.once()
