"""Retention: the times that a table takes, and the age at which records are deleted."""

from dataclasses import dataclass
from datetime import UTC, datetime

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
# https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html: 15 minutes into the future.
FUTURE_NS = 15 * 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Retention:
    """The periods for which a table's stores keep records, and whether late ones go to the magnetic store.

    The `since` bounds are set when a period is extended: a longer period never reaches back before what the
    shorter one still covered at that moment.
    """

    memory_hours: int = 6
    magnetic_days: int = 73_000
    magnetic_writes: bool = False
    memory_since_ns: int | None = None
    magnetic_since_ns: int | None = None

    def memory_floor(self, now_ns: int) -> int:
        """The oldest time the memory store takes."""
        floor = now_ns - self.memory_hours * HOUR_NS
        return floor if self.memory_since_ns is None else max(floor, self.memory_since_ns)

    def magnetic_floor(self, now_ns: int) -> int:
        """The oldest time the magnetic store takes."""
        floor = now_ns - self.magnetic_days * DAY_NS
        return floor if self.magnetic_since_ns is None else max(floor, self.magnetic_since_ns)

    def window(self, now_ns: int) -> "Window":
        """The times that may be written now."""
        memory = self.memory_floor(now_ns)
        oldest = min(memory, self.magnetic_floor(now_ns)) if self.magnetic_writes else memory
        return Window(oldest, memory, now_ns + FUTURE_NS, magnetic_writes=self.magnetic_writes)

    def expired_before(self, now_ns: int) -> int:
        """The time before which records are deleted."""
        return now_ns - max(self.memory_hours * HOUR_NS, self.magnetic_days * DAY_NS)

    def extended(self, memory_hours: int, magnetic_days: int, now_ns: int) -> "Retention":
        """The retention after a change of its periods at `now_ns`."""
        return Retention(
            memory_hours,
            magnetic_days,
            self.magnetic_writes,
            self.memory_floor(now_ns) if memory_hours > self.memory_hours else self.memory_since_ns,
            self.magnetic_floor(now_ns) if magnetic_days > self.magnetic_days else self.magnetic_since_ns,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The times that may be written at one moment: `oldest` <= time < `ceiling`, in memory from `memory` on."""

    oldest: int
    memory: int
    ceiling: int
    magnetic_writes: bool

    def refusal(self) -> str:
        """The reason AWS gives for a time outside."""
        store = "data ingestion window" if self.magnetic_writes else "memory store"
        span = f"[{_iso(self.oldest)}, {_iso(self.ceiling)})"
        return f"The record timestamp is outside the time range {span} of the {store}."


def _iso(time_ns: int) -> str:
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns // 1_000_000 % 1000:03d}Z"
