"""The last errors of the functions, from their logs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.console.place import Place
from ops.errors import OperatorError, refusals

_BACK_S = 3_600
_EVENTS = 50
_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class LoggedError:
    """An error that a function logged, at a time in seconds since the epoch."""

    at_s: float
    function: str
    text: str


def last_error(place: Place, components: tuple[str, ...]) -> LoggedError | None:
    """The newest error of the last hour in the logs of these components, None if there is none."""
    found = [error for component in components for error in _errors(place, component)]
    return max(found, key=lambda error: error.at_s, default=None)


def _errors(place: Place, component: str) -> Iterator[LoggedError]:
    group = f"/aws/lambda/{place.function(component)}"
    logs = place.client("logs")
    try:
        with refusals("cannot read the logs"):
            events = logs.filter_log_events(
                logGroupName=group,
                filterPattern="ERROR",
                startTime=int((place.now_s() - _BACK_S) * 1000),
                limit=_EVENTS,
            )["events"]
    except OperatorError:
        return  # a function that never ran has no group yet
    for event in events:
        text = _text(event["message"])
        if text:
            yield LoggedError(event["timestamp"] / 1000, component, text[:_CHARACTERS])


def _text(line: str) -> str:
    """The message of a log line that is an error's, empty if it only speaks of one."""
    try:
        document: Any = json.loads(line)
    except ValueError:
        return line.strip() if line.lstrip().startswith(("[ERROR]", "ERROR")) else ""
    if not isinstance(document, dict) or str(document.get("level", "")).upper() not in {"ERROR", "CRITICAL"}:
        return ""
    message = document.get("message", document.get("errorMessage", ""))
    return message if isinstance(message, str) else json.dumps(message)
