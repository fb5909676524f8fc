"""Exporting: the ledger of hours, the store of exported hours, and the state machine between them."""

from troposphere import Template

from templates.components.exporting.hours import ExportHours
from templates.components.exporting.machine import add_metric_export
from templates.components.exporting.store import add_export_store
from templates.components.metric_store import MetricStore
from templates.components.platform import Platform
from templates.config import Config


def add_exporting(
    template: Template, config: Config, platform: Platform, *, source: MetricStore, hours: ExportHours
) -> None:
    """Everything from the store to files that Athena reads; `hours` says which are due."""
    sink = add_export_store(template, config, platform)
    add_metric_export(template, config, platform, source=source, sink=sink, hours=hours)
