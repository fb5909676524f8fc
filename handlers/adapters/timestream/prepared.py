"""Series prepared for requests: their bytes as Timestream meters them, and their JSON, made once for a process."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import orjson

from handlers.domain.point import Series

# Bytes of names and values as they are metered; with objects and JSON a series takes some ten times as many.
_KEPT_BYTES = 2 << 20
# The columns that a call shares are few for a feed; where they keep changing, a series does not keep all that was.
_KEPT_STARTS = 4

Pair = tuple[str, str]


class Prepared:
    """The dimensions of a series as Timestream has them, ours and then the client's, and what they take."""

    __slots__ = ("aligned", "aligned_to", "names", "pair_set", "pairs", "series", "size", "starts")

    def __init__(self, series: Series, one_pair: Callable[[Pair, Pair], Pair]) -> None:
        self.series = series  # held, so that its id stays its own
        pairs: list[Pair] = [("metric_name", series.metric_name), ("metric_type", series.metric_type)]
        # Sets of pairs are compared quickly if equal ones are one object.
        self.pairs = tuple([one_pair(pair, pair) for pair in (*pairs, *series.dimensions)])
        self.pair_set = frozenset(self.pairs)
        self.names = one_tuple(tuple([name for name, _ in self.pairs]))
        self.aligned_to: tuple[str, ...] = ()
        self.aligned: tuple[str, ...] = ()
        self.size = sum([pair_bytes(pair) for pair in self.pairs])
        self.starts: dict[frozenset[str], str] = {}

    def align(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The values of the dimensions of these names, empty where it has none; `aligned` keeps them."""
        values = dict(self.pairs)
        self.aligned_to, self.aligned = names, tuple([values.get(name, "") for name in names])
        return self.aligned

    def start_without(self, shared: frozenset[str]) -> str:
        """The JSON of a record up to its value, without the dimensions of these names; `starts` keeps it."""
        if len(self.starts) == _KEPT_STARTS:
            self.starts.clear()
        own = [pair for pair in self.pairs if pair[0] not in shared]
        dimensions = f'"Dimensions":{dimensions_json(own)},' if own else ""
        start = f'{{{dimensions}"MeasureValues":[{{"Name":"value","Type":"DOUBLE","Value":"'
        self.starts[shared] = start
        return start


class Preparer:
    """The prepared series of a process, by identity: equal series need not be one object, but it is quicker."""

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._known: dict[int, Prepared] = {}
        self._pairs: dict[Pair, Pair] = {}

    @property
    def kept(self) -> int:
        """The number of series that are kept now."""
        return len(self._known)

    def prepare(self, series: Sequence[Series]) -> list[Prepared]:
        """One for each, in their order; what was known before is let go first if there is too much of it."""
        known = self._known
        if self._bytes > self._kept_bytes:
            known.clear()
            self._pairs.clear()
            self._bytes = 0
        try:
            return [known[id(one)] for one in series]
        except KeyError:
            pass
        found = []
        for one in series:
            prepared = known.get(id(one))
            if prepared is None:
                prepared = known[id(one)] = Prepared(one, self._pairs.setdefault)
                self._bytes += prepared.size
            found.append(prepared)
        return found


@lru_cache(1000)
def one_object(names: frozenset[str]) -> frozenset[str]:
    """These names as an object that is the same each time: it is found in a dictionary without comparing them."""
    return names


@lru_cache(1000)
def one_tuple(names: tuple[str, ...]) -> tuple[str, ...]:
    """These names, in their order, as an object that is the same each time."""
    return names


def align(prepared: Sequence[Prepared]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The names of all dimensions that there are, perhaps of more, and for each series its values for them."""
    names = prepared[0].aligned_to
    rows = [one.aligned for one in prepared if one.aligned_to is names]
    if names and len(rows) == len(prepared):
        return names, rows
    schemas = {id(one.names): one.names for one in prepared}
    names = one_tuple(tuple(sorted(set().union(*schemas.values()))))
    return names, [one.aligned if one.aligned_to is names else one.align(names) for one in prepared]


def pair_bytes(pair: Pair) -> int:
    """The bytes of a dimension as they are metered: of its name and its value."""
    name, value = pair
    return len(name) + (len(value) if value.isascii() else len(value.encode()))


def dimensions_json(pairs: Sequence[Pair]) -> str:
    """The dimensions as a request lists them."""
    return orjson.dumps([{"Name": name, "Value": value} for name, value in pairs]).decode()
