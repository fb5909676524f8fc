"""Two sets of firings beside each other: which are of one group at one time, and which are of one set alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ops.rule_backtest.alerts import Firing

MORE, FEWER, BOTH = "+", "-", "="


class Compared(NamedTuple):
    """A firing of the rule that is tried (`+`), of the one beside it (`-`), or of both at once (`=`).

    Of both it is the first one's, and `beside` has those of the other that fired at one time with it.
    """

    change: str
    firing: Firing
    beside: Sequence[Firing] = ()


def compare(tried: Iterable[Firing], beside: Iterable[Firing]) -> list[Compared]:
    """The firings of both, in the order of their times: those of one group that overlap are the same alert."""
    others: dict[frozenset[tuple[str, str | None]], list[Firing]] = defaultdict(list)
    for one in beside:
        others[_group(one)].append(one)
    found, met = list[Compared](), set[int]()
    for one in tried:
        same = [other for other in others[_group(one)] if one.overlaps(other)]
        met.update(map(id, same))
        found.append(Compared(BOTH if same else MORE, one, same))
    for firings in others.values():
        found += [Compared(FEWER, one) for one in firings if id(one) not in met]
    return sorted(found, key=lambda one: (one.firing.begin_s, str(one.firing.group)))


def _group(firing: Firing) -> frozenset[tuple[str, str | None]]:
    return frozenset(zip(firing.rule.by, firing.group, strict=True))
