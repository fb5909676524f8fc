"""The last errors of the functions, from their logs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ops.console.place import Place
from ops.errors import refusals

_BACK_S = 900
_PAGES = 5
_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class LoggedError:
    """An error that a function logged, at a time in seconds since the epoch."""

    at_s: float
    function: str
    text: str


def last_error(place: Place, components: tuple[str, ...]) -> LoggedError | None:
    """The newest error of the last quarter of an hour in the logs of these components, None if there is none."""
    found = [error for component in components for error in _errors(place, component)]
    return max(found, key=lambda error: error.at_s, default=None)


def _errors(place: Place, component: str) -> Iterator[LoggedError]:
    with refusals("cannot read the logs"):
        pages = (
            place.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=place.resource(f"{component}Logs"),
                filterPattern="ERROR",
                startTime=int((place.now_s() - _BACK_S) * 1000),
            )
        )
        # The oldest come first.
        events = [event for page in islice(pages, _PAGES) for event in page["events"]]
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
