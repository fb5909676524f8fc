"""Known groups: the groups of a rule's points, noted each full hour, for when the periods before cannot tell them.

That is after an outage, and where clients send more groups than the cap: the ones that were there before come first.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.windows.explosion import Explosion


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """The groups that were known when a period ended, of points from `since_s` on, about how many were left out, and
    who made so many."""

    groups: frozenset[Group] = frozenset()
    since_s: int = 0
    left_out: int = 0
    explosion: Explosion | None = None


def groups_id(selection: Selection) -> str:
    """A name for the groups of a selection, the same for each period: their note is kept under it."""
    parts = [selection.metric_name, selection.metric_type, selection.match, selection.by]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def in_order(groups: Iterable[Group]) -> list[Group]:
    """The groups in the order of their values, of which an absent one counts as empty."""
    try:
        return sorted(groups)
    except TypeError:
        return sorted(groups, key=lambda group: [value or "" for value in group])


def packed_groups(groups: Iterable[Group], most_bytes: int) -> list[bytes]:
    """The groups in parts of at most so many bytes."""
    return _packed(in_order(groups), most_bytes)


def unpacked_groups(parts: Iterable[bytes]) -> frozenset[Group]:
    """The groups of all parts."""
    return frozenset(tuple(group) for part in parts for group in orjson.loads(zlib.decompress(part)))


def _packed(groups: Sequence[Group], most_bytes: int) -> list[bytes]:
    data = zlib.compress(orjson.dumps(groups), 6)
    middle = len(groups) // 2
    if len(data) <= most_bytes or not middle:
        return [data]
    return _packed(groups[:middle], most_bytes) + _packed(groups[middle:], most_bytes)
