"""Lines to paste, for a person who has just started the local run."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from local import sample_alert
from local.environment_file import DEFAULT
from local.pipeline import Pipeline

_HELLO = "SELECT * FROM {points} WHERE {recent} AND metric_name = 'hello'"
_EXPORTED = "SELECT metric_name, count(*) AS points FROM metrics GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
_BUSIEST = (
    "SELECT metric_name, count(*) AS points FROM {points} WHERE {recent} GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
)
# What asks in one command. To Athena the AWS CLI needs three: to start, to wait, to read.
_ASKS = {
    "Timestream": '.venv/bin/aws timestream-query query --query-string "{sql}"',
    "Athena": '.venv/bin/python -m ops query "{sql}"',
}


def guide(
    pipelines: Sequence[Pipeline], *, endpoint_url: str, environment_file: Path, alerts: bool
) -> Iterator[tuple[str, str]]:
    """The addresses of every region, and commands for the first; one that trips the sample alert with `alerts`."""
    first = pipelines[0]
    store = first.store
    hello, busiest = (
        text.format(points=store.points, recent=store.since("1h")).replace('"', '\\"')
        for text in (_HELLO, _BUSIEST)
    )
    file = shlex.quote(str(environment_file))
    load = f". {file if '/' in file else f'./{file}'} &&"
    for pipeline in pipelines:
        yield f"ingest {pipeline.region}", pipeline.ingest_url
        yield f"base url {pipeline.region}", pipeline.base_url
        if "RemoteWriteUrl" in pipeline.outputs:
            yield f"remote write {pipeline.region}", pipeline.outputs["RemoteWriteUrl"]
    yield "aws endpoint", endpoint_url
    body = '-d \'{"metric_name": "hello", "value": 42}\''
    curl = f"{load} {first.curl}" if first.caller.token else first.curl
    yield "post", f"{curl} -H 'content-type: application/json' {body}"
    yield "query", f"{load} {_ASKS[store.service].format(sql=hello)}"
    own = "" if environment_file == DEFAULT else f"ENV_FILE={file} "
    yield "or", f'make query {own}SQL="{busiest}"'
    if alerts:
        yield "trip an alert", f"{curl} {sample_alert.TRIP}"
    yield "export", f"{load} .venv/bin/python -m ops export run current"
    yield "read it back", f"{load} .venv/bin/python -m ops export query '{_EXPORTED}'"
