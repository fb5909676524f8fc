"""POST /collectd: collectd's value lists in JSON, as its plugin write_http sends them."""

from templates.components.ingest_api.formats.format import Format, put_record, refusals
from templates.components.ingest_api.replies import JSON, Reply, velocity
from templates.config.pipeline import Stream


def collectd(stream: Stream) -> Format:
    """The format of collectd. It has no model, as collectd would lose the neighbours of a list that is none."""
    return Format(
        name="Collectd",
        path="collectd",
        requests={JSON: put_record("collectd")},
        replies=(Reply(202, velocity("accepted"), r"2\d{2}"), *refusals(stream)),
    )
