"""An export under way, as it travels from one step of the state machine to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim
from handlers.vocabulary import DATASETS


@dataclass(frozen=True)
class Unload:
    """One dataset's UNLOAD: not started, running (it has a token), or done (it has its rows)."""

    next_token: str | None = None
    uses: int = 0
    rows: int | None = None
    manifest: str | None = None

    @property
    def done(self) -> bool:
        """True if it reported its rows."""
        return self.rows is not None


@dataclass(frozen=True)
class Extent:
    """What an hour had right before its UNLOADs; the times as Timestream writes them, empty without points."""

    rows: int
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Work:
    """A claimed hour and how far it is."""

    claim: Claim
    layout: Layout
    extent: Extent
    unloads: Mapping[str, Unload] = field(default_factory=lambda: dict.fromkeys(DATASETS, Unload()))

    @property
    def done(self) -> bool:
        """True if every UNLOAD is done."""
        return all(unload.done for unload in self.unloads.values())

    def having(self, dataset: str, unload: Unload) -> "Work":
        """The same with one dataset's UNLOAD further on."""
        return replace(self, unloads={**self.unloads, dataset: unload})

    def payload(self) -> dict[str, Any]:
        """As JSON, a few kilobytes whatever the hour's size."""
        attempt = self.claim.attempt
        return {
            "hour": str(attempt.hour),
            "by": self.claim.by,
            "attempt": attempt.number,
            "started_at": attempt.started_at,
            "dimensions": list(self.layout.dimensions),
            "written": self.layout.written,
            "extent": vars(self.extent),
            "unloads": {dataset: vars(unload) for dataset, unload in self.unloads.items()},
            "phase": "publish" if self.done else "unload",
        }


def read_work(payload: Mapping[str, Any]) -> Work:
    """The work that `payload()` was made of."""
    attempt = Attempt(Hour.parse(payload["hour"]), int(payload["attempt"]), float(payload["started_at"]))
    return Work(
        Claim(attempt, payload["by"]),
        Layout(tuple(payload["dimensions"]), written=payload["written"]),
        Extent(**payload["extent"]),
        {dataset: Unload(**unload) for dataset, unload in payload["unloads"].items()},
    )
