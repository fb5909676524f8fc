"""Makes moto tell the local clock's time.

moto reads the time in three ways: through its own `utcnow`, which most modules import by name; through `datetime.now`;
and, while a state machine waits, through `time`. All are led to the one clock here.
"""

import datetime as dt
import importlib
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import moto.core.utils as moto_utils

from emulator.clock import Clock

_TIME_READERS = (
    "moto.athena.models",
    "moto.cloudwatch.models",
    "moto.s3.models",
)


class _Followed:
    """The clock that moto follows now; the machine's own between runs.

    A global on purpose: moto's modules, with what replaces their functions, are one for the whole process, so the
    functions cannot be handed a clock. Outside this folder a clock is passed.
    """

    clock = Clock()
    forget: Callable[[], None] = staticmethod(lambda: None)
    moved = threading.Condition()


class _LocalDatetime(dt.datetime):
    """A datetime whose now() is the local clock's, and UTC where no zone is asked for, as on AWS's machines."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "_LocalDatetime":
        told = cls.fromtimestamp(_Followed.clock.now(), tz or dt.UTC)
        return told if tz else told.replace(tzinfo=None)


def follow(clock: Clock) -> None:
    """Make moto, in this process, tell this clock's time from now on."""
    _Followed.forget()
    _Followed.clock, _Followed.forget = clock, staticmethod(clock.on_advance(_tell))
    original = moto_utils.utcnow
    moto_utils.utcnow = _utcnow
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.") and getattr(module, "utcnow", None) is original:
            module.utcnow = _utcnow  # type: ignore[attr-defined]
    for name in _TIME_READERS:
        importlib.import_module(name)
        follow_in_loaded(name)


def follow_in_loaded(prefix: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Reach the loaded modules of this name, and below, that read the time directly; `sleep` is what they sleep by."""
    replaced: dict[int, Any] = {
        id(dt): SimpleNamespace(**{**vars(dt), "datetime": _LocalDatetime}),
        id(dt.datetime): _LocalDatetime,
        id(time): SimpleNamespace(**{**vars(time), "time": local_now, "sleep": sleep}),
    }
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(prefix):
            for name, value in list(vars(module).items()):
                if id(value) in replaced:
                    setattr(module, name, replaced[id(value)])


def local_now() -> float:
    """The time moto goes by."""
    return _Followed.clock.now()


def wait(seconds: float) -> None:
    """Wait so many of the machine's seconds, or until the local clock is moved."""
    with _Followed.moved:
        _Followed.moved.wait(seconds)


def _tell(_offset_s: float) -> None:
    with _Followed.moved:
        _Followed.moved.notify_all()


def _utcnow() -> dt.datetime:
    return dt.datetime.fromtimestamp(_Followed.clock.now(), dt.UTC).replace(tzinfo=None)
