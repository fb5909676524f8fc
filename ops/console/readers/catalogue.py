"""The catalogue of a place's metrics, kept as long as it need not be asked for again."""

from collections.abc import Sequence

from ops.catalogue import Catalogue, Metric, Series
from ops.console.place import Place

WITHIN = "1d"
METRICS_MOST = 5_000
SERIES_MOST = 1_000
_VARYING_MOST = 60


def read_metrics(place: Place) -> list[Metric]:
    """The metrics that had a point within a day, by name; none before the first point."""
    catalogue = Catalogue(place.store())
    dimensions = catalogue.dimensions()
    if dimensions is None:
        return []
    return catalogue.metrics(dimensions, within=WITHIN, limit=METRICS_MOST)


def read_series(place: Place, metric: Metric) -> list[Series]:
    """The first series of a metric."""
    return Catalogue(place.store()).series(
        metric.name, sorted(metric.dimensions), within=WITHIN, limit=SERIES_MOST
    )


def varying(metric: Metric) -> tuple[str, ...]:
    """The dimensions by which a chart of the metric has some, but not too many lines; at most two."""
    some = [(count, name) for name, count in metric.dimensions.items() if 1 < count <= _VARYING_MOST]
    return tuple(name for _, name in sorted(some)[:1])


def first_choice(metrics: Sequence[Metric]) -> Metric | None:
    """The metric to show before one was chosen: this machine's CPU if there is such a thing."""
    return next((metric for metric in metrics if metric.name == "cpu.user"), metrics[0] if metrics else None)
