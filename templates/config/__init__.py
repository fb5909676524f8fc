"""The configuration: values from `environments/NAME.toml`, shape and checks from here, nothing else."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from templates.config.alerting import Alerts
from templates.config.checks import BadValue, Section, list_of, read, setting, shown, text
from templates.config.fleet import REGION, TIMESTREAM_REGIONS, Fleet
from templates.config.local import Local
from templates.config.network import Network
from templates.config.pipeline import Api, Export, Logs, Operators, Store, Stream, Tracing, Writer
from templates.config.tags import tags_check
from templates.names import ACCOUNT, DATABASE, REGIONAL_STACK, Named, physical_name
from templates.names import REGION as IN_REGION

ENVIRONMENTS = Path(__file__).parents[2] / "environments"

# The longest name made of these is a bucket's, <project>-<environment>-quarantine-<account>-<region>-an: 63 at most.
PROJECT = text(r"[a-z][a-z0-9]{1,11}", "2 to 12 lower-case letters and digits, a letter first")
ENVIRONMENT = text(r"[a-z][a-z0-9]{1,7}", "2 to 8 lower-case letters and digits, a letter first")


class ConfigError(Exception):
    """The configuration cannot be used; its text is one line for a person."""


@dataclass(frozen=True)
class Config(Section):
    """One environment, checked."""

    stream: Stream
    api: Api
    store: Store
    writer: Writer
    logs: Logs
    environment: str = setting(ENVIRONMENT)
    regions: tuple[str, ...] = setting(list_of(REGION, least=1, most=len(TIMESTREAM_REGIONS)))
    project: str = setting(PROJECT, "metrics")
    tracing: Tracing = field(default_factory=Tracing)
    operators: Operators = field(default_factory=Operators)
    alerts: Alerts = field(default_factory=Alerts)
    export: Export = field(default_factory=Export)
    network: Network = field(default_factory=Network)
    fleet: Fleet = field(default_factory=Fleet)
    local: Local = field(default_factory=Local)
    tags: Mapping[str, str] = field(default_factory=dict, metadata={"check": tags_check()})

    def _check_together(self) -> None:
        self._check_age()
        self._check_concurrency()
        self.fleet.check_regions(self.regions)
        self.network.check_regions(self.regions)
        if self.environment.startswith("prod") and self.api.auth == "none":
            raise BadValue("api.auth", "none", "iam, as this is a production environment")

    def _check_age(self) -> None:
        age = self.writer.maximum_age_seconds
        for name, hours, otherwise in (
            ("store.memory_hours", self.store.memory_hours, "a late retry could not be stored"),
            (
                "stream.retention_hours",
                self.stream.retention_hours,
                "records vanish before they are given up",
            ),
        ):
            if age >= hours * 3600:
                allowed = f"less than the {hours * 3600} s of {name} = {hours}, or {otherwise}"
                raise BadValue("writer.maximum_age_seconds", age, allowed)

    def _check_concurrency(self) -> None:
        reserved, at_once = self.writer.reserved_concurrency, self.writer.parallelization
        if reserved is not None and reserved < (self.stream.shards or 1) * at_once:
            allowed = "at least stream.shards times writer.parallelization, or batches wait for ever"
            raise BadValue("writer.reserved_concurrency", reserved, allowed)

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
        """The Timestream database's name."""
        return self.name(DATABASE)

    def name(self, named: Named, *, account: str = ACCOUNT, region: str = IN_REGION) -> str:
        """A physical name of this environment; account and region are CloudFormation's to fill in unless given."""
        return physical_name(named, self.project, self.environment, account=account, region=region)


def load(environment: str, folder: Path = ENVIRONMENTS) -> Config:
    """Read and check `environments/<environment>.toml`; every fault is a ConfigError of one line."""
    known = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or "none"
    if not ENVIRONMENT.accepts(environment):
        raise ConfigError(
            f"environment = {shown(environment)}: expected {ENVIRONMENT.allowed} (there are: {known})"
        )
    path = folder / f"{environment}.toml"
    where = f"{folder.name}/{path.name}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
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
    try:
        return read(Config, {**table, "environment": environment})
    except BadValue as error:
        raise ConfigError(f"{where}: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))


__all__ = ["BadValue", "Config", "ConfigError", "load"]
