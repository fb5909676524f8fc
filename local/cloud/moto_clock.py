"""Makes moto tell the local clock's time.

moto reads the time in three ways: through its own `utcnow`, which most modules import by name; through `datetime.now`;
and, while a state machine waits, through `time`. All are led to the one clock here, for modules loaded already as well
as for those moto loads later, when a service is first used.
"""

import datetime as dt
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import moto.core.utils as moto_utils

from local.clock import Clock

_TIME_READERS = (
    "moto.athena.models",
    "moto.cloudwatch.models",
    "moto.s3.models",
)
_STEP_FUNCTIONS = "moto.stepfunctions.parser"


class _Followed:
    """The clock that moto follows now; the machine's own between runs."""

    clock = Clock()


class _LocalDatetime(dt.datetime):
    """A datetime whose now() is the local clock's; every datetime counts as its instance."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_LocalDatetime":
        return cls.fromtimestamp(_Followed.clock.now(), tz)


def follow(clock: Clock) -> None:
    """Make moto, in this process, tell this clock's time from now on."""
    _Followed.clock = clock
    original = moto_utils.utcnow
    moto_utils.utcnow = _utcnow
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) is original:
            module.utcnow = _utcnow  # type: ignore[attr-defined]
    follow_in_loaded()


def follow_in_loaded() -> None:
    """Reach the modules that read the time directly, as far as moto has loaded them."""
    for name, module in list(sys.modules.items()):
        if name in _TIME_READERS or name.startswith(_STEP_FUNCTIONS):
            _replace(module)


def local_now() -> float:
    """Return the time moto goes by."""
    return _Followed.clock.now()


def _utcnow() -> dt.datetime:
    return dt.datetime.fromtimestamp(_Followed.clock.now(), dt.UTC).replace(tzinfo=None)


_DATETIME = SimpleNamespace(**{**vars(dt), "datetime": _LocalDatetime})
_TIME = SimpleNamespace(**{**vars(time), "time": local_now})
_REPLACED: dict[int, Any] = {
    id(dt): _DATETIME,
    id(dt.datetime): _LocalDatetime,
    id(time): _TIME,
}


def _replace(module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        replacement = _REPLACED.get(id(value))
        if replacement is not None:
            setattr(module, name, replacement)
