"""Selections: the points that a rule asks for, and how they fall into groups."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.vocabulary import ANY_METRIC_TYPE

# The values of the `by` dimensions, in their order; None where a point lacks the dimension.
Group = tuple[str | None, ...]

# Part of what is stored and of every `dedupe_id`, so not to be changed; tables need no more than 1,024.
GROUP_KEY_BYTES = 900


@dataclass(frozen=True, slots=True)
class Selection:
    """The points of one metric that match, in groups, by event-time periods."""

    metric_name: str
    metric_type: str
    match: tuple[tuple[str, tuple[str, ...]], ...]
    by: tuple[str, ...]
    period_s: int

    @property
    def selection_id(self) -> str:
        """A short name that any function computes alike: window aggregates are stored under it."""
        parts = [self.metric_name, self.metric_type, self.match, self.by, self.period_s]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def group_in(self, metric_type: str, dimensions: Mapping[str, str]) -> Group | None:
        """The group of a series of the metric with this type and dimensions; None if the selection asks for others."""
        if self.metric_type not in (ANY_METRIC_TYPE, metric_type):
            return None
        for name, values in self.match:
            if dimensions.get(name) not in values:
                return None
        return tuple(map(dimensions.get, self.by))


def group_key(group: Group) -> str:
    """A group's key in tables and messages: its values as JSON, or a digest of them where that is too long."""
    text = json.dumps(group, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) <= GROUP_KEY_BYTES:
        return text
    return "#" + hashlib.sha256(text.encode()).hexdigest()


def group_rank(group: Group) -> bytes:
    """An order of groups in which no client can choose its place, and in which the first k of a union are among the
    first k of each part. So a cap on groups keeps the same ones whatever batch or shard they came through."""
    return hashlib.blake2b(json.dumps(group).encode(), digest_size=8).digest()
