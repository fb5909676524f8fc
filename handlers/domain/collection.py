"""The garbage collector's pause, while hundreds of thousands of objects come to stay and none of them is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Keeps the collector from looking at all objects again and again; what counts references goes on as ever.

    It takes a quarter of an evaluation's time otherwise, and finds nothing: our own objects make no cycles.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
