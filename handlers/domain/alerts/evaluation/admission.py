"""Admission: the groups of a rule that have datapoints where there are more than the cap."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from handlers.domain.alerts.rules.selection import Group, group_rank
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.merging import MergedWindow

_RANKS = 2**64


@dataclass(frozen=True)
class Admission:
    """The groups that a rule has room for, in this order: those with an open alert, those that were `noted`, those of
    the period `before`, and then others, in an order that no client can choose."""

    cap: int
    window: MergedWindow
    opened: Set[Group] = frozenset()
    noted: Set[Group] = frozenset()
    before: Set[Group] = frozenset()
    by: Sequence[str] = ()

    @cached_property
    def is_over(self) -> bool:
        """True if there may be more groups than the cap."""
        return self.window.dropped > 0 or len(self._all) > self.cap

    def has_room_for(self, group: Group) -> bool:
        """True if the group has datapoints."""
        return not self.is_over or group in self._kept

    def is_unknown(self, group: Group) -> bool:
        """True if the group may have had points that a batch left out, so that it cannot be called silent."""
        return self.window.dropped > 0 and group not in self.window and group not in self.noted

    def was_known(self, group: Group) -> bool:
        """True if there is room for the group, and it is not one of those that are new where there are too many."""
        if not self.is_over:
            return True
        return group in self._kept and (group in self.opened or group in self.noted or group in self.before)

    @property
    def left_out(self) -> int:
        """About how many groups there are beyond the cap."""
        if not self.is_over:
            return 0
        seen = len(self._all) - len(self._kept)
        # Where those that are known fill the cap, batches keep none of the new ones to reckon with.
        made = 0 if self.window.explosion is None else self.window.explosion.groups
        return max(1, seen, max(self._about_new(), made) - (self.cap - len(self._known)))

    @property
    def explosion(self) -> Explosion | None:
        """Who made more groups than there is room for, where that is known: of a batch, or else of the period."""
        new = self._all - self.opened - self.noted - self.before
        if not self.is_over or not self.by or not new:
            return None
        return self.window.explosion or Explosion.of(self.by, new)

    def room(self, groups: Iterable[Group]) -> Sequence[Group]:
        """Those of some groups, which came late, that there is room for."""
        listed = list(groups)
        if len(listed) + len(self._all) <= self.cap:
            return listed
        inside = [group for group in listed if group in self._all and self.has_room_for(group)]
        others = sorted((group for group in listed if group not in self._all), key=self._order)
        return [*inside, *others[: max(0, self.cap - len(self._all))]]

    @cached_property
    def _all(self) -> Set[Group]:
        return {*self.opened, *self.before, *self.window.names}

    @cached_property
    def _known(self) -> Set[Group]:
        return {*self.opened, *(self.noted & self._all)}

    @cached_property
    def _kept(self) -> Set[Group]:
        return frozenset(sorted(self._all, key=self._order)[: self.cap])

    def _order(self, group: Group) -> tuple[bool, bool, bool, bytes]:
        return group not in self.opened, group not in self.noted, group not in self.before, group_rank(group)

    def _about_new(self) -> int:
        """About how many new groups there are, by the rank of the last that batches kept: they keep the first ones."""
        kept = max(1, self.cap - len(self.noted))
        ranks = sorted(int.from_bytes(group_rank(group)) for group in self.window.names - self.noted)[:kept]
        return round((len(ranks) - 1) / ranks[-1] * _RANKS) if self.window.dropped and ranks else len(ranks)
