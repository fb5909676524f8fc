"""Who made more groups than a rule may have: the dimension with ever new values, and the clients that send them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.alerts.rules.selection import Group

SHOWN = 3
_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Explosion:
    """So many new groups at once, the dimension that has the most values among them, with some, and who sent the most.

    `clients` are the first few, each with the number of its groups; none where that cannot be told.
    """

    groups: int
    dimension: str
    values: int
    examples: tuple[str, ...] = ()
    clients: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, by: Sequence[str], groups: Collection[Group], senders: Iterable[str] = ()) -> "Explosion":
        """The explosion of these groups, each of which one of the senders made."""
        values = [{group[place] for group in groups} for place in range(len(by))]
        place = max(range(len(by)), key=lambda one: len(values[one]))
        examples = sorted(_shortened(value or "") for value in _least(values[place]))
        clients = sorted(Counter(senders).items(), key=lambda one: (-one[1], one[0]))
        known = tuple((_shortened(name), count) for name, count in clients[:SHOWN] if name)
        return cls(len(groups), by[place], len(values[place]), tuple(examples), known)

    def document(self) -> dict[str, Any]:
        """The explosion as items and log lines have it."""
        return {
            "groups": self.groups,
            "dimension": self.dimension,
            "values": self.values,
            "examples": list(self.examples),
            "clients": dict(self.clients),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Explosion":
        """The explosion that a document describes."""
        return cls(
            document["groups"],
            document["dimension"],
            document["values"],
            tuple(document["examples"]),
            tuple(document["clients"].items()),
        )

    def __str__(self) -> str:
        examples = ", ".join(map(repr, self.examples))
        clients = ", ".join(f"{name!r} ({count})" for name, count in self.clients)
        sent = f"; sent by {clients}" if clients else ""
        values = f"{self.values} values of {self.dimension}"
        return f"{self.groups} new groups at once, of {values}, such as {examples}{sent}"


def _least(values: Collection[str | None]) -> list[str | None]:
    """A few of the values, the same for the same ones."""
    return sorted(values, key=lambda value: value or "")[:SHOWN]


def _shortened(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
