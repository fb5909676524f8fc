"""Hours of points out of the lake: counted by Athena, and unloaded by it over as many calls as that takes."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from handlers.adapters.lake.athena import AthenaQueries
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.adapters.lake.statements import count_versions, unload
from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import PointCount, Unload, UnloadRequest
from handlers.vocabulary import LAKE

# A look blocks for so long while its query runs, the call itself included.
CALL_S = 15.0
_WAIT_S = 5.0
# Athena ends a query after half an hour, and of an hour's UNLOADs one waits for another.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
LONGEST_UNLOAD_S = 65 * 60.0
_NS = 1_000_000_000


class LakeExportSource:
    """The port `ExportSource` over Athena; the token of an UNLOAD is its query's id."""

    kind = LAKE
    call_s = CALL_S
    longest_unload_s = LONGEST_UNLOAD_S

    def __init__(
        self,
        queries: AthenaQueries,
        catalog: LakeCatalog,
        admitted: Callable[[], Iterable[str]],
        bucket: str,
    ) -> None:
        self._queries = queries
        self._catalog = catalog
        self._admitted = admitted
        self._bucket = bucket

    def layout(self, deadline: Deadline) -> Layout:  # noqa: ARG002 -- the port's
        """The dimensions that were admitted, each of which the view has then, whoever died before showing it."""
        return Layout(self._catalog.show_dimensions(self._admitted), written=True, kind=LAKE)

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """The count, by a query of one row."""
        points, first, last, superseded = self._queries.one_row(count_versions(hour), deadline)
        return PointCount(int(points or 0), _time(first), _time(last), int(superseded or 0))

    def start_unload(self, request: UnloadRequest) -> Unload:
        """An UNLOAD that Athena queued, or its end if that comes within seconds, as it does for most hours."""
        query = self._queries.start(unload(self._bucket, request), request.client_token)
        return self.poll_unload(request, Unload(query))

    def poll_unload(self, request: UnloadRequest, unload: Unload) -> Unload:  # noqa: ARG002 -- the port's
        """The UNLOAD's end, if it comes within seconds. One that wrote no manifest has written nothing."""
        ended = self._queries.wait(str(unload.token), _WAIT_S)
        if ended is None:
            return unload
        return Unload(manifest=ended.manifest) if ended.manifest else Unload(rows=0)

    def stop_unload(self, unload: Unload) -> None:
        """Stops the UNLOAD's query."""
        if unload.token is not None:
            self._queries.stop(unload.token)


def _time(time_ns: str | None) -> str:
    """A time as Timestream writes it."""
    if time_ns is None:
        return ""
    seconds, ns = divmod(int(time_ns), _NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{ns:09}"
