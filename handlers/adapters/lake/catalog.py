"""The lake's part of the data catalog: the view `points`, and the columns that its dimensions have below it."""

from collections.abc import Callable, Iterable

from handlers import lake
from handlers.adapters.glue import ATTEMPTS, CHANGING, GlueCatalog
from handlers.domain.errors import TransientError
from handlers.domain.exports.columns import Layout
from handlers.vocabulary import LAKE, METRICS


class LakeCatalog(GlueCatalog):
    """The port `Catalog` over the lake's tables. Who admits dimensions shows them, and the publisher of each hour."""

    def show_dimensions(self, admitted: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """Gives `points` a column for each dimension, whatever others do meanwhile; the dimensions, in order.

        `admitted` reads the registry: it is asked after the view was read, so that of two who change the view at once
        the one whose change stands knew of all that the other knew of. `TransientError` if it keeps changing.
        """
        for _ in range(ATTEMPTS):
            view = self._table(lake.POINTS)
            dimensions = tuple(sorted(admitted()))
            layout = Layout(dimensions, written=True, kind=LAKE)
            # First the columns that the view's SQL will name, as it fails without.
            self.add_columns(METRICS, layout.catalog(METRICS))
            columns = {name: layout.column(METRICS, name) for name in dimensions}
            shown = lake.points_columns(columns)
            text = lake.presto_view(lake.points_view(columns), shown, self._database)
            listed = [{"Name": name, "Type": kind} for name, kind in lake.catalog_columns(shown)]
            descriptor = view.get("StorageDescriptor", {})
            if view.get("ViewOriginalText") == text and descriptor.get("Columns") == listed:
                return dimensions
            changes = {"StorageDescriptor": {**descriptor, "Columns": listed}, "ViewOriginalText": text}
            if self._update(view, changes):
                return dimensions
        raise TransientError(CHANGING)
