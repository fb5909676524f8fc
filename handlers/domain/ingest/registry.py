"""The budget of dimension names: who is in is decided before the first write, for ever."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from handlers.domain.errors import TransientError
from handlers.domain.ingest.store import Outcome
from handlers.domain.point import Point, Series, series_of
from handlers.domain.violation import Reason, Violation, dimension_field

_ATTEMPTS = 5
# Series; those of a batch come on top.
_REMEMBERED = 50_000


class DimensionRegistry(Protocol):
    """Holds the admitted names as they were first written, by their lower case. Both calls may raise
    `TransientError` or `ConfigurationError`.
    """

    def known(self) -> Mapping[str, str]:
        """The names admitted as far as this process knows; a name once admitted stays."""

    def refresh(self) -> Mapping[str, str]:
        """The names admitted by now."""

    def admit(self, names: Iterable[str]) -> bool:
        """Adds the names to those of the last refresh; False if they have changed since."""


class Admission(NamedTuple):
    """For each point, None if all of its names are admitted, RETRY if that is not known, or what keeps it out."""

    verdicts: list[Violation | Outcome | None]
    cause: str | None = None


class AdmittedSeries:
    """Series whose names are admitted, which they stay. They are known again by identity, as a reader has each once.

    Of more than are to be `remembered`, all are forgotten.
    """

    def __init__(self, *, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._ids: set[int] = set()
        # So that no other object ever has one of their identities.
        self._held: list[Series] = []

    def has_all(self, points: Sequence[Point]) -> bool:
        """True if the points are of these series alone."""
        return self._ids.issuperset(map(id, map(series_of, points)))

    def add(self, points: Sequence[Point]) -> None:
        """Take in the series of points whose names were admitted."""
        if len(self._held) > self._remembered:
            self._ids.clear()
            self._held.clear()
        for series in map(series_of, points):
            if id(series) not in self._ids:
                self._ids.add(id(series))
                self._held.append(series)


def admit_points(
    points: Sequence[Point], registry: DimensionRegistry, budget: int, known: Mapping[str, str] | None = None
) -> Admission:
    """Admits the names that are new, as long as there are at most `budget` of them. `known` are those of the registry.

    Points are taken in order and whole: a point that does not fit uses up nothing. When the registry fails, points
    whose names are known are none the worse.
    """
    by_names: dict[tuple[str, ...], Violation | Outcome | None]
    needs = [tuple([name for name, _ in point.series.dimensions]) for point in points]
    if known is None:
        known = registry.known()
    by_names = {names: None if _fits(names, known) else Outcome.RETRY for names in dict.fromkeys(needs)}
    cause = None
    unknown = [names for names, verdict in by_names.items() if verdict]
    if unknown:
        try:
            by_names.update(_admit(unknown, registry, budget))
        except TransientError as error:
            cause = str(error)
    return Admission([by_names[names] for names in needs], cause)


def _admit(
    needs: Sequence[tuple[str, ...]], registry: DimensionRegistry, budget: int
) -> dict[tuple[str, ...], Violation | None]:
    for _ in range(_ATTEMPTS):
        admitted = dict(registry.refresh())
        new: list[str] = []
        verdicts = {names: _admit_names(names, admitted, new, budget) for names in needs}
        if not new or registry.admit(new):
            return verdicts
    raise TransientError("DimensionRegistryContended")


def _fits(names: Sequence[str], admitted: Mapping[str, str]) -> bool:
    return all(admitted.get(name.lower()) == name for name in names)


def _admit_names(
    names: Sequence[str], admitted: dict[str, str], new: list[str], budget: int
) -> Violation | None:
    wanted: dict[str, str] = {}
    for name in names:
        spelling = admitted.get(name.lower()) or wanted.setdefault(name.lower(), name)
        if spelling != name:
            message = f"names are unique without regard to case, and this one is taken as {spelling}"
            return Violation(Reason.DIMENSION_NAME_CASE, dimension_field(name), message)
    if len(admitted) + len(wanted) > budget:
        message = f"the table's {budget} names are taken; this one would be new"
        return Violation(Reason.DIMENSION_BUDGET_SPENT, dimension_field(min(wanted.values())), message)
    admitted.update(wanted)
    new.extend(wanted.values())
    return None
