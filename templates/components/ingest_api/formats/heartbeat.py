"""POST /heartbeat: the stack's own requests, which take the way of clients' points and hold none."""

from handlers.vocabulary import HEARTBEAT
from templates.components.ingest_api.formats.format import Format, put_record, refusals
from templates.components.ingest_api.replies import JSON, Reply, velocity
from templates.config.pipeline import Stream


def heartbeat(stream: Stream) -> Format:
    """The format of heartbeats, which the consumers know by its name alone."""
    return Format(
        name="Heartbeat",
        path=HEARTBEAT,
        requests={JSON: put_record(HEARTBEAT)},
        replies=(Reply(202, velocity("accepted"), r"2\d{2}"), *refusals(stream)),
        signed=True,
    )
