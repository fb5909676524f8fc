"""What an execution says when its hours are done: to operators in words, to CloudWatch in numbers."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.emf import metrics_line
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record, State, state_of

# How far back readers' data is looked at, and what `ops export status` shows.
WINDOW_HOURS = 48
_LISTED = 20
_SHOWN = 200
_DONE = frozenset({State.EXPORTED, State.EMPTY, State.DIRTY})


@dataclass(frozen=True)
class Result:
    """How one hour ended in this execution; `outcome` is exported, empty, failed or busy."""

    hour: str
    outcome: str
    rows: int = 0
    bytes: int = 0
    error: str = ""


def read_results(raw: Sequence[Mapping[str, Any]]) -> list[Result]:
    """The results of the state machine's Map."""
    known = Result.__dataclass_fields__
    return [Result(**{name: value for name, value in result.items() if name in known}) for result in raw]


def failure_text(error: Mapping[str, Any]) -> str:
    """One line about what a state caught: the error's name, and the message Lambda wraps in its cause."""
    name = str(error.get("Error", "Unknown"))
    cause = str(error.get("Cause", ""))
    with contextlib.suppress(ValueError, KeyError, TypeError):
        cause = str(json.loads(cause)["errorMessage"])
    line = " ".join(f"{name}: {cause}".split()) if cause else name
    return line[:_SHOWN]


def notification(results: Sequence[Result], where: str) -> tuple[str, str]:
    """Subject and text for operators: which hours failed, why, and what happens next."""
    failed = [result for result in results if result.outcome == "failed"]
    subject = f"{where}: {len(failed)} hour{'' if len(failed) == 1 else 's'} not exported"
    lines = [f"{result.hour}  {result.error}" for result in failed[:_LISTED]]
    if len(failed) > _LISTED:
        lines.append(f"and {len(failed) - _LISTED} more")
    lines += [
        "",
        "The next hourly run tries them again. Until then readers see what was published of them before.",
    ]
    return subject[:100], "\n".join(lines)


def lag_seconds(records: Mapping[Hour, Record], now: float, lag: float) -> float | None:
    """For how long the newest hour that readers have whole has been over; None if there is nothing to say yet."""
    if not records:
        return None
    whole = [hour for hour, record in records.items() if state_of(hour, record, now, lag) in _DONE]
    newest = max(whole, default=min(records).plus(-1))
    return max(0.0, now - newest.end)


def results_line(results: Sequence[Result], lag: float | None, environment: str, now_ms: int) -> str:
    """The results as a log line that is metrics, too; `lag` in seconds."""
    values: dict[str, float] = {
        "HoursExported": sum(result.outcome in {"exported", "empty"} for result in results),
        "HoursFailed": sum(result.outcome == "failed" for result in results),
        "RowsExported": sum(result.rows for result in results),
        "BytesExported": sum(result.bytes for result in results),
    }
    if lag is not None:
        values["ExportLag"] = round(lag)
    return metrics_line(values, environment, now_ms, units={"BytesExported": "Bytes", "ExportLag": "Seconds"})
