"""The paths `/_local/status`, `/_local/faults` and `/_local/clock`: the server's own, none of AWS's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.timestream.clock import Clock
from emulator.timestream.errors import UnknownOperationException
from emulator.timestream.faults import Faults
from emulator.timestream.store import Store


def answer(
    path: str, change: Mapping[str, Any] | None, stores: Mapping[str, Store], faults: Faults, clock: Clock
) -> dict[str, Any]:
    """The answer to a path, after a change if there is one; UnknownOperationException for a path that is none."""
    if path == "/_local/status":
        return {
            "regions": {name: store.status() for name, store in sorted(stores.items())},
            "resident_bytes": _resident_bytes(),
            "offset_seconds": clock.offset_seconds,
        }
    if path == "/_local/faults":
        if change is not None:
            faults.replace(change)
        return faults.shown()
    if path == "/_local/clock":
        if change is not None:
            clock.set_offset(change.get("offset_seconds"))
        return {"offset_seconds": clock.offset_seconds, "now_ns": clock.now_ns()}
    raise UnknownOperationException("There are /_local/status, /_local/faults and /_local/clock.")


def _resident_bytes() -> int:
    """The resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
