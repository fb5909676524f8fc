"""The ports of a batch in memory, failing when they are told to."""

from collections.abc import Callable, Iterable, Mapping

import orjson

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds

    def deadline(self, seconds: float) -> Deadline:
        """That far from now."""
        return Deadline(self.now + seconds, lambda: self.now)


def never() -> bool:
    """No failure."""
    return False


class FakeRegistry:
    """Names in memory; `rivals` are names that another function admits between a refresh and an admission."""

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        fails: Callable[[], bool] = never,
        rivals: Iterable[Iterable[str]] = (),
    ) -> None:
        self.stored = {name.lower(): name for name in names}
        self.refreshes = 0
        self._known: dict[str, str] = {}
        self._fails = fails
        self._rivals = iter(rivals)

    def known(self) -> Mapping[str, str]:
        """What this process has seen."""
        return self._known

    def refresh(self) -> Mapping[str, str]:
        """What is there."""
        self.refreshes += 1
        if self._fails():
            raise TransientError("GetItem: InternalServerError")
        self._known = dict(self.stored)
        return self._known

    def admit(self, names: Iterable[str]) -> bool:
        """Optimistic, as the real one."""
        if self._fails():
            raise TransientError("UpdateItem: ThrottlingException")
        self.stored.update({name.lower(): name for name in next(self._rivals, ())})
        if self.stored != self._known:
            return False
        self.stored.update({name.lower(): name for name in names})
        self._known = dict(self.stored)
        return True


class FakeQuarantine:
    """Objects in memory."""

    def __init__(self, *, fails: Callable[[], bool] = never) -> None:
        self.objects: dict[str, bytes] = {}
        self._fails = fails

    def put(self, key: str, body: bytes) -> None:
        """Replaces what was there."""
        if self._fails():
            raise TransientError("PutObject: SlowDown")
        self.objects[key] = body

    def lines(self) -> list[dict[str, object]]:
        """Every line of every object."""
        return [orjson.loads(line) for body in self.objects.values() for line in body.splitlines()]
