"""Hints for SQL that names what is not there: the names alike, and how text is told from a name."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

from ops.store.quoted import quoted_text

_COLUMN = re.compile(r"[Cc]olumn ['\"](?P<name>.+?)['\"] (?:does not exist|cannot be resolved|not found)")
_TABLE = re.compile(r"(?:[Tt]able|[Dd]atabase)\b.*(?:does not exist|not found)")
_METRIC = re.compile(r"\bmetric_name\s*=\s*'((?:[^']|'')*)'", re.IGNORECASE)


def on_refusal(reason: str, sql: str, *, columns: Callable[[], Iterable[str]], tables: Sequence[str]) -> str:
    """A hint on a refused statement, to stand behind the reason; nothing if there is none to give."""
    match = _COLUMN.search(reason)
    if match:
        name = match["name"]
        hints = []
        if f'"{name}"' in sql:
            hints.append(f"text stands in single quotes: {quoted_text(name)}")
        alike = alike_to(name, columns())
        if alike:
            hints.append(did_you_mean(alike))
        return "".join(f"; {hint}" for hint in hints)
    return f"; the tables are {', '.join(tables)}" if _TABLE.search(reason) else ""


def asked_metrics(sql: str) -> list[str]:
    """The metrics that a statement compares `metric_name` with."""
    return [name.replace("''", "'") for name in _METRIC.findall(sql)]


def alike_to(name: str, known: Iterable[str]) -> list[str]:
    """Up to three of the known names that may have been meant, the nearest first."""
    found = {one.lower(): one for one in known}
    return [found[one] for one in difflib.get_close_matches(name.lower(), found)]


def did_you_mean(alike: Sequence[str]) -> str:
    """The question whether one of these was meant."""
    return f"did you mean {' or '.join(alike)}?"
