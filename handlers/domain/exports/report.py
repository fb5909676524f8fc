"""The report of an execution whose hours are done: to operators in words, to CloudWatch in numbers."""

import contextlib
import json
from collections.abc import Mapping, Sequence

from handlers.domain.emf import metrics_line
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record, State, state_of
from handlers.domain.exports.steps import HourResult

# So far back the lag is looked for, and so many hours `ops export status` shows.
WINDOW_HOURS = 48
_LISTED = 20
_SHOWN = 200
_DONE = frozenset({State.EXPORTED, State.EMPTY, State.STALE})


def failure_text(error: Mapping[str, str]) -> str:
    """One line about what a state caught: the error's name, and the message Lambda wraps in its cause."""
    name, cause = error.get("Error", "Unknown"), error.get("Cause", "")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        cause = str(json.loads(cause)["errorMessage"])
    line = " ".join(f"{name}: {cause}".split()) if cause else name
    return line[:_SHOWN]


def notification(results: Sequence[HourResult], deployment: str) -> tuple[str, str]:
    """Subject and text for operators: which hours failed, why, and what happens next."""
    failed = [result for result in results if result["outcome"] == "failed"]
    subject = f"{deployment}: {len(failed)} hour{'' if len(failed) == 1 else 's'} not exported"
    lines = [f"{result['hour']}  {result.get('error', '')}" for result in failed[:_LISTED]]
    if len(failed) > _LISTED:
        lines.append(f"and {len(failed) - _LISTED} more")
    lines += [
        "",
        "The next hourly run tries them again. Until then readers see what was published of them before.",
    ]
    return subject[:99], "\n".join(lines)


def export_lag_s(records: Mapping[Hour, Record], now_s: float, lag_s: float) -> float | None:
    """The seconds since the end of the newest hour that readers have whole; None before the ledger has an entry."""
    if not records:
        return None
    whole = [hour for hour, record in records.items() if state_of(hour, record, now_s, lag_s) in _DONE]
    newest = max(whole, default=min(records).plus(-1))
    return max(0.0, now_s - newest.end_s)


def results_line(
    results: Sequence[HourResult], export_lag_s: float | None, dimensions: Mapping[str, str], now_ms: int
) -> str:
    """The results as a log line that is metrics, too."""
    values: dict[str, float] = {
        "HoursExported": sum(result["outcome"] in {"exported", "empty"} for result in results),
        "HoursFailed": sum(result["outcome"] == "failed" for result in results),
    }
    context = {
        "RowsExported": sum(result.get("rows", 0) for result in results),
        "BytesExported": sum(result.get("bytes", 0) for result in results),
    }
    if export_lag_s is not None:
        values["ExportLag"] = round(export_lag_s)
    return metrics_line(values, dimensions, now_ms, units={"ExportLag": "Seconds"}, context=context)
