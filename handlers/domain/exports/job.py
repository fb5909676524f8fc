"""An export under way, as it travels from one step of the state machine to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.steps import JobPayload
from handlers.lake import REPLACED
from handlers.vocabulary import DATASETS, METRICS, TIMESTREAM

# From one step of an export to the next nothing takes this long, retries included; a silent execution is a dead one.
LEASE_S = 20 * 60


@dataclass(frozen=True)
class Claim:
    """The right to export an hour: of two executions, one has it."""

    attempt: Attempt
    by: str


@dataclass(frozen=True)
class PointCount:
    """The points of an hour right before its UNLOADs; the times as the store writes them, empty without points.

    `superseded` are the versions of points that do not count, where the store keeps them.
    """

    points: int
    first: str = ""
    last: str = ""
    superseded: int | None = None


@dataclass(frozen=True)
class UnloadRequest:
    """One dataset of an hour, to be written as Parquet files below a prefix of the bucket that no other attempt has."""

    dataset: str
    hour: Hour
    dimensions: tuple[str, ...]
    prefix: str
    client_token: str


@dataclass(frozen=True)
class Unload:
    """One dataset's UNLOAD: not started, running (it has a token), or done (it has its rows, or its manifest).

    Token and token_uses are the store's: where to ask for the rest of its answer, and how often that was done. A store
    that does not say how many rows it wrote has them in what its manifest names.
    """

    token: str | None = None
    token_uses: int = 0
    rows: int | None = None
    manifest: str | None = None

    @property
    def is_done(self) -> bool:
        """True if it reported its rows, or where its manifest is."""
        return self.rows is not None or self.manifest is not None

    @property
    def is_started(self) -> bool:
        """True if it is running or done."""
        return self.token is not None or self.is_done


@dataclass(frozen=True)
class ExportJob:
    """A claimed hour and how far it is."""

    claim: Claim
    layout: Layout
    counted: PointCount
    unloads: Mapping[str, Unload] = field(default_factory=lambda: dict.fromkeys(DATASETS, Unload()))

    def may_start(self, dataset: str) -> bool:
        """True if nothing has to be done before a dataset's UNLOAD, which is not started yet.

        The lake's points come first: a version that came between the two is then at least among those that lost.
        """
        return not self.unloads[dataset].is_started and (dataset != REPLACED or self.unloads[METRICS].is_done)

    @property
    def is_done(self) -> bool:
        """True if every UNLOAD is done."""
        return all(unload.is_done for unload in self.unloads.values())

    def request(self, dataset: str) -> UnloadRequest:
        """The UNLOAD of a dataset, the same whenever it is asked for."""
        attempt, dimensions = self.claim.attempt, self.layout.dimensions
        prefix, token = attempt.prefix(dataset), attempt.client_token(dataset)
        return UnloadRequest(dataset, attempt.hour, dimensions, prefix, token)

    def having(self, dataset: str, unload: Unload) -> "ExportJob":
        """The same with one dataset's UNLOAD further on."""
        return replace(self, unloads={**self.unloads, dataset: unload})

    def payload(self) -> JobPayload:
        """The job as JSON, a few kilobytes whatever the hour's size."""
        attempt = self.claim.attempt
        return {
            "hour": str(attempt.hour),
            "by": self.claim.by,
            "attempt": attempt.number,
            "started_at": attempt.started_at_s,
            "dimensions": list(self.layout.dimensions),
            "written": self.layout.written,
            "store": self.layout.kind,
            "counted": vars(self.counted),
            "unloads": {dataset: vars(unload) for dataset, unload in self.unloads.items()},
            "phase": "publish" if self.is_done else "unload",
        }


def read_job(payload: JobPayload) -> ExportJob:
    """The job that `payload()` was made of."""
    attempt = Attempt(Hour.parse(payload["hour"]), payload["attempt"], float(payload["started_at"]))
    return ExportJob(
        Claim(attempt, payload["by"]),
        # A job that an older version of the function began, while a stack is updated, says no store.
        Layout(tuple(payload["dimensions"]), payload["written"], payload.get("store", TIMESTREAM)),
        PointCount(**payload["counted"]),
        {dataset: Unload(**unload) for dataset, unload in payload["unloads"].items()},
    )
