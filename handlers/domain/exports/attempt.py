"""One attempt at one hour: its name, where its files go, and the tokens that make starting it twice harmless."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.domain.exports.hour import Hour
from handlers.vocabulary import METRICS

_RUN = re.compile(r"(\d{8}T\d{6})-(\d{1,9})", re.ASCII)
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The `number`th attempt at an hour, begun at `started_at_s` (seconds since the epoch)."""

    hour: Hour
    number: int
    started_at_s: float

    @property
    def run(self) -> str:
        """The attempt's name, with its time: a ledger that was lost and begins again at 1 meets no old files."""
        return f"{datetime.fromtimestamp(self.started_at_s, UTC):{_STAMP}}-{self.number}"

    def prefix(self, dataset: str) -> str:
        """The folder that a dataset's UNLOAD writes to, and that no other attempt ever has."""
        return f"{hour_prefix(dataset, self.hour)}{self.run}/"

    def results(self, dataset: str) -> str:
        """The folder that the dataset's files come to lie in, and nothing else."""
        return f"{self.prefix(dataset)}results/"

    def client_token(self, dataset: str) -> str:
        """The same for every start of the same attempt, 64 characters of the 32 to 128 that Timestream takes."""
        return hashlib.sha256(f"export/{dataset}/{self.hour}/{self.run}".encode()).hexdigest()


def hour_prefix(dataset: str, hour: Hour) -> str:
    """The folder of all of a dataset's attempts at an hour."""
    return f"{dataset}/{hour.date}/{hour.of_day}/"


def status_key(hour: Hour) -> str:
    """The object that says what was exported of an hour; it lies above every `results/`."""
    return f"{hour_prefix(METRICS, hour)}_hour.json"


def run_started_at_s(run: str) -> float | None:
    """The time at which a run began, by its name; None if this is no run's name."""
    match = _RUN.fullmatch(run)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def run_of(location: str) -> str | None:
    """The run whose results a partition's location is; None if it is not one of ours."""
    parts = location.rstrip("/").split("/")
    if len(parts) < 2 or parts[-1] != "results" or run_started_at_s(parts[-2]) is None:
        return None
    return parts[-2]
