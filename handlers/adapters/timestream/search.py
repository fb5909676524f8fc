"""The schemes that are worth trying on a batch, in an order in which good ones come early."""

from collections.abc import Generator, Iterator, Sequence
from itertools import combinations, permutations

from handlers.adapters.timestream.schemes import Scheme
from handlers.adapters.timestream.sheet import Sheet

# Orders so much dearer than the best scheme may yet become the best with another column moved.
HOPE = 1.1

# Up to so many columns every order is tried; of more, those that are most worth sharing take turns to come first.
_ALL_ORDERS = 4
_TURNS = 6
_BEAM = 2
# Groups that are so much dearer than the best do not become the best with others set aside.
_PROMISING = 1.5
# Groups of fewer points are no calls of their own.
_FEW = 8


def schemes(sheet: Sheet) -> Generator[Scheme, float, None]:
    """Schemes for batches of this kind; it is told the units of each, of those that the best one takes.

    Of up to four columns in which the points differ, all orders are among them; of more, those that a beam search comes
    by.
    """
    worth = {name: sheet.worth(name) for name in sheet.columns}
    names = sorted(worth, key=lambda name: (-worth[name], name))
    shape = _Shape(sheet, names[:_TURNS])
    del sheet
    for lead in shape.leads():
        scheme = Scheme((*lead, *[name for name in names if name not in lead]), len(lead))
        if (yield scheme) < _PROMISING:
            for aside in shape.asides(lead):
                yield scheme._replace(aside=aside)
    tried: dict[tuple[str, ...], float] = {}
    orders = [tuple(names)]
    for place in range(_TURNS - 1):
        if len(names) <= _ALL_ORDERS:
            moved = dict.fromkeys(permutations(names))
        else:
            moved = dict.fromkeys([other for order in orders for other in _moves(order, names, place)])
        for order in moved:
            same = shape.core(order)
            if same not in tried:
                tried[same] = yield Scheme(order)
        orders = sorted(moved, key=lambda order: tried[shape.core(order)])[:_BEAM]


class _Shape:
    """The columns that are most worth sharing, and how they go together."""

    def __init__(self, sheet: Sheet, names: Sequence[str]) -> None:
        self._count = sheet.count
        self._alone = {name: sheet.distinct([name]) for name in names}
        self._pairs = {pair: sheet.distinct(pair) for pair in combinations(names, 2)}

    def leads(self) -> Iterator[tuple[str, ...]]:
        """Single columns and pairs of them whose groups are not what one of them makes, nor of a few points."""
        yield from [(name,) for name in self._alone]
        for pair, groups in self._pairs.items():
            if max(self._alone[name] for name in pair) < groups <= self._count // _FEW:
                yield pair

    def asides(self, lead: Sequence[str]) -> Iterator[str]:
        """Columns whose values differ inside the groups of the lead, and make groups that are worth calls."""
        for name, groups in self._alone.items():
            large = 2 < groups <= self._count // _FEW
            if large and name not in lead and not any(self._determines(other, name) for other in lead):
                yield name

    def core(self, order: Sequence[str]) -> tuple[str, ...]:
        """The columns of an order that count: none that an earlier one determines, nor any once all points differ."""
        found: list[str] = []
        for name in order:
            if not any(self._determines(other, name) for other in found):
                found.append(name)
                if any(self._together(other, name) == self._count for other in found[:-1]):
                    break
        return tuple(found)

    def _determines(self, name: str, other: str) -> bool:
        return name in self._alone and self._together(name, other) == self._alone[name]

    def _together(self, name: str, other: str) -> int | None:
        return self._pairs.get((name, other)) or self._pairs.get((other, name))


def _moves(order: tuple[str, ...], names: Sequence[str], place: int) -> Iterator[tuple[str, ...]]:
    """The orders in which each of the names that are most worth sharing stands at the place."""
    for name in names[:_TURNS]:
        if name not in order[:place]:
            rest = [other for other in order if other != name]
            yield (*rest[:place], name, *rest[place:])
