"""From a claimed hour to two finished UNLOADs, over as many invocations as they take."""

from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload
from handlers.domain.exports.ports import ExportSource, UnloadFailed
from handlers.vocabulary import DATASETS


def count_points(claim: Claim, source: ExportSource, deadline: Deadline) -> ExportJob:
    """The job of a claimed hour, its points counted."""
    layout = source.layout(deadline)
    counted = source.count_points(claim.attempt.hour, deadline) if layout.written else PointCount(0)
    return ExportJob(claim, layout, counted) if counted.points else empty_job(claim, layout)


def empty_job(claim: Claim, layout: Layout | None = None) -> ExportJob:
    """The job of an hour without points, which needs no UNLOAD and is done; nor a layout, as it adds no column."""
    layout = layout or Layout((), written=False)
    return ExportJob(claim, layout, PointCount(0), dict.fromkeys(DATASETS, Unload(rows=0)))


def start_unloads(job: ExportJob, source: ExportSource) -> ExportJob:
    """The job with both UNLOADs started; one that an invocation started and died over is not started again."""
    for dataset in DATASETS:
        if not job.unloads[dataset].is_started:
            job = job.having(dataset, source.start_unload(job.request(dataset)))
    return job


def poll_unloads(job: ExportJob, source: ExportSource, now_s: float, deadline: Deadline) -> ExportJob:
    """The job as far as it comes until the deadline; always a little further, so that loops end.

    `now_s` is in seconds since the epoch. `UnloadFailed` when an UNLOAD runs for longer than the store lets it.
    """
    if now_s > job.claim.attempt.started_at_s + source.longest_unload_s:
        raise UnloadFailed("the UNLOAD has not ended in the time that the store gives it")
    polled = False
    while not job.is_done and (not polled or deadline.seconds_left() > source.call_s):
        for dataset in DATASETS:
            unload = job.unloads[dataset]
            if unload.is_done or (polled and deadline.seconds_left() < source.call_s):
                continue
            job = job.having(dataset, source.poll_unload(job.request(dataset), unload))
            polled = True
    return job
