"""JSONPath as mapping templates use it."""

import re
from functools import lru_cache
from typing import Any, Final

from jsonpath_ng.ext.parser import parse as parse_path

MISSING: Final = object()

_STEP = re.compile(r"\.([A-Za-z_$][\w$-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")


def find(document: Any, path: str) -> Any:
    """The value at a definite path (MISSING if there is none), or the list that one with wildcards or filters finds."""
    steps = _definite(path)
    if steps is None:
        return [match.value for match in _parse(path).find(document)]
    found = document
    for step in steps:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return found


@lru_cache(maxsize=256)
def _definite(path: str) -> tuple[str | int, ...] | None:
    """The steps of a path that names exactly one place, None for any other path."""
    if not path.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return None
        name = next((group for group in (step[1], step[3], step[4]) if group is not None), None)
        steps.append(int(step[2]) if name is None else name)
        position = step.end()
    return tuple(steps)


@lru_cache(maxsize=256)
def _parse(path: str) -> Any:
    return parse_path(path)
