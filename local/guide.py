"""Lines to paste, for a person who has just started the local run."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from local import sample_alert
from local.environment_file import DEFAULT
from local.pipeline import Pipeline

_HELLO = "SELECT * FROM {table} WHERE metric_name = 'hello'"
_EXPORTED = "SELECT metric_name, count(*) AS points FROM metrics GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
_BUSIEST = "SELECT metric_name, count(*) AS points FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT 5"


def guide(
    pipelines: Sequence[Pipeline], *, endpoint_url: str, environment_file: Path, alerts: bool
) -> Iterator[tuple[str, str]]:
    """The addresses of every region, and commands for the first; one that trips the sample alert with `alerts`."""
    first = pipelines[0]
    outputs = first.deployment.outputs
    table = f'"{outputs["DatabaseName"]}"."{outputs["TableName"]}"'
    escaped = _HELLO.format(table=table).replace('"', '\\"')
    file = shlex.quote(str(environment_file))
    load = f". {file if '/' in file else f'./{file}'} &&"
    for pipeline in pipelines:
        yield f"ingest {pipeline.region}", pipeline.ingest_url
    yield "aws endpoint", endpoint_url
    body = '-d \'{"metric_name": "hello", "value": 42}\''
    yield "post", f"{first.curl} -H 'content-type: application/json' {body}"
    yield "query", f'{load} .venv/bin/aws timestream-query query --query-string "{escaped}"'
    own = "" if environment_file == DEFAULT else f"ENV_FILE={file} "
    yield "or", f"make query {own}SQL='{_BUSIEST.format(table=table)}'"
    if alerts:
        yield "trip an alert", f"{first.curl} {sample_alert.TRIP}"
    yield "export", f"{load} .venv/bin/python -m ops export run current"
    yield "read it back", f"{load} .venv/bin/python -m ops export query '{_EXPORTED}'"
