"""The cleanup of replaced and abandoned exports, a day after their last reader began, and of what was compacted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.cleanup import ExportHoursCleanup
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.glue import GlueCatalog
from handlers.adapters.lake.objects import LakeObjects
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.deadline import Deadline
from handlers.domain.exports.cleanup import clean_up_hour
from handlers.domain.exports.objects import Cleaner
from handlers.domain.exports.request import ExportLimits, read_time_s
from handlers.domain.exports.steps import TidyInput, TidyOutput
from handlers.environment import is_lake, read_environment
from handlers.lake import REPLACED
from handlers.start import lambda_handler
from handlers.vocabulary import DATASETS

_HOURS = 200
_RESERVE_S = 30

Connect = Callable[..., Any]


@dataclass(frozen=True)
class MetricExportTidierEnvironment:
    """The variables that the template gives the function."""

    export_hours_table: str
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class LakeMetricExportTidierEnvironment(MetricExportTidierEnvironment):
    """The same where points are in the lake."""

    export_lag_minutes: int
    retention_days: int


@dataclass(frozen=True)
class MetricExportTidier:
    """The function, with all that it works with; `written` is a cleaner at a time, where writers put objects."""

    cleanup: ExportHoursCleanup
    bucket: S3ExportBucket
    catalog: GlueCatalog
    datasets: tuple[str, ...]
    written: Callable[[float], Cleaner] | None = None

    def run(self, event: TidyInput, seconds_left: float) -> TidyOutput:
        """The numbers of hours cleaned up and objects deleted, as many as there is time for; the rest stays due."""
        now_s = read_time_s(event["now"])
        deadline = Deadline(time.monotonic() + seconds_left, time.monotonic)
        hours = deleted = 0
        for task in self.cleanup.due(now_s, _HOURS):
            if deadline.seconds_left() < _RESERVE_S:
                break
            record = self.cleanup.record(task.hour)
            objects, again_at_s = clean_up_hour(record, self.datasets, self.catalog, self.bucket, now_s)
            self.cleanup.done(task, again_at_s)
            hours, deleted = hours + 1, deleted + objects
        if self.written is not None:
            deleted += self.written(now_s).clean(deadline)
        return {"hours": hours, "objects": deleted}


def build(variables: Mapping[str, str], *, connect: Connect = client) -> MetricExportTidier:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    if is_lake(variables):
        return _over_lake(read_environment(LakeMetricExportTidierEnvironment, variables), connect)
    environment = read_environment(MetricExportTidierEnvironment, variables)
    return MetricExportTidier(*_ports(environment, connect), DATASETS)


def _over_lake(environment: LakeMetricExportTidierEnvironment, connect: Connect) -> MetricExportTidier:
    cleanup, bucket, catalog = _ports(environment, connect)
    ledger = ExportHoursLedger(
        connect("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table
    )
    limits = ExportLimits(environment.export_lag_minutes * 60, environment.retention_days)
    written = partial(Cleaner, LakeObjects(bucket), ledger, catalog, limits)
    return MetricExportTidier(cleanup, bucket, catalog, (*DATASETS, REPLACED), written)


def _ports(
    environment: MetricExportTidierEnvironment, connect: Connect
) -> tuple[ExportHoursCleanup, S3ExportBucket, GlueCatalog]:
    return (
        ExportHoursCleanup(connect("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table),
        S3ExportBucket(connect("s3", read_timeout=10, attempts=3), environment.export_bucket),
        GlueCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database),
    )


handler = lambda_handler(build, MetricExportTidier.run)
