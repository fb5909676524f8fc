"""The configuration: values from `environments/NAME.toml`, shape and checks from here, nothing else."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handlers.vocabulary import LAKE
from templates.config.alerting import Alerts
from templates.config.checks import BadValue, Section, list_of, setting, shown, text
from templates.config.fleet import REGION, REGIONS, STORE_REGIONS, WITHOUT_FUNCTION_URLS, Fleet
from templates.config.ingest import Ingest
from templates.config.lines import line_of
from templates.config.local import Local
from templates.config.network import Network
from templates.config.pipeline import (
    LAKE_LAG_MINUTES,
    Api,
    Export,
    Logs,
    Operators,
    Store,
    Stream,
    Tracing,
    Writer,
)
from templates.config.reading import read
from templates.config.tags import tags_check
from templates.names import ACCOUNT, DATABASE, REGIONAL_STACK, Named, physical_name
from templates.names import REGION as IN_REGION

ENVIRONMENTS = Path(__file__).parents[2] / "environments"

# Records of a shard are given up one batch after the other, and what the stream forgets first leaves no trace.
_GIVING_UP_S = 3600

# The longest name made of these is a bucket's, <project>-<environment>-quarantine-<account>-<region>-an: 63 at most.
PROJECT = text(r"[a-z][a-z0-9]{1,11}", "2 to 12 lower-case letters and digits, a letter first")
ENVIRONMENT = text(r"[a-z][a-z0-9]{1,7}", "2 to 8 lower-case letters and digits, a letter first")


class ConfigError(Exception):
    """The configuration cannot be used; its text is a line for each mistake, for a person."""


@dataclass(frozen=True)
class Config(Section):
    """One environment, checked."""

    stream: Stream
    api: Api
    store: Store
    writer: Writer
    logs: Logs
    environment: str = setting(ENVIRONMENT, about="the file's name; it is not written in the file")
    regions: tuple[str, ...] = setting(
        list_of(REGION, least=1, most=len(REGIONS)),
        about="where the pipeline is; the first is the default of commands",
    )
    project: str = setting(PROJECT, "metrics", about="begins the name of stacks, buckets and the database")
    ingest: Ingest = field(default_factory=Ingest)
    tracing: Tracing = field(default_factory=Tracing)
    operators: Operators = field(default_factory=Operators)
    alerts: Alerts = field(default_factory=Alerts)
    export: Export = field(default_factory=Export)
    network: Network = field(default_factory=Network)
    fleet: Fleet = field(default_factory=Fleet)
    local: Local = field(default_factory=Local)
    tags: Mapping[str, str] = field(
        default_factory=dict, metadata={"check": tags_check(), "about": "your tags, on every resource"}
    )

    def _faults(self) -> Iterator[BadValue]:
        yield from self._store_faults()
        yield from self._age_faults()
        yield from self._concurrency_faults()
        yield from self._remote_write_faults()
        yield from self.fleet.region_faults(self.regions)
        yield from self.network.region_faults(self.regions, self.store.kind)
        if self.environment.startswith("prod") and self.api.auth == "none":
            yield BadValue("api.auth", "none", "iam or token, as this is a production environment")

    def _store_faults(self) -> Iterator[BadValue]:
        """The faults of settings that the kind of store cannot do with."""
        there = STORE_REGIONS[self.store.kind]
        for position, region in enumerate(self.regions):
            if region not in there:
                allowed = f"one of {', '.join(there)} (the regions that have Timestream for LiveAnalytics)"
                yield BadValue(
                    f"regions[{position}]", region, f'{allowed}; or store.kind = "{LAKE}", for all regions'
                )
        if self.store.kind == LAKE:
            if not self.export.enabled:
                yield BadValue(
                    "export.enabled", False, 'true with store.kind = "lake", which the export compacts'
                )
            if self.export.lag_minutes < LAKE_LAG_MINUTES:
                allowed = (
                    f'at least {LAKE_LAG_MINUTES} with store.kind = "lake", as a batch may take 15 of them'
                )
                yield BadValue("export.lag_minutes", self.export.lag_minutes, allowed)

    def _age_faults(self) -> Iterator[BadValue]:
        age, kept_s = self.writer.maximum_age_seconds, self.stream.retention_hours * 3600
        if age > kept_s - _GIVING_UP_S:
            allowed = (
                f"at most {kept_s - _GIVING_UP_S}, an hour less than stream.retention_hours = "
                f"{self.stream.retention_hours}, or records vanish before they are given up"
            )
            yield BadValue("writer.maximum_age_seconds", age, allowed)

    def _concurrency_faults(self) -> Iterator[BadValue]:
        reserved, at_once = self.writer.reserved_concurrency, self.writer.parallelization
        if reserved is not None and reserved < (self.stream.shards or 1) * at_once:
            allowed = "at least stream.shards times writer.parallelization, or batches wait for ever"
            yield BadValue("writer.reserved_concurrency", reserved, allowed)

    def _remote_write_faults(self) -> Iterator[BadValue]:
        without = [region for region in self.regions if region in WITHOUT_FUNCTION_URLS]
        if self.api.remote_write and without:
            allowed = f"false, as AWS has no function URLs in {', '.join(without)}"
            yield BadValue("api.remote_write", True, allowed)

    @property
    def home(self) -> str:
        """The region that the others are steered from, and that has the dashboard over all of them."""
        return self.fleet.home or self.regions[0]

    @property
    def stack_name(self) -> str:
        """The regional stack's name; with a suffix, its companions'."""
        return self.name(REGIONAL_STACK)

    @property
    def database_name(self) -> str:
        """The name of the store's database."""
        return self.name(DATABASE)

    def name(self, named: Named, *, account: str = ACCOUNT, region: str = IN_REGION) -> str:
        """A physical name of this environment; account and region are CloudFormation's to fill in unless given."""
        return physical_name(named, self.project, self.environment, account=account, region=region)


def load(environment: str, folder: Path = ENVIRONMENTS, *, without_network: bool = False) -> Config:
    """Read and check `environments/<environment>.toml`; ConfigError has a line for each mistake in it.

    With `without_network` the file may lack what the private mode needs to know, as while that is asked for.
    """
    known = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or "none"
    if not ENVIRONMENT.accepts(environment):
        raise ConfigError(
            f"environment = {shown(environment)}: expected {ENVIRONMENT.allowed} (there are: {known})"
        )
    path = folder / f"{environment}.toml"
    where = f"{folder.name}/{path.name}"
    try:
        content = path.read_text(encoding="utf-8")
        table = tomllib.loads(content)
    except FileNotFoundError:
        raise ConfigError(f"{where}: no such file (environments there are: {known})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: cannot be read: {_one_line(error)}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {_one_line(error)}") from None
    if "environment" in table:
        given = shown(table["environment"])
        raise ConfigError(
            f"{where}: environment = {given}: expected nothing; the file's name is the environment"
        )
    if without_network:
        table.pop("network", None)
    try:
        return read(Config, {**table, "environment": environment})
    except BadValue as error:
        raise ConfigError("\n".join(_mistakes(where, content, error))) from None


def _mistakes(where: str, content: str, error: BadValue) -> Iterator[str]:
    for one in error.together:
        line = line_of(content, one.name)
        yield f"{where}: {f'line {line}: ' if line else ''}{_one_line(one)}"


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))


__all__ = ["BadValue", "Config", "ConfigError", "load"]
