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


def schemes(sheet: Sheet) -> Generator[Scheme, float, None]:
    """Schemes for batches of this kind; it is told the units of each, of those that the best one takes.

    Of up to four columns in which the points differ, all orders are among them; of more, those that a beam search comes
    by.
    """
    worth = {name: sheet.worth(name) for name in sheet.columns}
    names = sorted(worth, key=lambda name: (-worth[name], name))
    asides = {lead: [*_asides(sheet, lead, names)] for lead in _leads(sheet, names)}
    del sheet
    for lead, others in asides.items():
        scheme = Scheme(_first(lead, names), len(lead))
        if (yield scheme) < _PROMISING:
            for other in others:
                yield scheme._replace(aside=other)
    if len(names) <= _ALL_ORDERS:
        for order in permutations(names):
            yield Scheme(order)
        return
    orders = [tuple(names)]
    tried: dict[tuple[str, ...], float] = {}
    for place in range(_TURNS - 1):
        moved = dict.fromkeys([other for order in orders for other in _moves(order, names, place)])
        for order in moved:
            if order not in tried:
                tried[order] = yield Scheme(order)
        orders = sorted(moved, key=tried.__getitem__)[:_BEAM]


def _leads(sheet: Sheet, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Single columns and pairs of them whose groups are not what one of them makes, nor of single points."""
    alone = {name: sheet.distinct([name]) for name in names[:_TURNS]}
    yield from [(name,) for name in alone]
    for pair in combinations(alone, 2):
        if max(alone[name] for name in pair) < sheet.distinct(pair) <= sheet.count // 8:
            yield pair


def _asides(sheet: Sheet, together: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Columns whose values differ inside the groups of others, and make groups that are worth calls."""
    groups = sheet.distinct(together)
    for name in names[:_TURNS]:
        large = name not in together and 2 < sheet.distinct([name]) <= sheet.count // 8
        if large and sheet.distinct([*together, name]) > groups:
            yield name


def _moves(order: tuple[str, ...], names: Sequence[str], place: int) -> Iterator[tuple[str, ...]]:
    """The orders in which each of the names that are most worth sharing stands at the place."""
    for name in names[:_TURNS]:
        if name not in order[:place]:
            rest = [other for other in order if other != name]
            yield (*rest[:place], name, *rest[place:])


def _first(some: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return (*some, *[name for name in names if name not in some])
