"""The store of points: which of the kinds a stack has, and what every kind offers the other components."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from awacs.aws import Statement
from troposphere import Template

from handlers.vocabulary import LAKE
from templates.components.exporting.store import ExportStore
from templates.components.lake_store import add_lake_store
from templates.components.metric_store import add_metric_store
from templates.components.platform import Platform
from templates.components.quarantine import Quarantine
from templates.config import Config
from templates.constructs.outputs import add_outputs


class Store(Protocol):
    """A store, and the grants of those that write to it and read from it."""

    @property
    def write_environment(self) -> dict[str, Any]:
        """The variables by which a function that writes points finds the store and the registry of names."""

    @property
    def show_environment(self) -> dict[str, Any]:
        """The variables by which a function that shows admitted names finds the registry, where that is to be done."""

    @property
    def query_environment(self) -> dict[str, Any]:
        """The variables by which a function that queries points finds the store."""

    def write_points(self) -> list[Statement]:
        """The grant to write points, and to admit new dimension names."""

    def show_dimensions(self) -> list[Statement]:
        """The grant to give admitted names columns in what people read, where that is not the store's own doing."""

    def unload_points(self) -> list[Statement]:
        """The grant to export points, and to ask how many there are."""


def add_store(
    template: Template, config: Config, platform: Platform, *, quarantine: Quarantine, exports: ExportStore
) -> Store:
    """The store of the kind that the configuration names; the lake's points lie where exports do."""
    add_outputs(template, ("StoreKind", config.store.kind, "What points are stored in: timestream or lake"))
    if config.store.kind == LAKE:
        return add_lake_store(template, config, platform, exports=exports)
    return add_metric_store(template, config, platform, quarantine=quarantine)


def limits_environment(config: Config) -> Mapping[str, str]:
    """The variables by which every function reads the same points from a request, and judges them as the store will."""
    # As JSON, since an empty list has to be something, too.
    of_ingest = {"OTLP_ATTRIBUTES": json.dumps(config.ingest.otlp_attributes, separators=(",", ":"))}
    if config.store.kind == LAKE:
        return of_ingest | {
            "STORE_KIND": LAKE,
            "RETENTION_DAYS": str(config.store.days_kept),
            "DIMENSION_NAMES": str(config.store.dimension_budget),
        }
    return of_ingest | {"MAGNETIC_RETENTION_DAYS": str(config.store.days_kept)}
