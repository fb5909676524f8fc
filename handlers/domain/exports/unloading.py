"""From a claimed hour to finished UNLOADs, one of each dataset, over as many invocations as they take."""

from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload
from handlers.domain.exports.ports import ExportSource, UnloadFailed


def count_points(claim: Claim, source: ExportSource, deadline: Deadline) -> ExportJob:
    """The job of a claimed hour, its points counted."""
    layout = source.layout(deadline)
    counted = source.count_points(claim.attempt.hour, deadline) if layout.written else PointCount(0)
    if not counted.points:
        return empty_job(claim, layout)
    return ExportJob(claim, layout, counted, dict.fromkeys(layout.datasets, Unload()))


def empty_job(claim: Claim, layout: Layout | None = None) -> ExportJob:
    """The job of an hour without points, which needs no UNLOAD and is done; nor a layout, as it adds no column."""
    layout = layout or Layout((), written=False)
    return ExportJob(claim, layout, PointCount(0), dict.fromkeys(layout.datasets, Unload(rows=0)))


def start_unloads(job: ExportJob, source: ExportSource) -> ExportJob:
    """The job with all UNLOADs started that may; one that an invocation started and died over is not started again."""
    for dataset in job.unloads:
        if job.may_start(dataset):
            job = job.having(dataset, source.start_unload(job.request(dataset)))
    return job


def stop_unloads(job: ExportJob, source: ExportSource) -> None:
    """Ends the UNLOADs that nobody will wait for."""
    for unload in job.unloads.values():
        if unload.is_started and not unload.is_done:
            source.stop_unload(unload)


def poll_unloads(job: ExportJob, source: ExportSource, now_s: float, deadline: Deadline) -> ExportJob:
    """The job as far as it comes until the deadline; always a little further, so that loops end.

    `now_s` is in seconds since the epoch. `UnloadFailed` when an UNLOAD runs for longer than the store lets it.
    """
    if now_s > job.claim.attempt.started_at_s + source.longest_unload_s:
        stop_unloads(job, source)
        raise UnloadFailed("the UNLOAD has not ended in the time that the store gives it")
    polled = False
    while not job.is_done and (not polled or deadline.seconds_left() > source.call_s):
        for dataset, unload in job.unloads.items():
            if (
                unload.is_done
                or not unload.is_started
                or (polled and deadline.seconds_left() < source.call_s)
            ):
                continue
            job = job.having(dataset, source.poll_unload(job.request(dataset), unload))
            polled = True
        job = start_unloads(job, source)
    return job
