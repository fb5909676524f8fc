"""The wire to Timestream that this environment needs."""

import os

from handlers.adapters.http.origins import needs_another_client
from handlers.adapters.timestream.wire import PooledWire, Wire


def connect_to_timestream(connections: int, endpoint_url: str | None = None) -> Wire:
    """A wire of so many connections, to the endpoint given or to the one that Timestream names."""
    if needs_another_client(os.environ):
        from handlers.adapters.timestream.sdk_wire import SdkWire  # noqa: PLC0415 -- all of the SDK, seldom

        return SdkWire(connections, endpoint_url)
    return PooledWire(connections, endpoint_url)
